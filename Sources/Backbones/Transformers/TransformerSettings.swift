import Layers
import Tensors

/// A size in pixels: a side, or height and width.
public struct SquareOrPair: Decodable, Sendable, Equatable {
  /// In pixels.
  public var height, width: Int

  /// A square.
  public init(_ side: Int) { (height, width) = (side, side) }

  /// Decodes a number, or a list of one or two.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    let numbers: [Int]
    if let side = try? value.decode(Int.self) {
      numbers = [side]
    } else {
      numbers = try value.decode([Int].self)
    }
    guard let first = numbers.first, let last = numbers.last, numbers.count <= 2,
      numbers.allSatisfy({ (1...16_384).contains($0) })
    else {
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "\(numbers) is neither a side nor height and width, in 1...16384")
    }
    (height, width) = (first, last)
  }
}

/// `act_cfg`: the function between the linear layers of a block.
struct ActivationSettings: Decodable, Sendable {
  enum Kind: String, Decodable, CaseIterable, Sendable {
    case gelu = "GELU"
    case relu = "ReLU"
    case silu = "SiLU"
  }

  var kind = Kind.gelu

  enum CodingKeys: String, CodingKey { case kind = "type" }

  var activation: Activation {
    switch kind {
    case .gelu: .gelu
    case .relu: .relu
    case .silu: .silu
    }
  }
}

extension KeyedDecodingContainer {
  /// `norm_cfg` of a transformer: the epsilon of its layer norms.
  ///
  /// - Throws: `DecodingError` for another norm.
  func decodeLayerNorm(forKey key: Key, epsilon: Float) throws -> Float {
    guard contains(key), try !decodeNil(forKey: key) else { return epsilon }
    let norm = try decode(NormConfiguration.self, forKey: key)
    guard norm.kind == .layerNorm else {
      throw refusal("\(norm.kind.rawValue) is not the norm of a transformer: LN is", forKey: key)
    }
    return norm.epsilon
  }

  /// A probability of dropping, 0 unless given.
  func decodeRate(forKey key: Key, default rate: Float = 0) throws -> Float {
    let rate = try decodeIfPresent(Float.self, forKey: key) ?? rate
    guard rate >= 0, rate < 1 else { throw refusal("\(rate) is not in 0 ..< 1", forKey: key) }
    return rate
  }
}

/// Dropout of attention's probabilities, made for the step that runs.
struct ProbabilityDropout: Sendable {
  let probability: Float
  let layer: Int

  /// What the attention drops by; nothing in evaluation.
  var current: AttentionDropout? {
    guard probability > 0, let step = ForwardMode.current.training else { return nil }
    return AttentionDropout(
      probability: probability, generators: step.generators(for: .dropout(layer: layer)))
  }
}

/// Tells a transformer's droppings apart, each in the key of its random numbers, and apart from those of heads.
struct DroppingNumbers: Sendable {
  let block: Int

  func dropout(_ number: Int) -> Int { 1 << 16 + 8 * block + number }
  func dropPath(_ number: Int) -> Int { 2 * block + number }
}

/// Stochastic depth of each block: it rises linearly from 0.
func dropPathRates(_ last: Float, blocks: Int) -> [Float] {
  (0..<blocks).map { blocks > 1 ? last * Float($0) / Float(blocks - 1) : 0 }
}

/// Linear, activation, linear, with dropout behind both.
struct FeedForward: Layer {
  /// What the two linear layers are called.
  enum Names: Sendable {
    /// mmcv's `FFN`.
    case mm
    /// `fc1`, `fc2`.
    case release
  }

  private let first, second: Linear
  private let activation: Activation
  private let dropouts: (Dropout, Dropout)
  private let names: Names

  init(
    _ channels: Int, hidden: Int, activation: Activation, drop: Float, _ numbers: DroppingNumbers,
    _ names: Names
  ) {
    first = Linear(channels, hidden)
    second = Linear(hidden, channels)
    self.activation = activation
    dropouts = (
      Dropout(probability: drop, layer: numbers.dropout(2)),
      Dropout(probability: drop, layer: numbers.dropout(3))
    )
    self.names = names
  }

  var tree: ParameterTree {
    switch names {
    case .mm: ["layers": .tree(["0": .tree(["0": .layer(first)]), "1": .layer(second)])]
    case .release: ["fc1": .layer(first), "fc2": .layer(second)]
    }
  }

  /// Of a norm's result, shape kept; added to a tensor of its shape in evaluation.
  func callAsFunction(_ x: Tensor, after norm: LayerNorm, addedTo residual: Tensor?) -> Tensor {
    // What is added is there in evaluation, where nothing is dropped.
    if residual != nil { return first(x, after: norm, activation, then: second, addedTo: residual) }
    return dropouts.1(second(dropouts.0(first(x, after: norm, activation: activation))))
  }
}
