import Tensors

/// What a forward pass runs for: evaluation, or a training step with its random numbers.
///
/// Layers that behave differently in training (batch norm, dropout, stochastic depth) read `current`.
public struct ForwardMode: Sendable {
  /// Where a training step takes its random numbers from.
  public struct Step: Sendable {
    /// The run's seed.
    public var seed: UInt64
    /// The iteration, from 0.
    public var step: Int
    /// The global number of each sample of the batch.
    public var samples: [Int]
    /// What sums over the other shards of the step; nil where the step has no others.
    public var statistics: (any StatisticsReducer)?
    /// What sums the counts that losses are divided by over the other shards; nil where each takes its own.
    public var counts: (any StatisticsReducer)?
    /// Whether branches that stochastic depth drops are computed all the same, as where a step's memory is measured.
    public var computesDroppedBranches = false

    /// The key of a step's random numbers.
    public init(seed: UInt64, step: Int, samples: [Int]) {
      (self.seed, self.step, self.samples) = (seed, step, samples)
    }

    /// The same step for some samples of the batch.
    func samples(at places: [Int]) -> Step {
      var part = self
      part.samples = places.map { samples[$0] }
      return part
    }

    /// One generator a sample.
    public func generators(for purpose: RandomPurpose) -> [RandomGenerator] {
      samples.map { RandomGenerator(seed: seed, step: step, sample: $0, purpose: purpose) }
    }
  }

  /// The training step, or nil in evaluation.
  public let training: Step?
  /// Whether a model runs as it is built, before training begins.
  let isAsBuilt: Bool

  private init(training: Step?, isAsBuilt: Bool = false) {
    (self.training, self.isAsBuilt) = (training, isAsBuilt)
  }

  /// Whether this is evaluation and no backward pass can follow, so that weights may be prepared for speed.
  ///
  /// Not where operations are counted, one by one, nor where no numbers are computed that could be kept.
  var isInference: Bool {
    training == nil && !Recording.isOn && Recomputation.current == .none && OperationCounter.current == nil
      && Computation.isOn
  }

  /// The mode of the forward pass that runs now; evaluation unless said otherwise.
  @TaskLocal public static var current = ForwardMode(training: nil)

  /// Runs `body` as a training step.
  public static func training<R>(_ step: Step, _ body: () throws -> R) rethrows -> R {
    try $current.withValue(ForwardMode(training: step), operation: body)
  }

  /// Runs a part whose weights are frozen: as in evaluation, whatever runs around it, and without recording unless its
  /// input needs a gradient.
  public static func frozen<R>(_ input: Tensor, _ body: () throws -> R) rethrows -> R {
    try $current.withValue(ForwardMode(training: nil)) {
      input.needsGradient ? try body() : try withoutGradients(body)
    }
  }

  /// Runs a part that is trained with the statistics that it has (mm's `norm_eval`): as in evaluation, but recorded.
  public static func keepingStatistics<R>(_ body: () throws -> R) rethrows -> R {
    if current.isAsBuilt { return try body() }
    return try $current.withValue(ForwardMode(training: nil), operation: body)
  }

  /// Runs `body` on one image as a training step of a model that has just been built, without recording: `norm_eval` is
  /// applied where training begins, and the field's tables count detectors before that.
  public static func asBuilt<R>(_ body: () throws -> R) rethrows -> R {
    let mode = ForwardMode(training: Step(seed: 0, step: 0, samples: [0]), isAsBuilt: true)
    return try $current.withValue(mode) { try withoutGradients(body) }
  }

  /// Runs `body` as evaluation, without recording for a backward pass.
  public static func evaluation<R>(_ body: () throws -> R) rethrows -> R {
    try $current.withValue(ForwardMode(training: nil)) { try withoutGradients(body) }
  }
}
