import Checkpoints
import Layers

/// A weight that is trained, with what the config says of it.
public struct TrainedWeight {
  /// Its full name.
  public let name: String
  /// The weight.
  public let parameter: Parameter
  /// Which of the learning rates is its own: a place in `OptimizerWrapper.rateMultipliers`.
  public let group: Int
  /// Its weight decay over the optimiser's (`decay_mult`).
  public let decayMultiplier: Double

  /// A weight with its learning rate and decay.
  public init(name: String, parameter: Parameter, group: Int = 0, decayMultiplier: Double = 1) {
    (self.name, self.parameter, self.group, self.decayMultiplier) = (name, parameter, group, decayMultiplier)
  }
}

/// The rule by which gradients change weights.
public protocol Optimizer {
  /// `lr`: the learning rate before schedules and multipliers.
  var baseRate: Double { get }
  /// `weight_decay`: before multipliers; 0 unless it says otherwise.
  var baseDecay: Double { get }

  /// Changes every weight that has a gradient.
  ///
  /// - Parameters:
  ///   - weights: The same at every call.
  ///   - rates: The learning rate of each group of weights.
  mutating func update(_ weights: [TrainedWeight], rates: [Double])

  /// What the rule remembers of the weights, as `exp_avg/NAME`, in PyTorch's layouts.
  func state(of weights: [TrainedWeight]) -> [String: StoredTensor]

  /// Takes up what `state` gave.
  ///
  /// - Throws: `CheckpointError` that names `file` when the state is not one of these weights.
  mutating func restore(_ state: [String: StoredTensor], of weights: [TrainedWeight], file: String) throws
}

extension Optimizer {
  /// None.
  public var baseDecay: Double { 0 }
}
