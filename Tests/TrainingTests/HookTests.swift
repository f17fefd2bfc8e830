import Checkpoints
import Configuration
import Data
import Foundation
import Modeling
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

/// What hooks of one run were told, in order.
private final class Record: Sendable {
  private let texts = Mutex<[String]>([])
  func add(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }
}

/// Writes down all that it is told, and asks for what its settings say.
private struct RecordingHook: StatefulHook {
  struct Settings: Decodable, Sendable {
    var label: String
    var stopAt: Int?
    var failAt: Int?
    /// Weights that validations judge: the live ones times this.
    var factor: Float?

    enum CodingKeys: String, CodingKey {
      case label, factor
      case stopAt = "stop_at"
      case failAt = "fail_at"
    }
  }

  struct Sink: ScalarSink {
    let record: Record
    func write(_ scalars: Scalars) throws {
      record.add("sink \(scalars.origin) \(scalars.step) \(scalars.fields.count)")
      throw TrainingError("the sink is broken")
    }
  }

  struct Failure: Error {}

  let settings: Settings
  let record: Record
  private(set) var count = 0

  init(_ settings: Settings, _ record: Record) { (self.settings, self.record) = (settings, record) }

  var name: String { "Recording \(settings.label)" }
  var state: Int? { count > 0 ? count : nil }
  mutating func restore(_ state: Int, _ trainer: Trainer) throws {
    count = state
    note("restored \(state) of \(trainer.resumption?.isInWorkDirectory ?? false)")
  }
  var tensors: [String: StoredTensor] {
    count > 0 ? ["sums/a": StoredTensor(Tensor([Float(count)], shape: [1]))] : [:]
  }
  mutating func restore(tensors: [String: StoredTensor], _ trainer: Trainer) throws {
    note("tensors \(tensors.mapValues { $0.tensor.values })")
  }

  private func note(_ text: String) { record.add("\(settings.label): \(text)") }

  mutating func beforeRun(_ trainer: Trainer) throws {
    note("beforeRun")
    trainer.add(Sink(record: record))
  }
  mutating func beforeEpoch(_ trainer: Trainer) throws { note("beforeEpoch \(trainer.epoch)") }
  mutating func beforeIteration(_ trainer: Trainer) throws { note("beforeIteration \(trainer.iteration)") }
  mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    count += 1
    note("afterIteration \(trainer.iteration)")
    if trainer.iteration == settings.stopAt { trainer.stop(because: "enough is learnt") }
    if trainer.iteration == settings.failAt { throw Failure() }
  }
  mutating func afterEpoch(_ trainer: Trainer) throws { note("afterEpoch \(trainer.epoch)") }
  mutating func validationWeights(_ trainer: Trainer) throws -> [String: StoredTensor]? {
    guard let factor = settings.factor else { return nil }
    return trainer.model.stateDict.mapValues { weight in
      weight.type == .float32
        ? StoredTensor(Tensor(weight.tensor.values.map { $0 * factor }, shape: weight.shape)) : weight
    }
  }
  mutating func beforeValidation(_ trainer: Trainer) throws { note("beforeValidation") }
  mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    note("afterValidation \(summary.values.count)")
  }
  mutating func validationDone(_ trainer: Trainer) throws { note("validationDone") }
  mutating func beforeSave(_ trainer: Trainer, _ checkpoint: inout TrainingCheckpoint) throws {
    note("beforeSave")
  }
  mutating func afterSave(_ trainer: Trainer, file: String) throws {
    note("afterSave \((file as NSString).lastPathComponent)")
  }
  mutating func afterRun(_ trainer: Trainer) throws { note("afterRun") }
  mutating func afterFailure(_ trainer: Trainer, _ error: any Error) { note("afterFailure \(error)") }
}

