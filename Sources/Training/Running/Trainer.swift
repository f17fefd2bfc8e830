import Checkpoints
import Data
import Distribution
import Imaging
import Layers
import Modeling
import Tensors

/// A model in training: draws batches, steps, validates and tells its hooks.
///
/// A class, because hooks look at the run they hang in.
public final class Trainer {
  /// The model that is trained.
  public let model: any Model
  /// How long it is trained.
  public let loop: TrainLoop
  /// Steps of one pass over the training data.
  public let iterationsPerEpoch: Int
  /// Iterations in all.
  public let iterations: Int
  /// Iterations done.
  public internal(set) var iteration = 0
  /// Whole passes over the data done.
  public var epoch: Int { iteration / iterationsPerEpoch }
  /// Whether all iterations are done.
  public var isDone: Bool { iteration >= iterations }
  /// The learning rate of each group of weights in the coming iteration; the first is that without multiplier.
  public var rates: [Double] { schedule.rates }
  /// What the run says.
  public let log: RunLog
  /// A line at the bottom of the terminal.
  public let progress: ProgressLine
  /// Where checkpoints go; nil where nothing is written.
  public let workDirectory: WorkDirectory?
  /// Seconds of the latest validation, a batch.
  public private(set) var validationTiming = EvaluationTiming()
  /// Whether a step takes all the memory that a step may take, whatever stochastic depth drops.
  var computesDroppedBranches = false
  /// Why the run ends after this step, if a hook asked for that.
  public private(set) var stopReason: String?
  /// The signal that has interrupted the run: it ends with a checkpoint to go on from, and without what it owes.
  public private(set) var interruption: Int32?
  /// Where the run goes on from; nil for one that starts anew.
  public internal(set) var resumption: Resumption?

  /// Whether the validation of the iteration at hand is due and not done, with all that hooks make of it.
  var owesValidation = false
  /// What the parts of the newest step took.
  var stages = StepStages()
  /// While hooks take up their states: what stood in the checkpoint in place of the live weights, such as averages.
  var resumedAverages: [String: StoredTensor]?

  /// The checkpoint that a run goes on from.
  public struct Resumption: Sendable {
    /// The file.
    public let file: String
    /// Whether it lies in the run's own work directory.
    public let isInWorkDirectory: Bool
  }

  /// Of the training data.
  package let loader: DataLoader
  let settings: TrainerSettings
  /// Which shards of a step run here, and how all are summed.
  let reduction: any StepReduction
  /// The processes that train together.
  let ranks: any Communicator
  var optimizer: OptimizerWrapper
  var schedule: ScheduleChain
  var hooks: [any Hook]
  let validation: TrainerParts.Validation?
  private let stopRequest: StopRequest
  /// The signal by which all ranks end at the same step.
  private var agreedSignal: Int32?
  private var sinks: [any ScalarSink]
  private var imageFaults = ImageFaults()
  /// Places of the hooks that are being told, the outermost first.
  private var active: [Int] = []
  private var lastSinkWarning: ContinuousClock.Instant?

  init(
    _ parts: TrainerParts, log: RunLog, sinks: [any ScalarSink], progress: ProgressLine,
    workDirectory: WorkDirectory?, stopRequest: StopRequest
  ) {
    self.stopRequest = stopRequest
    model = parts.model
    loop = parts.loop
    loader = parts.loader
    iterationsPerEpoch = max(1, parts.loader.batchesPerEpoch)
    iterations = loop.unit == .epochs ? loop.length * iterationsPerEpoch : loop.length
    settings = parts.settings
    (reduction, ranks) = (parts.reduction, parts.ranks)
    (optimizer, schedule) = (parts.optimizer, parts.schedule)
    (hooks, validation) = (parts.hooks, parts.validation)
    (self.log, self.sinks, self.progress, self.workDirectory) = (log, sinks, progress, workDirectory)
  }

  // MARK: What hooks ask for

  /// Ends the run after the step at hand, with its validation if that is due; the log says why.
  public func stop(because reason: String) { stopReason = stopReason ?? reason }

  /// Sends the figures of the rest of the run to one more place.
  public func add(_ sink: any ScalarSink) { sinks.append(sink) }

  /// Sends figures to all sinks. One that fails is a warning, at most once a minute.
  public func write(_ scalars: Scalars) {
    for index in sinks.indices {
      attempt("figures of step \(scalars.step) were lost") { try sinks[index].write(scalars) }
    }
  }

  /// Sends a picture to all sinks that take pictures. One that fails is a warning, at most once a minute.
  public func write(_ picture: Image, name: String) {
    for index in sinks.indices {
      attempt("the picture \(name) was lost") {
        try sinks[index].write(picture, name: name, step: iteration)
      }
    }
  }

