import Checkpoints
import Configuration
import Foundation
import Tensors
import TestSupport
import Testing

import Data
import Training

@Suite("A training run")
struct TrainingRunTests {
  private static let epochs = """
    train_cfg: {type: EpochBasedTrainLoop, max_epochs: 5, val_interval: 2}
    param_scheduler:
      - {type: LinearLR, start_factor: 0.1, begin: 0, end: 5, by_epoch: false}
      - {type: MultiStepLR, milestones: [2, 4], gamma: 0.5}
    """

  @Test(
    "stopped and resumed gives the bits of one that went through",
    arguments: [
      ("", "{interval: 10}", "iter_10.safetensors", "iter_20.safetensors"),
      (epochs, "{interval: 1}", "epoch_2.safetensors", "epoch_5.safetensors"),
      // In the middle of an epoch, and at the end of one.
      (epochs, "{interval: 6, by_epoch: false}", "iter_6.safetensors", "iter_20.safetensors"),
      (epochs, "{interval: 4, by_epoch: false}", "iter_8.safetensors", "iter_20.safetensors"),
    ])
  func resume(more: String, hook: String, middle: String, end: String) throws {
    let hook = hook.replacing("{", with: "{type: CheckpointHook, ")
    let configuration = try toyConfiguration(more + "\ndefault_hooks: {checkpoint: \(hook)}")
    let (whole, rest) = (try TemporaryFolder(), try TemporaryFolder())
    try trainToy(configuration, in: whole)
    // The history of checkpoints is that of their folder.
    try FileManager.default.copyItem(atPath: "\(whole.path)/\(middle)", toPath: "\(rest.path)/\(middle)")
    try trainToy(configuration, in: rest, resume: .file("\(rest.path)/\(middle)"), seed: nil)
    let (a, b) = (
      try Data(contentsOf: URL(fileURLWithPath: "\(whole.path)/\(end)")),
      try Data(contentsOf: URL(fileURLWithPath: "\(rest.path)/\(end)"))
    )
    #expect(a == b)
    #expect(try TrainingCheckpoint(file: "\(rest.path)/\(end)").state?.iteration == 20)
  }

