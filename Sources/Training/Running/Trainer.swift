import Modeling
import Checkpoints
import Data
import Foundation
import Layers
import Tensors

/// A model in training: draws batches, steps, validates and tells its hooks.
///
/// A class, because hooks look at the run they hang in.
public final class Trainer {
  /// The model that is trained.
  public let model: any Model
  /// How long it is trained.
  public let loop: TrainLoop
  /// Batches of one pass over the training data.
  public let iterationsPerEpoch: Int
  /// Iterations in all.
  public let iterations: Int
  /// Iterations done.
  public private(set) var iteration = 0
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

  var history = CheckpointHistory()
  let scalars: ScalarsFile
  private let loader: DataLoader
  private let batchSize: Int
  private let seed: UInt64
  private let classes: [String]
  private var optimizer: OptimizerWrapper
  private var schedule: ScheduleChain
  private var hooks: [any Hook]
  private let validation: Validation?
  private var imageFaults = ImageFaults()

  /// What validates: data, and what judges the predictions.
  struct Validation {
    let loader: DataLoader
    let metrics: () throws -> [any Metric]
  }

  /// The parts of a run.
  struct Parts {
    var model: any Model
    var loop: TrainLoop
    var loader: DataLoader
    var batchSize: Int
    var seed: UInt64
    var classes: [String]
    var optimizer: OptimizerWrapper
    var schedule: ScheduleChain
    var hooks: [any Hook]
    var validation: Validation?
  }

  init(
    _ parts: Parts, log: RunLog, scalars: ScalarsFile, progress: ProgressLine, workDirectory: WorkDirectory?
  ) {
    model = parts.model
    loop = parts.loop
    loader = parts.loader
    iterationsPerEpoch = max(1, parts.loader.batchesPerEpoch)
    iterations = loop.unit == .epochs ? loop.length * iterationsPerEpoch : loop.length
    batchSize = parts.batchSize
    (seed, classes) = (parts.seed, parts.classes)
    (optimizer, schedule) = (parts.optimizer, parts.schedule)
    (hooks, validation) = (parts.hooks, parts.validation)
    (self.log, self.scalars, self.progress, self.workDirectory) = (log, scalars, progress, workDirectory)
  }

  /// Trains up to the last iteration.
  ///
  /// - Throws: `TrainingError` for a loss or gradient that is not finite; errors of data, files and metrics.
  func run() throws {
    defer { progress.clear() }
    if isDone {
      log.warning("nothing is left to be trained: \(iteration) of \(iterations) iterations are done")
    }
    try tell { try $0.beforeTraining(self) }
    let batches = loader.batches(startingAt: iteration)
    while !isDone {
      let step = try trainOneStep(batches)
      iteration += 1
      schedule.advance(iteration: iteration)
      let isEpochDone = iteration % iterationsPerEpoch == 0
      if isEpochDone { schedule.advance(epoch: epoch) }
      if isEpochDone || isDone || iteration.isMultiple(of: 1000) {
        for line in imageFaults.report() { log.warning(line) }
      }
      try tell { try $0.afterIteration(self, step) }
      if isEpochDone && loop.unit == .epochs { try tell { try $0.afterEpoch(self) } }
      guard loop.unit == .iterations || isEpochDone else { continue }
      if loop.validates(after: loop.unit == .epochs ? epoch : iteration) { try validate() }
    }
    try tell { try $0.afterTraining(self) }
    logMemory()
  }

  /// What the run's tensors took, so that a user sees how much larger a batch may be.
  private func logMemory() {
    let memory = TensorMemory.current
    log.info(
      "memory of tensors: \(memory.peak >> 20) MB at most, \(memory.live >> 20) MB now, "
        + "\(memory.idle >> 20) MB kept for reuse")
  }

  private func tell(_ body: (inout any Hook) throws -> Void) rethrows {
    for index in hooks.indices { try body(&hooks[index]) }
  }

  /// One iteration: forward, backward, clipping, update.
  private func trainOneStep(_ batches: BatchIterator) throws -> TrainingStep {
    let start = ContinuousClock.now
    guard let samples = try batches.next() else {
      throw TrainingError("the training data set gave no batch for iteration \(iteration + 1)")
    }
    let loaded = ContinuousClock.now
    imageFaults.add(samples)
    let terms = try gradients(of: samples)
    let norm: Double
    do { norm = try optimizer.update(rates: schedule.rates) } catch let error as NonFiniteGradient {
      throw TrainingError(
        "\(place): the gradient of '\(error.weight)' is not finite. \(Self.images(samples))")
    }
    let end = ContinuousClock.now
    return TrainingStep(
      iteration: iteration, epoch: epoch, rate: schedule.rates[0], loss: terms.total, terms: terms.terms,
      gradientNorm: optimizer.isClipping ? norm : nil, seconds: (end - start) / .seconds(1),
      dataSeconds: (loaded - start) / .seconds(1))
  }

