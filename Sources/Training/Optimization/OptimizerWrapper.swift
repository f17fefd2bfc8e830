import Checkpoints
import Configuration
import Layers

/// What an optimiser is built for.
public struct OptimizationContext {
  /// The weights under their full names.
  public var parameters: [(name: String, parameter: Parameter)]
  /// Full names of the weights that belong to norms.
  public var norms: Set<String>
  /// The optimisers that a config may name.
  public var components: TrainingComponents

  /// The weights of a model.
  public init(
    parameters: [(name: String, parameter: Parameter)], norms: Set<String>, components: TrainingComponents
  ) {
    (self.parameters, self.norms, self.components) = (parameters, norms, components)
  }

  /// The weights of a model.
  public init(_ model: any Layer, components: TrainingComponents) {
    let tree = model.tree
    self.init(parameters: tree.parameters, norms: tree.normParameterNames, components: components)
  }
}

/// An optimiser with the settings of single weights and with clipping (mm's `OptimWrapper`).
public struct OptimizerWrapper {
  /// mm's keys.
  public struct Configuration: Decodable, Sendable {
    /// The rule of the update.
    public var optimizer: ComponentConfiguration
    /// `paramwise_cfg`.
    public var parameterwise: ParameterwiseSettings
    /// `clip_grad`.
    public var clipping: GradientClipping?

    enum CodingKeys: String, CodingKey {
      case optimizer
      case parameterwise = "paramwise_cfg"
      case clipping = "clip_grad"
      case accumulation = "accumulative_counts"
    }

    /// Decodes mm's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      optimizer = try keys.decode(ComponentConfiguration.self, forKey: .optimizer)
      parameterwise =
        try keys.decodeIfPresent(ParameterwiseSettings.self, forKey: .parameterwise)
        ?? ParameterwiseSettings()
      clipping = try keys.decodeIfPresent(GradientClipping.self, forKey: .clipping)
      _ = try keys.decodeIfPresent(Int.self, forKey: .accumulation, in: 1...1)
    }
  }

  private var optimizer: any Optimizer
  private let weights: [TrainedWeight]
  private let clipping: GradientClipping?
  /// Of the learning rate of each group of weights; the first is 1.
  public let rateMultipliers: [Double]

  /// The optimiser of a config, for a model's weights.
  ///
  /// - Throws: `ConfigurationError` for an unknown optimiser and wrong settings.
  public init(_ configuration: Configuration, in context: OptimizationContext) throws {
    optimizer = try context.components.optimizers.build(configuration.optimizer, scope: nil, in: ())
    clipping = configuration.clipping
    (weights, rateMultipliers) = configuration.parameterwise.groups(
      of: context.parameters, norms: context.norms)
  }

  /// The learning rate of each group before any schedule.
  public var baseRates: [Double] { rateMultipliers.map { optimizer.baseRate * $0 } }

  /// Whether gradients are clipped.
  public var isClipping: Bool { clipping != nil }

  /// The group of each weight, by name.
  package var groups: [(name: String, group: Int)] { weights.map { ($0.name, $0.group) } }

  /// Clips the gradients, changes the weights and forgets the gradients.
  ///
  /// - Parameter rates: One a group.
  /// - Returns: The norm of all gradients together before clipping.
  /// - Throws: `NonFiniteGradient` before anything is changed.
  public mutating func update(rates: [Double]) throws -> Double {
    precondition(
      rates.count == rateMultipliers.count, "\(rates.count) rates, \(rateMultipliers.count) groups")
    let norm = try gradientNorm()
    clipping?.clip(weights.map(\.parameter), norm: norm)
    optimizer.update(weights, rates: rates)
    return norm
  }

  /// The norm of all gradients together; the order of its sum is that of the weights.
  private func gradientNorm() throws -> Double {
    var total = 0.0
    for weight in weights {
      guard let sum = weight.parameter.gradient?.sumOfSquares else { continue }
      guard sum.isFinite else { throw NonFiniteGradient(weight: weight.name) }
      total += sum
    }
    return total.squareRoot()
  }

  /// What the optimiser remembers, in PyTorch's layouts.
  public var state: [String: StoredTensor] { optimizer.state(of: weights) }

  /// Takes up what `state` gave.
  ///
  /// - Throws: `CheckpointError` that names `file`.
  public mutating func restore(_ state: [String: StoredTensor], file: String) throws {
    try optimizer.restore(state, of: weights, file: file)
  }
}

/// A gradient that holds NaN or infinity.
public struct NonFiniteGradient: Error {
  /// The weight it belongs to.
  public let weight: String
}
