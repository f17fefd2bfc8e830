import Checkpoints
import Configuration
import Layers
import Tensors

/// Gradient descent with momentum (Sutskever et al., "On the importance of initialization and momentum in deep
/// learning", 2013; PyTorch's `SGD`, whose velocity holds no learning rate and begins as the first gradient).
public struct SGD: Optimizer {
  /// The settings, under PyTorch's names.
  public struct Configuration: Decodable, Sendable {
    /// `lr`.
    public var rate: Double
    /// What stays of the velocity; 0 for none.
    public var momentum: Double
    /// What of a gradient is kept from the velocity.
    public var dampening: Double
    /// `weight_decay`: added to the gradient.
    public var decay: Double
    /// Whether the step looks ahead along the velocity.
    public var nesterov: Bool

    enum CodingKeys: String, CodingKey {
      case momentum, dampening, nesterov
      case rate = "lr"
      case decay = "weight_decay"
    }

    /// Settings with PyTorch's defaults.
    public init(
      rate: Double, momentum: Double = 0, dampening: Double = 0, decay: Double = 0, nesterov: Bool = false
    ) {
      (self.rate, self.momentum, self.dampening) = (rate, momentum, dampening)
      (self.decay, self.nesterov) = (decay, nesterov)
    }

    /// Decodes PyTorch's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      rate = try keys.decode(Double.self, forKey: .rate, in: 0...1e6)
      momentum = try keys.decodeIfPresent(Double.self, forKey: .momentum, in: 0...1e3) ?? 0
      dampening = try keys.decodeIfPresent(Double.self, forKey: .dampening, in: -1e3...1e3) ?? 0
      decay = try keys.decodeIfPresent(Double.self, forKey: .decay, in: 0...1e6) ?? 0
      nesterov = try keys.decodeIfPresent(Bool.self, forKey: .nesterov) ?? false
      guard !nesterov || momentum > 0 && dampening == 0 else {
        throw keys.refusal("needs momentum above 0 and no dampening", forKey: .nesterov)
      }
    }
  }

  private let settings: Configuration
  /// In memory's layout; nil of a weight that was never moved, and without momentum.
  private var velocities: [Tensor?] = []

  /// An optimiser that has seen no gradient yet.
  public init(_ settings: Configuration) { self.settings = settings }

  /// `lr`.
  public var baseRate: Double { settings.rate }
  /// `weight_decay`.
  public var baseDecay: Double { settings.decay }

  /// Changes every weight that has a gradient.
  public mutating func update(_ weights: [TrainedWeight], rates: [Double]) {
    if velocities.isEmpty { velocities = Array(repeating: nil, count: weights.count) }
    precondition(velocities.count == weights.count, "\(weights.count) weights, \(velocities.count) before")
    for (index, weight) in weights.enumerated() where weight.parameter.gradient != nil {
      var velocity = velocities[index].take()
      let isFirst = velocity == nil
      if settings.momentum != 0, isFirst { velocity = .zeros(weight.parameter.shape) }
      let step = DescentStep(
        rate: rates[weight.group], decay: settings.decay * weight.decayMultiplier,
        momentum: settings.momentum, fresh: isFirst ? 1 : 1 - settings.dampening,
        looksAhead: settings.nesterov)
      weight.parameter.update { numbers, gradient in
        numbers.descend(velocity: &velocity, gradient: gradient, step)
      }
      velocities[index] = velocity
    }
  }

  private static let velocityName = "momentum_buffer"

  /// `momentum_buffer/NAME` of each weight that was updated; nothing without momentum.
  public func state(of weights: [TrainedWeight]) -> [String: StoredTensor] {
    var state: [String: StoredTensor] = [:]
    for (weight, velocity) in zip(weights, velocities) {
      guard let velocity else { continue }
      state["\(Self.velocityName)/\(weight.name)"] = StoredTensor(weight.parameter.layout.toPyTorch(velocity))
    }
    return state
  }

  /// Takes up what `state` gave.
  public mutating func restore(
    _ state: [String: StoredTensor], of weights: [TrainedWeight], file: String
  ) throws {
    var used = 0
    let restored = try weights.map { weight -> Tensor? in
      let name = "\(Self.velocityName)/\(weight.name)"
      guard let stored = state[name] else { return nil }
      let layout = weight.parameter.layout
      let shape = layout.shapeInPyTorch(weight.parameter.shape)
      guard stored.shape == shape, settings.momentum != 0 else {
        throw CheckpointError(
          file: file,
          settings.momentum == 0
            ? "was written with momentum, and the config has none"
            : "has no optimiser state '\(name)' of shape \(shape)")
      }
      used += 1
      return layout.fromPyTorch(stored.tensor)
    }
    guard used == state.count else {
      throw CheckpointError(
        file: file,
        "holds \(state.count) tensors of optimiser state, of which SGD and this model know \(used)")
    }
    velocities = restored
  }
}