@Suite("Hooks")
struct HookTests {
  @discardableResult
  private func train(
    _ more: String, _ record: Record, in folder: TemporaryFolder, resume: TrainingOptions.Resume = .no
  ) throws -> TrainingRun {
    var components = Components.toy
    components.training.hooks.add("RecordingHook") { (c: RecordingHook.Settings, _: HookContext) in
      RecordingHook(c, record)
    }
    let run = try TrainingRun(
      configuration: try toyConfiguration(more), components: components,
      options: TrainingOptions(workDirectory: folder.path, resume: resume, seed: 3, isQuiet: true))
    try run.run()
    return run
  }

  private func log(of run: TrainingRun) throws -> String {
    try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
  }

  private static let two = """
    train_cfg: {type: EpochBasedTrainLoop, max_epochs: 1}
    param_scheduler: []
    train_dataloader: {batch_size: 2, dataset: {type: ToyDataset, count: 4}}
    default_hooks: {logger: {type: LoggerHook, interval: 2}}

    """

  @Test("are told of everything, in order")
  func points() throws {
    let (folder, record) = (try TemporaryFolder(), Record())
    let run = try train(Self.two + "custom_hooks: [{type: RecordingHook, label: a}]", record, in: folder)
    #expect(
      record.all == [
        "a: beforeRun", "a: beforeEpoch 0", "a: beforeIteration 0", "a: afterIteration 1",
        "a: beforeIteration 1", "a: afterIteration 2", "sink training 2 10", "a: afterEpoch 1",
        "a: beforeSave",
        "a: afterSave epoch_1.safetensors", "a: beforeValidation", "a: afterValidation 2",
        "sink validation 1 4", "a: validationDone", "a: beforeSave",
        "a: afterSave best_toy_mAP_epoch_1.safetensors", "a: beforeSave", "a: afterSave epoch_1.safetensors",
        "a: afterRun",
      ], "\(record.all)")
    #expect(try log(of: run).contains("WARNING - figures of step 2 were lost: the sink is broken"))
  }

  @Test(
    "are told by priority, then in the config's order",
    arguments: [
      ("", "NORMAL", ["a", "b"]), ("", "LOW", ["a", "b"]), ("", "high", ["b", "a"]), ("", "49", ["b", "a"]),
      ("LOWEST", "VERY_LOW", ["b", "a"]), ("VERY_HIGH", "HIGHEST", ["b", "a"]), ("0", "0", ["a", "b"]),
    ])
  func priorities(first: String, second: String, expected: [String]) throws {
    let record = Record()
    func entry(_ label: String, _ priority: String) -> String {
      "{type: RecordingHook, label: \(label)\(priority.isEmpty ? "" : ", priority: \(priority)")}"
    }
    try train(
      Self.two + "custom_hooks: [\(entry("a", first)), \(entry("b", second))]", record,
      in: try TemporaryFolder())
    #expect(record.all.filter { $0.hasSuffix("afterRun") }.map { String($0.prefix(1)) } == expected)
  }

  @Test(
    "with a priority that there is not are refused, with its place", arguments: ["LATE", "101", "-1", "[1]"])
  func wrongPriority(priority: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try train(
        "custom_hooks: [{type: RecordingHook, label: a, priority: \(priority)}]", Record(),
        in: try TemporaryFolder())
    }
    #expect(
      error?.description.hasPrefix(
        "more.yaml:1:58: custom_hooks.0.priority: a number in 0...100 or one of HIGHEST, VERY_HIGH") == true,
      "\(error?.description ?? "")")
  }

  @Test("that keep their states under one name are refused")
  func sameName() throws {
    let error = #expect(throws: ConfigurationError.self) {
      try train(
        "custom_hooks: [{type: RecordingHook, label: a}, {type: RecordingHook, label: a}]", Record(),
        in: try TemporaryFolder())
    }
    #expect(error?.description.contains("custom_hooks.1: another hook keeps its state") == true)
  }

  @Test("get back what they remembered when a run goes on")
  func remember() throws {
    let (folder, record) = (try TemporaryFolder(), Record())
    let hook = "\ncustom_hooks: [{type: RecordingHook, label: a}]"
    try train("train_cfg: {type: IterBasedTrainLoop, max_iters: 10}" + hook, Record(), in: folder)
    let metadata = try Safetensors(file: "\(folder.path)/iter_10.safetensors").metadata
    #expect(metadata["hooks/Recording a"] == "10")
    try train(
      "train_cfg: {type: IterBasedTrainLoop, max_iters: 11}" + hook, record, in: folder, resume: .newest)
    #expect(
      record.all.prefix(3) == ["a: restored 10 of true", "a: tensors [\"sums/a\": [10.0]]", "a: beforeRun"])
    let run = try train(
      "train_cfg: {type: IterBasedTrainLoop, max_iters: 12}", Record(), in: folder, resume: .newest)
    #expect(try log(of: run).contains("a state of the hook 'Recording a', which the config does not have"))
  }

  @Test(
    "can end a run after a step, which can go on", arguments: ["IterBasedTrainLoop", "EpochBasedTrainLoop"])
  func stops(loop: String) throws {
    let folder = try TemporaryFolder()
    let length = loop == "IterBasedTrainLoop" ? "max_iters: 20" : "max_epochs: 5"
    let more = """
      train_cfg: {type: \(loop), \(length)}
      param_scheduler: []
      default_hooks: {checkpoint: {type: CheckpointHook}}

      """
    let run = try train(
      more + "custom_hooks: [{type: RecordingHook, label: a, stop_at: 7}]", Record(), in: folder)
    #expect(run.trainer.iteration == 7)
    #expect(try log(of: run).contains("training ends after iteration 7 of 20: enough is learnt"))
    #expect(try folder.text("last_checkpoint") == "iter_7.safetensors\n")
    let rest = try train(more, Record(), in: folder, resume: .newest)
    #expect(rest.trainer.iteration == 20)
    let whole = try TemporaryFolder()
    let uninterrupted = try train(more, Record(), in: whole)
    #expect(rest.trainer.model.stateDict == uninterrupted.trainer.model.stateDict)
  }

  @Test("are told of an error, which is the last line of the log")
  func fails() throws {
    let (folder, record) = (try TemporaryFolder(), Record())
    #expect(throws: RecordingHook.Failure.self) {
      try train("custom_hooks: [{type: RecordingHook, label: a, fail_at: 2}]", record, in: folder)
    }
    #expect(record.all.last == "a: afterFailure Failure()")
    let run = try #require(folder.names().first)
    let lines = try folder.text("\(run)/\(run).log").split(separator: "\n")
    #expect(lines.last?.hasSuffix(" - dense - ERROR - Failure()") == true)
  }

  @Test("may have other weights judged and saved; the live ones go on, bit for bit")
  func otherWeights() throws {
    let (plain, judged) = (try TemporaryFolder(), try TemporaryFolder())
    let more = """
      train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 5}
      default_hooks: {checkpoint: {type: CheckpointHook, interval: 10, save_best: auto}}

      """
    let hook = "custom_hooks: [{type: RecordingHook, label: a, factor: 2}]"
    let live = try train(more, Record(), in: plain).trainer.model.stateDict
    #expect(try train(more + hook, Record(), in: judged).trainer.model.stateDict == live)
    let checkpoint = try TrainingCheckpoint(file: "\(judged.path)/iter_20.safetensors")
    #expect(checkpoint.live == live)
    let weights = try #require(checkpoint.weights["head.weight"]).tensor.values
    #expect(weights == live["head.weight"]?.tensor.values.map { 2 * $0 })
    let best = try #require(judged.names().first { $0.hasPrefix("best_") })
    let figure = try TestRun(
      configuration: try toyConfiguration(), components: .toy, checkpoint: "\(judged.path)/\(best)"
    ).run().summary.values.first?.value
    let history = try #require(checkpoint.state?.hooks["CheckpointHook"]?.json)
    #expect(history.contains("\"value\":\(try #require(figure))"), "\(history)")
    // And a run that goes on takes up the live ones.
    let rest = try TemporaryFolder()
    let resumed = try train(
      more + hook, Record(), in: rest, resume: .file("\(judged.path)/iter_10.safetensors"))
    #expect(resumed.trainer.model.stateDict == live)
  }
}