  /// Does what a run can do without, such as writing a picture: what fails is a warning, at most once a minute. It
  /// begins with `loss`, which says what it means: `the picture was lost`.
  public func attempt(_ loss: String, _ body: () throws -> Void) {
    do { try body() } catch {
      if let last = lastSinkWarning, ContinuousClock.now - last < .seconds(60) { return }
      lastSinkWarning = .now
      log.warning("\(loss): \(error)")
    }
  }

  /// Writes a checkpoint of the run as it stands into the work directory.
  ///
  /// - Parameters:
  ///   - name: A plain file name.
  ///   - hook: The hook that saves, as it stands; it is not told of its own saving. Nil when no hook asks for it.
  /// - Throws: `CheckpointError` with the system's reason; errors of hooks.
  public func save(as name: String, by hook: (any Hook)? = nil) throws {
    guard let workDirectory else { return }
    try write(as: name, by: hook)
    log.info("Checkpoint written: \(workDirectory.path)/\(name)")
  }

  /// The same without a word in the log, for a checkpoint that is there and takes up what came of its validation.
  func write(as name: String, by hook: (any Hook)?) throws {
    guard let workDirectory else { return }
    var checkpoint = try checkpoint(savedBy: hook)
    try tell { try $0.beforeSave(self, &checkpoint) }
    let file = "\(workDirectory.path)/\(name)"
    try checkpoint.write(to: file)
    try tell { try $0.afterSave(self, file: file) }
  }

  // MARK: The run

  /// Trains up to the last iteration, or until a hook or a signal (then `interruption` has it) asks for a stop.
  ///
  /// - Throws: `TrainingError` for a loss or gradient that is not finite; errors of data, files, metrics and hooks.
  func run() throws {
    defer { progress.clear() }
    do {
      if try stopSignal() == nil { try rehearse() }
      try train()
    } catch {
      tell { $0.afterFailure(self, error) }
      throw error
    }
  }

  private func train() throws {
    if isDone {
      log.warning("nothing is left to be trained: \(iteration) of \(iterations) iterations are done")
    }
    try tell { try $0.beforeRun(self) }
    if owesValidation {
      log.info("the validation of iteration \(iteration) was not finished: it comes first")
      try validate()
    }
    let batches = loader.steps(startingAt: iteration, shards: reduction.local)
    var isEpochBegun = false
    while try !isDone && stopSignal() == nil && stopReason == nil {
      if !isEpochBegun && loop.unit == .epochs { try tell { try $0.beforeEpoch(self) } }
      isEpochBegun = true
      try tell { try $0.beforeIteration(self) }
      let step = try trainOneStep(batches)
      iteration += 1
      schedule.advance(iteration: iteration)
      let isEpochDone = iteration % iterationsPerEpoch == 0
      if isEpochDone { schedule.advance(epoch: epoch) }
      if isEpochDone || isDone || iteration.isMultiple(of: 1000) {
        for line in imageFaults.report() { log.warning(line) }
      }
      owesValidation = validation != nil && isValidationDue
      try tell { try $0.afterIteration(self, step) }
      if isEpochDone { isEpochBegun = false }
      if isEpochDone && loop.unit == .epochs { try tell { try $0.afterEpoch(self) } }
      if owesValidation { try validate() }
    }
    if owesValidation || !isDone && stopReason == nil { interruption = try stopSignal() }
    if interruption == nil, let stopReason {
      log.info("training ends after iteration \(iteration) of \(iterations): \(stopReason)")
    }
    try tell { try $0.afterRun(self) }
    logMemory()
  }

  /// The signal that has asked for the end of the run: the same on all ranks, whichever was asked. A hook that ends the run
  /// on one of them ends it on all.
  ///
  /// - Throws: `DistributionError` that names a rank which does not answer.
  func stopSignal() throws -> Int32? {
    guard ranks.size > 1 else { return stopRequest.signal }
    if let agreedSignal { return agreedSignal }
    let hookMark: UInt64 = 1 << 32
    let own = UInt64(UInt32(bitPattern: stopRequest.signal ?? 0)) | (stopReason == nil ? 0 : hookMark)
    let all = try ranks.gather(own)
    agreedSignal = all.lazy.map { Int32(truncatingIfNeeded: $0) }.first { $0 != 0 }
    if let rank = all.firstIndex(where: { $0 & hookMark != 0 }) {
      stop(because: "as \(ranks.name(of: rank)) does")
    }
    return agreedSignal
  }

