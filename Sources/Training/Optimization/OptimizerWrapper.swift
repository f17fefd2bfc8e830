import Checkpoints
import Configuration
import Layers
import Tensors

/// What an optimiser is built for.
public struct OptimizationContext {
  /// The weights under their full names.
  public var parameters: [(name: String, parameter: Parameter)]
  /// Full names of the weights that belong to norms.
  public var norms: Set<String>
  /// Full names of the weights that belong to depthwise convolutions.
  public var depthwise: Set<String>
  /// The optimisers that a config may name.
  public var components: TrainingComponents

  /// The weights of a model.
  public init(
    parameters: [(name: String, parameter: Parameter)], norms: Set<String>, depthwise: Set<String> = [],
    components: TrainingComponents
  ) {
    (self.parameters, self.norms, self.depthwise) = (parameters, norms, depthwise)
    self.components = components
  }

  /// The weights of a model.
  public init(_ model: any Layer, components: TrainingComponents) {
    let tree = model.tree
    self.init(
      parameters: tree.parameters, norms: tree.normParameterNames, depthwise: tree.depthwiseParameterNames,
      components: components)
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
    /// `accumulative_counts`: iterations whose gradients make one update.
    public var accumulation: Int

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
      accumulation = try keys.decodeIfPresent(Int.self, forKey: .accumulation, in: 1...1_000_000) ?? 1
    }
  }

  private var optimizer: any Optimizer
  private let weights: [TrainedWeight]
  private let clipping: GradientClipping?
  /// Iterations whose gradients make one update.
  public let accumulation: Int
  /// What `auto_scale_lr` multiplies all rates by.
  private var rateScale = 1.0
  /// Of the learning rate of each group of weights; the first is 1.
  public let rateMultipliers: [Double]

  /// The optimiser of a config, for a model's weights.
  ///
  /// - Throws: `ConfigurationError` for an unknown optimiser and wrong settings.
  public init(_ configuration: Configuration, in context: OptimizationContext) throws {
    optimizer = try context.components.optimizers.build(configuration.optimizer, scope: nil, in: ())
    clipping = configuration.clipping
    accumulation = configuration.accumulation
    (weights, rateMultipliers) = configuration.parameterwise.groups(of: context)
  }

  /// The learning rate of each group before any schedule.
  public var baseRates: [Double] { rateMultipliers.map { optimizer.baseRate * rateScale * $0 } }

  /// Multiplies all rates before any schedule (mm's `auto_scale_lr`).
  mutating func scaleRates(by factor: Double) { rateScale = factor }

  /// The weights that are moved, by name, with the group of their learning rates and their decay.
  package var groups: [(name: String, group: Int, decay: Double)] {
    weights.map { ($0.name, $0.group, optimizer.baseDecay * $0.decayMultiplier) }
  }

  /// What the loss of an iteration is divided by: how many iterations make up its update (mm's `scale_loss`).
  ///
  /// - Parameters:
  ///   - iteration: From 0.
  ///   - iterations: Of the whole run.
  public func lossDivisor(of iteration: Int, in iterations: Int) -> Int {
    let rest = iterations % accumulation
    return iteration < iterations - rest ? accumulation : max(1, rest)
  }

  /// Whether the weights move after an iteration: after each `accumulation` of them, and after the last.
  public func updates(after iteration: Int, in iterations: Int) -> Bool {
    (iteration + 1).isMultiple(of: accumulation) || iteration + 1 == iterations
  }

  /// Clips the gradients, changes the weights and forgets the gradients.
  ///
  /// - Parameter rates: One a group.
  /// - Returns: Where the config clips at a norm, the norm of all gradients together before clipping.
  /// - Throws: `NonFiniteGradient` before anything is changed.
  public mutating func update(rates: [Double]) throws -> Double? {
    precondition(
      rates.count == rateMultipliers.count, "\(rates.count) rates, \(rateMultipliers.count) groups")
    let euclidean = try gradientNorm()
    let parameters = weights.map(\.parameter)
    let norm = clipping.flatMap { $0.norm(of: parameters, euclidean: euclidean) }
    clipping?.clip(parameters, norm: norm)
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

  /// Below the optimiser's own state: gradients that wait for the rest of their update.
  private static let pendingPrefix = "gradient/"

  /// What the optimiser remembers, and gradients that wait for the rest of their update, in PyTorch's layouts.
  public var state: [String: StoredTensor] {
    var state = optimizer.state(of: weights)
    for weight in weights where accumulation > 1 {
      guard let gradient = weight.parameter.gradient else { continue }
      state[Self.pendingPrefix + weight.name] = StoredTensor(weight.parameter.layout.toPyTorch(gradient))
    }
    return state
  }

  /// Takes up what `state` gave.
  ///
  /// - Throws: `CheckpointError` that names `file`.
  public mutating func restore(_ state: [String: StoredTensor], file: String) throws {
    var own = state
    var pending: [(parameter: Parameter, gradient: Tensor)] = []
    for weight in weights {
      guard let stored = own.removeValue(forKey: Self.pendingPrefix + weight.name) else { continue }
      let layout = weight.parameter.layout
      guard stored.shape == layout.shapeInPyTorch(weight.parameter.shape), accumulation > 1 else {
        throw CheckpointError(
          file: file,
          accumulation > 1
            ? "its gradient of '\(weight.name)' has the shape \(stored.shape)"
            : "was written between two updates of a run with accumulative_counts, and the config has none")
      }
      pending.append((weight.parameter, layout.fromPyTorch(stored.tensor)))
    }
    try optimizer.restore(own, of: weights, file: file)
    for (parameter, gradient) in pending { parameter.gradient = gradient }
  }
}

/// A gradient that holds NaN or infinity.
public struct NonFiniteGradient: Error {
  /// The weight it belongs to.
  public let weight: String
}