  @Test("goes on at the newest checkpoint")
  func resumeNewest() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 10}"), in: folder)
    #expect(try folder.text("last_checkpoint") == "iter_10.safetensors\n")
    let run = try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 12}"), in: folder,
      resume: .newest)
    #expect(run.trainer.iteration == 12)
    #expect(try folder.text("last_checkpoint") == "iter_12.safetensors\n")
  }

  @Test("that is done already is left as it is")
  func resumeDone() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let names = folder.names().filter { $0.hasSuffix("safetensors") }
    let run = try trainToy(try toyConfiguration(), in: folder, resume: .newest)
    #expect(folder.names().filter { $0.hasSuffix("safetensors") } == names)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("nothing is left to be trained: 20 of 20 iterations are done"))
  }

  @Test("does not depend on threads, workers or other runs")
  func isReproducible() throws {
    let loader =
      "train_dataloader: {batch_size: 2, num_workers: 3, sampler: {type: InfiniteSampler}, "
      + "dataset: {type: ToyDataset, count: 7}}"
    let folders = try (0..<3).map { _ in try TemporaryFolder() }
    defer { Threads.count = 0 }
    for (folder, (threads, more)) in zip(folders, [(1, ""), (2, ""), (2, loader)]) {
      Threads.count = threads
      try trainToy(try toyConfiguration(more), in: folder)
    }
    // The config in the files says how many workers there are.
    let files = try folders.map { folder in
      var checkpoint = try TrainingCheckpoint(file: "\(folder.path)/iter_20.safetensors")
      checkpoint.state?.configuration = nil
      return checkpoint
    }
    for checkpoint in files.dropFirst() {
      #expect(checkpoint.weights == files[0].weights)
      #expect(checkpoint.optimizer == files[0].optimizer)
      #expect(checkpoint.state == files[0].state)
    }
    let other = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: other, seed: 4)
    #expect(
      try TrainingCheckpoint(file: "\(other.path)/iter_20.safetensors").weights != files[0].weights)
  }

  @Test("learns")
  func learns() throws {
    let folder = try TemporaryFolder()
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 200, val_interval: 1000}"),
      in: folder)
    let losses = try scalars(folder).compactMap { $0["loss"] as? Double }
    // Single windows of ten noisy samples jump about; targets have a variance of 0.75, which a constant reaches.
    let end = losses.suffix(10).reduce(0, +) / 10
    #expect(losses.count == 40)
    #expect(end < 0.75, "\(losses)")
    #expect(end < 0.5 * losses[0], "\(losses)")
  }

  @Test(
    "refuses to resume what would not go on as it began",
    arguments: [
      ("", 9, UInt64(3), "training images: 7 in the checkpoint, 9 now"),
      ("", 7, 4, "seed: 3 in the checkpoint, 4 now"),
      (
        "train_dataloader: {batch_size: 3, dataset: {type: ToyDataset, count: 7}}", 7, 3,
        "batch size: 2 in the checkpoint, 3 now"
      ),
      (
        "train_dataloader: {batch_size: 2, dataset: {type: ToyDataset, count: 7, classes: [a]}}\n"
          + "val_dataloader: {dataset: {type: ToyDataset, count: 3, test_mode: true, classes: [a]}}", 7, 3,
        "classes: [\"thing\"] in the checkpoint, [\"a\"] now"
      ),
    ])
  func refusesOthers(more: String, images: Int, seed: UInt64, message: String) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let error = #expect(throws: CheckpointError.self) {
      try trainToy(try toyConfiguration(more, images: images), in: folder, resume: .newest, seed: seed)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test(
    "goes on with the checkpoint's learning rate, and says when the config's is another",
    arguments: [("0.05", nil), ("0.01", "the learning rate goes on from the checkpoint's, ")])
  func otherRate(rate: String, warning: String?) throws {
    let folder = try TemporaryFolder()
    let hook = "\ndefault_hooks: {checkpoint: {type: CheckpointHook, interval: 6, by_epoch: false}}"
    for more in [Self.epochs + hook, hook] {
      try trainToy(try toyConfiguration(more), in: folder)
      let run = try trainToy(
        try toyConfiguration(
          more
            + "\noptim_wrapper: {type: OptimWrapper, optimizer: {type: AdamW, lr: \(rate), weight_decay: 0.1}, "
            + "paramwise_cfg: {custom_keys: {norm: {decay_mult: 0}, head: {lr_mult: 0.5}}}, clip_grad: {max_norm: 1}}"
        ),
        in: folder, resume: .file("\(folder.path)/iter_6.safetensors"))
      let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
      #expect(log.contains("WARNING - ") == (warning != nil))
      if let warning { #expect(log.contains("WARNING - " + warning)) }
    }
  }

  @Test("refuses to resume where there is no checkpoint")
  func noCheckpoint() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: TrainingError.self) {
      try trainToy(try toyConfiguration(), in: folder, resume: .newest)
    }
    #expect(error?.message.contains("there is no checkpoint to resume from") == true)
    #expect(folder.names().isEmpty)
  }

  @Test("stops at a loss that is not finite, naming iteration, term and images")
  func notFinite() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: TrainingError.self) {
      try trainToy(try toyConfiguration("model: {type: Toy, nan_at: 12}"), in: folder)
    }
    let message = error?.message ?? ""
    #expect(message.hasPrefix("iteration 13 of 20: loss_toy is nan. "))
    #expect(message.contains(" Images of the batch: toy/"))
    #expect(folder.names().contains("iter_10.safetensors"))
  }

  @Test("says in its first lines what it is")
  func firstLines() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration("log_level: INFO"), in: folder)
    let directory = try #require(run.trainer.workDirectory)
    let lines = try String(contentsOfFile: directory.logFile, encoding: .utf8).components(separatedBy: "\n")
    let head = lines.prefix(13).joined(separator: "\n")
    for part in [
      "classes: 1 (thing)", "images: 7 for training, 3 for validation",
      "weights: initialised at random with seed 3", "parameters: 177 in 6 tensors",
      "batch: 2 images; 20 iterations", "learning rate: 0.05 (LinearLR, PolyLR)", "threads: ",
      "work directory: \(folder.path)", "without effect: log_level",
    ] {
      #expect(head.contains(part), "\(part)")
    }
  }

  @Test("logs under mm's keys")
  func logs() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration(), in: folder)
    let directory = try #require(run.trainer.workDirectory)
    let log = try String(contentsOfFile: directory.logFile, encoding: .utf8)
    #expect(log.contains("Iter(train) [ 5/20]  lr: 5.0000e-02  eta: 0:00:00  time: 0."))
    #expect(log.contains("  loss_toy: "))
    #expect(log.contains("  acc: 50.0000  grad_norm: "))
    #expect(log.contains("toy table of 3"))
    #expect(log.contains("Iter(val) [3/3]  toy/mAP: "))
    #expect(log.contains("toy/nothing: nan"))
    let scalars = try scalars(folder)
    #expect(scalars.compactMap { $0["step"] as? Int } == [5, 10, 10, 15, 20, 20])
    let training = try #require(scalars.first)
    for key in ["lr", "data_time", "grad_norm", "loss", "loss_toy", "acc", "time", "iter", "memory", "step"] {
      #expect(training[key] is NSNumber, "\(key)")
    }
    #expect(scalars[2]["toy/mAP"] is NSNumber)
    #expect(scalars[2]["toy/nothing"] is NSNull)
    #expect(try String(contentsOfFile: directory.configurationFile, encoding: .utf8).contains("type: AdamW"))
  }

  @Test("counts epochs in its log")
  func logsEpochs() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(try toyConfiguration(Self.epochs + "\ndefault_hooks: {}"), in: folder)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("Epoch(train) [2][4/4]"))
    #expect(log.contains("Epoch(val) [4][3/3]"))
    #expect(log.contains("Epoch(val) [5][3/3]"))
    #expect(!log.contains("Epoch(val) [3]"))
  }

  @Test("writes nothing in a dry run")
  func dryRun() throws {
    let folder = try TemporaryFolder()
    let run = try TrainingRun(
      configuration: try toyConfiguration(), components: .toy,
      options: TrainingOptions(workDirectory: folder.path, isQuiet: true, isDryRun: true))
    try run.run()
    #expect(run.trainer.iteration == 0)
    #expect(folder.names().isEmpty)
  }

  @Test("starts from the weights of load_from")
  func loadFrom() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let file = "\(folder.path)/iter_20.safetensors"
    let second = try TemporaryFolder()
    let run = try TrainingRun(
      configuration: try toyConfiguration("load_from: \(file)"), components: .toy,
      options: TrainingOptions(workDirectory: second.path, isQuiet: true))
    #expect(run.trainer.iteration == 0)
    #expect(run.trainer.model.stateDict == (try TrainingCheckpoint(file: file)).weights)
  }

  private func scalars(_ folder: TemporaryFolder) throws -> [[String: Any]] {
    let run = try #require(folder.names().first { !$0.contains(".") && $0 != "last_checkpoint" })
    return try folder.text("\(run)/vis_data/scalars.json").split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test(
    "explains what is wrong in its config",
    arguments: [
      ("train_cfg: {type: IterBasedTrainLop, max_iters: 3}", "unknown train loop 'IterBasedTrainLop'"),
      ("train_cfg: null", "the key 'train_cfg' is missing"),
      ("val_cfg: null", "val_cfg is missing"),
      ("val_cfg: {type: ValLoop, fp16: true}", "unknown key 'fp16'"),
      ("custom_hooks: [{type: EMAHok}]", "unknown hook 'EMAHok'"),
      ("custom_hooks: [{type: EMAHook, momentum: 1}]", "above 0 and below 1"),
      ("custom_hooks: [{type: EMAHook, gamma: 3}]", "is not a key of ExponentialMovingAverage"),
      ("custom_hooks: [{type: EMAHook, begin_epoch: 3}]", "Set begin_iter"),
      ("custom_hooks: [{type: EMAHook, begin_iter: 30}]", "behind the end of training"),
      ("custom_hooks: [{type: EarlyStoppingHook, monitor: mIoU, strict: true}]", "'mIoU' is not a figure"),
      (
        "default_hooks: {checkpoint: {type: CheckpointHook, by_epoch: true}}",
        "no checkpoint would be written"
      ),
      ("default_hooks: {logger: {type: LoggerHook, interval: 0}}", "0 is not in 1...1000000000"),
      ("precision: float16", "precision: 'float16' is not float32 or bfloat16"),
      ("auto_scale_lr: {enable: true}", "auto_scale_lr.base_batch_size: is missing"),
      ("val_evaluator: {type: CocoMetrik}", "unknown metric 'CocoMetrik'"),
      (
        "val_dataloader: {sampler: {type: InfiniteSampler}, dataset: {type: ToyDataset, count: 3, test_mode: true}}",
        "an evaluation would never be done"
      ),
      (
        "val_dataloader: {dataset: {type: ToyDataset, count: 3, test_mode: true, classes: [x]}}",
        "Only here: x. Only there: thing. Name them for both"
      ),
      ("train_dataloader: {dataset: {type: ToyDataset, count: 0}}", "has no images"),
      (
        "train_dataloader: {batch_size: 8, drop_last: true, dataset: {type: ToyDataset, count: 3}}",
        "3 images do not fill a batch of 8"
      ),
      (
        "train_dataloader: {batch_sampler: {type: AspectRatioSampler}, dataset: {type: ToyDataset, count: 3}}",
        "unknown batch sampler 'AspectRatioSampler'"
      ),
    ])
  func explains(more: String, message: String) throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ConfigurationError.self) {
      try trainToy(try toyConfiguration(more), in: folder)
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(folder.names().isEmpty)
  }

  @Test("accepts the default hooks that are always at work")
  func defaultHooks() throws {
    let folder = try TemporaryFolder()
    let hooks = """
      default_hooks:
        timer: {type: IterTimerHook}
        param_scheduler: {type: ParamSchedulerHook}
        sampler_seed: {type: DistSamplerSeedHook}
        logger: null
        checkpoint: null
      """
    try trainToy(try toyConfiguration(hooks), in: folder)
    #expect(folder.names().allSatisfy { !$0.hasSuffix(".safetensors") })
  }
}
