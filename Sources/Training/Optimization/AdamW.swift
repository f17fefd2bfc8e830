import Checkpoints
import Configuration
import Foundation
import Layers
import Tensors

/// Adam with weight decay apart from the gradient (Loshchilov and Hutter, "Decoupled Weight Decay Regularization",
/// 2019, algorithm 2; the order of PyTorch's `AdamW`: decay first, epsilon behind the bias correction); or Adam itself
/// (Kingma and Ba, 2015), whose decay is a part of the gradient.
public struct AdamW: Optimizer {
  /// The settings, under PyTorch's names.
  public struct Configuration: Decodable, Sendable {
    /// `lr`.
    public var rate: Double
    /// Decay of the mean of gradients and of the mean of their squares.
    public var betas: (Double, Double)
    /// Added to the root.
    public var epsilon: Double
    /// `weight_decay`.
    public var decay: Double

    enum CodingKeys: String, CodingKey {
      case betas
      case rate = "lr"
      case epsilon = "eps"
      case decay = "weight_decay"
    }

    /// Settings with PyTorch's defaults.
    public init(
      rate: Double, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8, decay: Double = 0.01
    ) {
      (self.rate, self.betas, self.epsilon, self.decay) = (rate, betas, epsilon, decay)
    }

    /// Decodes PyTorch's keys.
    public init(from decoder: any Decoder) throws { try self.init(from: decoder, defaultDecay: 0.01) }

    /// Decodes PyTorch's keys, with the decay of Adam or AdamW where there is none.
    init(from decoder: any Decoder, defaultDecay: Double) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      rate = try keys.decode(Double.self, forKey: .rate, in: 0...1e6)
      epsilon = try keys.decodeIfPresent(Double.self, forKey: .epsilon, in: 0...1) ?? 1e-8
      decay = try keys.decodeIfPresent(Double.self, forKey: .decay, in: 0...1e6) ?? defaultDecay
      let betas = try keys.decodeIfPresent([Double].self, forKey: .betas) ?? [0.9, 0.999]
      guard betas.count == 2, betas.allSatisfy({ (0..<1).contains($0) }) else {
        throw DecodingError.dataCorruptedError(
          forKey: .betas, in: keys, debugDescription: "two numbers are expected, each 0 or more and below 1")
      }
      self.betas = (betas[0], betas[1])
    }
  }

  /// `Adam`: the same keys, without a decay unless one is given.
  struct CoupledConfiguration: Decodable, Sendable {
    let settings: Configuration

    init(from decoder: any Decoder) throws { settings = try Configuration(from: decoder, defaultDecay: 0) }
  }

  /// What is remembered of one weight.
  private struct Moments {
    /// Running mean of gradients and of their squares, in memory's layout.
    var mean, square: Tensor
    /// Updates so far: a weight without a gradient is left alone, as in PyTorch.
    var steps = 0
  }

  private let settings: Configuration
  /// Whether the decay is apart from the gradient.
  private let isDecoupled: Bool
  private var moments: [Moments?] = []

  /// An optimiser that has seen no gradient yet.
  public init(_ settings: Configuration) { self.init(settings, isDecoupled: true) }

  /// Adam, or with a decay apart from the gradient AdamW.
  init(_ settings: Configuration, isDecoupled: Bool) {
    (self.settings, self.isDecoupled) = (settings, isDecoupled)
  }

  /// `lr`.
  public var baseRate: Double { settings.rate }
  /// `weight_decay`.
  public var baseDecay: Double { settings.decay }

  /// Changes every weight that has a gradient.
  public mutating func update(_ weights: [TrainedWeight], rates: [Double]) {
    if moments.isEmpty { moments = Array(repeating: nil, count: weights.count) }
    precondition(moments.count == weights.count, "\(weights.count) weights, \(moments.count) before")
    for (index, weight) in weights.enumerated() where weight.parameter.gradient != nil {
      let shape = weight.parameter.shape
      var own = moments[index].take() ?? Moments(mean: .zeros(shape), square: .zeros(shape))
      own.steps += 1
      let decay = settings.decay * weight.decayMultiplier
      let step = numbers(
        rate: rates[weight.group], decay: isDecoupled ? decay : 0, time: own.steps)
      weight.parameter.update { numbers, gradient in
        var gradient = gradient
        if !isDecoupled, decay != 0 { gradient.add(numbers, times: Float(decay)) }
        numbers.adamW(mean: &own.mean, square: &own.square, gradient: gradient, step)
      }
      moments[index] = own
    }
  }

  /// The numbers of a step, worked out in double precision.
  private func numbers(rate: Double, decay: Double, time: Int) -> AdamWStep {
    let (beta1, beta2) = settings.betas
    return AdamWStep(
      keep: Float(1 - rate * decay), betas: settings.betas,
      length: Float(rate / (1 - pow(beta1, Double(time)))),
      correction: Float((1 - pow(beta2, Double(time))).squareRoot()), epsilon: Float(settings.epsilon))
  }

  private enum Names {
    static let mean = "exp_avg"
    static let square = "exp_avg_sq"
    static let steps = "step"
  }

  /// `exp_avg/NAME`, `exp_avg_sq/NAME` and `step/NAME` of each weight that was updated.
  public func state(of weights: [TrainedWeight]) -> [String: StoredTensor] {
    var state: [String: StoredTensor] = [:]
    for (weight, own) in zip(weights, moments) {
      guard let own else { continue }
      let layout = weight.parameter.layout
      state["\(Names.mean)/\(weight.name)"] = StoredTensor(layout.toPyTorch(own.mean))
      state["\(Names.square)/\(weight.name)"] = StoredTensor(layout.toPyTorch(own.square))
      state["\(Names.steps)/\(weight.name)"] = StoredTensor(integers: [own.steps], shape: [])
    }
    return state
  }

  /// Takes up what `state` gave.
  public mutating func restore(
    _ state: [String: StoredTensor], of weights: [TrainedWeight], file: String
  ) throws {
    var used = 0
    let restored = try weights.map { weight -> Moments? in
      guard let steps = state["\(Names.steps)/\(weight.name)"] else { return nil }
      let layout = weight.parameter.layout
      func moment(_ kind: String) throws -> Tensor {
        let name = "\(kind)/\(weight.name)"
        let shape = layout.shapeInPyTorch(weight.parameter.shape)
        guard let stored = state[name], stored.shape == shape else {
          throw CheckpointError(file: file, "has no optimiser state '\(name)' of shape \(shape)")
        }
        return layout.fromPyTorch(stored.tensor)
      }
      guard let count = steps.integers.first, count > 0 else {
        throw CheckpointError(file: file, "'step/\(weight.name)' is not a number of updates")
      }
      used += 3
      return Moments(mean: try moment(Names.mean), square: try moment(Names.square), steps: count)
    }
    guard used == state.count else {
      throw CheckpointError(
        file: file,
        "holds \(state.count) tensors of optimiser state, of which AdamW and this model know \(used)")
    }
    moments = restored
  }
}