  private var place: String { "iteration \(iteration + 1) of \(iterations)" }

  private static func images(_ samples: [Sample]) -> String {
    "Images of the batch: " + listed(samples.map(\.imagePath), limit: 32)
  }

  /// Runs the model forward and backward; its graph is gone when this returns, so that weights change in place.
  private func gradients(of samples: [Sample]) throws -> (
    terms: [(name: String, value: Double)], total: Double
  ) {
    let step = ForwardMode.Step(seed: seed, step: iteration, samples: samples.map(\.number))
    return try ForwardMode.training(step) {
      let losses = try model.losses(samples)
      let terms = losses.terms.map { (name: $0.name, value: Double($0.value.scalar)) }
      if let bad = losses.terms.first(where: { $0.isMinimized && !$0.value.scalar.isFinite }) {
        throw TrainingError("\(place): \(bad.name) is \(bad.value.scalar). \(Self.images(samples))")
      }
      let total = losses.total
      guard total.scalar.isFinite else {
        throw TrainingError("\(place): the sum of the losses is \(total.scalar). \(Self.images(samples))")
      }
      total.backward()
      return (terms, Double(total.scalar))
    }
  }

  /// Runs the first batch forward and backward and changes nothing.
  func rehearse() throws {
    guard let samples = try loader.batches(startingAt: iteration).next() else {
      throw TrainingError("the training data set gave no batch")
    }
    let terms = try gradients(of: samples)
    for (_, parameter) in model.parameters { parameter.gradient = nil }
    let fields = terms.terms.map { "\($0.name): \(decimal($0.value, 4))" }
    log.info("first batch  loss: \(decimal(terms.total, 4))  " + fields.joined(separator: "  "))
    logMemory()
  }

  private func validate() throws {
    guard let validation else { return }
    let (summary, timing) = try Evaluator(model: model, loader: validation.loader, progress: progress)
      .evaluate(try validation.metrics())
    validationTiming = timing
    try tell { try $0.afterValidation(self, summary) }
  }

  /// Writes a checkpoint of the run as it stands into the work directory.
  ///
  /// - Throws: `CheckpointError` with the system's reason.
  public func save(as name: String) throws {
    guard let workDirectory else { return }
    try checkpoint.write(to: "\(workDirectory.path)/\(name)")
    log.info("Checkpoint written: \(workDirectory.path)/\(name)")
  }

  /// The run as it stands.
  var checkpoint: TrainingCheckpoint {
    TrainingCheckpoint(
      weights: model.stateDict, optimizer: optimizer.state,
      state: TrainingState(
        iteration: iteration, epoch: epoch, rates: schedule.rates, seed: seed, classes: classes,
        data: dataIdentity, history: history))
  }

  private var dataIdentity: TrainingState.DataIdentity {
    TrainingState.DataIdentity(batchSize: batchSize, images: loader.dataset.count)
  }

  /// Goes on where a checkpoint was written.
  ///
  /// - Returns: What was loaded.
  /// - Throws: `CheckpointError` when the file is not one of this run: what differs is said.
  func resume(from checkpoint: TrainingCheckpoint, file: String) throws -> LoadingSummary {
    guard let state = checkpoint.state else {
      throw CheckpointError(
        file: file,
        "holds weights only: training cannot go on from it. To start from its weights, set load_from")
    }
    var differences: [String] = []
    func compare<T: Equatable>(_ what: String, _ before: T, _ now: T) {
      if before != now { differences.append("\(what): \(before) in the checkpoint, \(now) now") }
    }
    compare("seed", state.seed, seed)
    compare("batch size", state.data.batchSize, dataIdentity.batchSize)
    compare("training images", state.data.images, dataIdentity.images)
    compare("classes", state.classes, classes)
    compare("groups of learning rates", state.rates.count, schedule.rates.count)
    guard differences.isEmpty else {
      throw CheckpointError(
        file: file,
        "the run would not go on as it began:" + differences.map { "\n  \($0)" }.joined()
          + "\n  To start anew from its weights, set load_from instead.")
    }
    let summary = try model.load(checkpoint.weights, file: file)
    try optimizer.restore(checkpoint.optimizer, file: file)
    schedule.restore(rates: state.rates)
    iteration = state.iteration
    history = state.history
    return summary
  }
}
