import Configuration
import Layers
import Tensors

/// The release's keys of a block's perceptron.
public struct PerceptronSettings: Decodable, Sendable {
  /// Width of the middle, relative to C; a block has no perceptron where it is 0 or less.
  public var ratio = 4.0
  /// In the middle.
  public var activation = VSSMActivation.gelu
  /// Dropout in the middle and at the end.
  public var dropRate: Float = 0
  /// Whether one half of the middle gates the other.
  public var isGated = false

  enum CodingKeys: String, CodingKey {
    case ratio = "mlp_ratio"
    case activation = "mlp_act_layer"
    case dropRate = "mlp_drop_rate"
    case isGated = "gmlp"
  }

  /// The release's defaults.
  public init() {}

  /// Decodes the release's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    ratio = try keys.decodeIfPresent(Double.self, forKey: .ratio, in: -64...64) ?? ratio
    activation = try keys.decodeIfPresent(VSSMActivation.self, forKey: .activation) ?? activation
    dropRate = try keys.decodeIfPresent(Float.self, forKey: .dropRate, in: 0...1) ?? dropRate
    isGated = try keys.decodeIfPresent(Bool.self, forKey: .isGated) ?? isGated
  }

  /// Width of the middle.
  func hidden(of channels: Int) -> Int { Int(Double(channels) * ratio) }
}

/// Linear, activation, linear; gated (`gMlp` of the release): the second half of the middle, activated, multiplies the
/// first.
struct MLP: UnaryLayer {
  private let fc1, fc2: Linear
  private let activation: Activation
  private let isGated: Bool
  private let middleDropout, dropout: Dropout

  /// - Parameters:
  ///   - hidden: Width of the middle.
  ///   - dropRate: Of dropout in the middle, unless it is gated, and at the end.
  ///   - layer: The first of two numbers that tell dropouts apart in the key of their random numbers.
  init(
    _ channels: Int, hidden: Int, activation: Activation = .gelu, isGated: Bool = false, dropRate: Float = 0,
    layer: Int = 0
  ) {
    fc1 = Linear(channels, isGated ? 2 * hidden : hidden)
    fc2 = Linear(hidden, channels)
    (self.activation, self.isGated) = (activation, isGated)
    middleDropout = Dropout(probability: dropRate, layer: layer)
    dropout = Dropout(probability: dropRate, layer: layer + 1)
  }

  var tree: ParameterTree { ["fc1": .layer(fc1), "fc2": .layer(fc2)] }

  /// `[..., C]`, shape kept.
  func callAsFunction(_ x: Tensor) -> Tensor { self(x, addedTo: nil) }

  /// The same added to a tensor, in evaluation.
  func callAsFunction(_ x: Tensor, addedTo residual: Tensor?) -> Tensor {
    dropout(fc2(middle(x), addedTo: residual))
  }

  private func middle(_ x: Tensor) -> Tensor {
    guard isGated else { return middleDropout(fc1(x, activation: activation)) }
    let both = fc1(x)
    let hidden = both.shape[both.rank - 1] / 2
    return both.sliced(axis: -1, from: 0, to: hidden)
      * activation(both.sliced(axis: -1, from: hidden, to: 2 * hidden))
  }
}