  /// Whether a validation follows the iterations that are done.
  private var isValidationDue: Bool {
    switch loop.unit {
    case .iterations: loop.validates(after: iteration)
    case .epochs: iteration.isMultiple(of: iterationsPerEpoch) && loop.validates(after: epoch)
    }
  }

  /// What the run's tensors took, so that a user sees how much larger a batch may be.
  func logMemory() {
    let memory = TensorMemory.current
    log.info(
      "memory of tensors: \(memory.peak >> 20) MB at most, \(memory.live >> 20) MB now, "
        + "\(memory.idle >> 20) MB kept for reuse")
  }

  /// Tells all hooks but those that are being told of something already: one that saves is not told of its own saving.
  private func tell(_ body: (inout any Hook) throws -> Void) rethrows {
    for index in hooks.indices where !active.contains(index) {
      active.append(index)
      var hook = hooks[index]
      defer {
        hooks[index] = hook
        active.removeLast()
      }
      try body(&hook)
    }
  }

  /// One iteration: forward, backward, clipping, update.
  private func trainOneStep(_ batches: StepIterator) throws -> TrainingStep {
    let start = ContinuousClock.now
    let next: [[Sample]]?
    do { next = try batches.next() } catch {
      saveBeforeFailure()
      throw error
    }
    guard let shards = next else {
      throw TrainingError("the training data set gave no batch for iteration \(iteration + 1)")
    }
    let loaded = ContinuousClock.now
    let samples = shards.flatMap { $0 }
    imageFaults.add(samples)
    try tell { try $0.afterLoading(self, samples) }
    let divisor = optimizer.lossDivisor(of: iteration, in: iterations)
    stages = StepStages()
    var norm: Double?
    let losses = try explaining(shards, dividedBy: divisor) {
      let losses = try gradients(of: shards, dividedBy: divisor)
      if optimizer.updates(after: iteration, in: iterations) {
        let begun = ContinuousClock.now
        do { norm = try optimizer.update(rates: schedule.rates) } catch let error as NonFiniteGradient {
          throw NonFiniteStep(what: "the gradient of '\(error.weight)' is not finite")
        }
        stages.update = (ContinuousClock.now - begun) / .seconds(1)
      }
      return losses
    }
    let end = ContinuousClock.now
    return TrainingStep(
      iteration: iteration, epoch: epoch, rate: schedule.rates[0], loss: losses.total, terms: losses.terms,
      gradientNorm: norm, seconds: (end - start) / .seconds(1),
      dataSeconds: (loaded - start) / .seconds(1), stages: stages)
  }

  /// Data that cannot be read, such as those of a disk that has gone, may come back: the run can then go on from the last
  /// full step.
  private func saveBeforeFailure() {
    do {
      try tell { hook in
        guard var checkpoints = hook as? CheckpointHook else { return }
        try checkpoints.saveInterrupted(self)
        hook = checkpoints
      }
    } catch { log.warning("no checkpoint of the last full step: \(error)") }
  }

  // MARK: Validation

  /// Validates, unless the run is asked to stop: then the validation is still owed.
  private func validate() throws {
    guard let validation, try stopSignal() == nil else { return }
    try tell { try $0.beforeValidation(self) }
    let summary: MetricSummary
    let timing: EvaluationTiming
    do {
      (summary, timing) = try withWeights(try validationWeights()) {
        try Evaluator(model: model, loader: validation.loader, progress: progress, ranks: ranks)
          .evaluate(
            try validation.metrics(), countsLosses: validation.countsLosses,
            unless: { stopRequest.signal != nil }
          ) { prediction, sample in
            try self.tell { try $0.afterPrediction(self, prediction, for: sample) }
          }
      }
    } catch is EvaluationStopped { return }
    validationTiming = timing
    try tell { try $0.afterValidation(self, summary) }
    owesValidation = false
    try tell { try $0.validationDone(self) }
  }

  /// What the first hook that has others than the live weights gives.
  ///
  /// - Parameter hook: One that is being told of something and asked here as it stands.
  func validationWeights(asking hook: (any Hook)? = nil) throws -> [String: StoredTensor]? {
    for index in hooks.indices {
      var asked = hooks[index]
      if active.contains(index), let hook, hook.name == asked.name { asked = hook }
      let weights = try asked.validationWeights(self)
      if !active.contains(index) { hooks[index] = asked }
      if let weights { return weights }
    }
    return nil
  }

  /// Runs `body` with other weights in the model; the live ones come back, bit for bit.
  private func withWeights<T>(_ weights: [String: StoredTensor]?, _ body: () throws -> T) throws -> T {
    guard let weights else { return try body() }
    return try LiveWeights.kept(in: model) {
      _ = try model.load(weights, file: "the weights that a hook gives for validation")
      return try body()
    }
  }
}
