import Checkpoints
import Configuration
import Foundation
import Modeling
import TestSupport
import Testing

import Training

/// Fails before the validation of an iteration, as a run does that is killed there.
private struct BrokenValidationHook: Hook {
  struct Settings: Decodable, Sendable { var at: Int }
  let settings: Settings

  mutating func beforeValidation(_ trainer: Trainer) throws {
    if trainer.iteration == settings.at { throw TrainingError("broken on purpose") }
  }
}

@Suite("A trainer with everything on")
struct WholeTrainerTests {
  private static let everything = """
    optim_wrapper:
      type: OptimWrapper
      optimizer: {type: SGD, lr: 0.05, momentum: 0.9, weight_decay: 0.01, nesterov: true}
      accumulative_counts: 3
      clip_grad: {max_norm: 1, norm_type: 1}
      paramwise_cfg: {norm_decay_mult: 0, custom_keys: {head: {lr_mult: 0.5}}}
    param_scheduler:
      - {type: LinearLR, start_factor: 0.1, end: 5, by_epoch: false}
      - {type: CosineAnnealingLR, begin: 5, eta_min: 0.001, by_epoch: false}
    val_cfg: {type: ValLoop, loss: true}
    train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 2}
    default_hooks:
      logger: {type: LoggerHook, interval: 5}
      checkpoint: {type: CheckpointHook, interval: 1, save_best: [val/loss, toy/mAP]}

    """
  private static let ema = "{type: EMAHook, momentum: 0.3, update_buffers: true, begin_iter: 2}"
  private static let stop =
    "{type: EarlyStoppingHook, monitor: val/loss, min_delta: 0.02, patience: PATIENCE}"

  private static func configuration(patience: Int, more: String = "") throws -> ExperimentConfiguration {
    let stop = stop.replacing("PATIENCE", with: "\(patience)")
    return try toyConfiguration(everything + "custom_hooks: [\(ema), \(stop)\(more)]")
  }

  private static func newest(_ folder: TemporaryFolder) throws -> (name: String, bytes: Data) {
    let name = try folder.text("last_checkpoint").trimmingCharacters(in: .newlines)
    return (name, try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)")))
  }

  @Test("resumed at any iteration gives the bits of a run left alone", arguments: [2, 1000])
  func resumed(patience: Int) throws {
    let configuration = try Self.configuration(patience: patience)
    let whole = try TemporaryFolder()
    try trainToy(configuration, in: whole)
    let end = try Self.newest(whole)
    let count = try #require(Int(end.name.filter(\.isNumber)))
    if patience == 1000 { #expect(count == 20) }
    for middle in 1..<count {
      let rest = try TemporaryFolder()
      let name = "iter_\(middle).safetensors"
      try FileManager.default.copyItem(atPath: "\(whole.path)/\(name)", toPath: "\(rest.path)/\(name)")
      try trainToy(configuration, in: rest, resume: .file("\(rest.path)/\(name)"), seed: nil)
      let found = try Self.newest(rest)
      #expect(found.name == end.name)
      #expect(found.bytes == end.bytes, "resumed at \(middle)")
    }
  }

  @Test("owes the validation of a checkpoint that was killed before it", arguments: [4, 10, 20])
  func owed(at iteration: Int) throws {
    let (whole, rest) = (try TemporaryFolder(), try TemporaryFolder())
    let configuration = try Self.configuration(patience: 1000)
    try trainToy(configuration, in: whole)
    var components = Components.toy
    components.training.hooks.add("BrokenValidationHook") {
      (c: BrokenValidationHook.Settings, _: HookContext) in BrokenValidationHook(settings: c)
    }
    let broken = try TrainingRun(
      configuration: try Self.configuration(
        patience: 1000, more: ", {type: BrokenValidationHook, at: \(iteration)}"),
      components: components,
      options: TrainingOptions(workDirectory: rest.path, seed: 3, isQuiet: true))
    #expect(throws: TrainingError.self) { try broken.run() }
    // The weights are there, though the validation failed.
    let name = "iter_\(iteration).safetensors"
    #expect(try Safetensors(file: "\(rest.path)/\(name)").metadata["validation"] == "owed")
    let run = try trainToy(configuration, in: rest, resume: .newest)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("the validation of iteration \(iteration) was not finished: it comes first"))
    for file in whole.names().filter({ $0.hasSuffix(".safetensors") }) {
      // The run that failed had one hook more in the config that its checkpoints carry.
      let files = try [whole, rest].map { try Safetensors(file: "\($0.path)/\(file)") }
      let metadata = files.map { $0.metadata.filter { $0.key != "config" } }
      #expect(metadata[0] == metadata[1] && files[0].tensors == files[1].tensors, "\(file)")
    }
    #expect(whole.names().filter { $0.hasPrefix("best") } == rest.names().filter { $0.hasPrefix("best") })
  }

  @Test("validates and saves the averages, and keeps the weights beside them")
  func averages() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration("custom_hooks: [{type: EMAHook, momentum: 0.01}]"), in: folder)
    let path = "\(folder.path)/iter_20.safetensors"
    let checkpoint = try TrainingCheckpoint(file: path)
    #expect(checkpoint.live == run.trainer.model.stateDict)
    #expect(checkpoint.weights["head.weight"] != checkpoint.live?["head.weight"])
    // Buffers are those of the model unless they are averaged.
    let name = "backbone.norm.running_mean"
    #expect(checkpoint.weights[name] == checkpoint.live?[name])
    #expect(
      try Checkpoint(file: path).selected(averages: true, prefix: nil, half: false) == checkpoint.weights)
    let test = try TestRun(
      configuration: try toyConfiguration(
        "test_dataloader: {dataset: {type: ToyDataset, count: 3, test_mode: true}}\n"
          + "test_evaluator: {type: ToyMetric}"), components: .toy, checkpoint: path)
    let figure = try #require(try test.run().summary.values.first { $0.name == "toy/mAP" }).value
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("toy/mAP: \(String(format: "%.4f", figure))"))
  }

  @Test("stops when the figure no longer becomes better")
  func stops() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        """
        train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 2}
        custom_hooks: [{type: EarlyStoppingHook, monitor: toy/mAP, min_delta: 100, patience: 3}]
        """), in: folder)
    #expect(run.trainer.iteration == 8)
    #expect(run.trainer.stopReason?.contains("did not become better in 3 validations") == true)
    #expect(try folder.text("last_checkpoint") == "iter_8.safetensors\n")
  }

  @Test("scales all rates by the batch, and says so")
  func scaledRates() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        "param_scheduler: []\nauto_scale_lr: {enable: true, base_batch_size: 16}\n"
          + "train_cfg: {type: IterBasedTrainLoop, max_iters: 2}"), in: folder)
    #expect(run.trainer.rates == [0.05 / 8, 0.05 / 8 * 0.5])
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("auto_scale_lr: all learning rates times 0.125"))
  }

  @Test("writes a table of the operations of some iterations")
  func profiles() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        "custom_hooks: [{type: ProfilerHook, begin: 2, end: 3}]\n"
          + "train_cfg: {type: IterBasedTrainLoop, max_iters: 4}"), in: folder)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("operations of the iterations 2 to 3"))
    #expect(log.contains("operation") && log.contains(".backward"))
  }
}
