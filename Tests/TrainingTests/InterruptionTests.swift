import Checkpoints
import Configuration
import Data
import Files
import Foundation
import TestSupport
import Testing

import Modeling
import Training

/// Asks for a stop at one moment of a run.
struct StoppingHook: Hook {
  enum Moment { case iteration(Int), validation, start }
  let moment: Moment
  let request: StopRequest

  mutating func beforeRun(_ trainer: Trainer) throws {
    if case .start = moment { request.ask(by: SIGINT) }
  }
  mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    if case .iteration(trainer.iteration) = moment { request.ask(by: SIGTERM) }
  }
  mutating func beforeValidation(_ trainer: Trainer) throws {
    if case .validation = moment { request.ask(by: SIGHUP) }
  }
}

@Suite("A run that is asked to stop")
struct InterruptionTests {
  /// Trains with one more hook until the stop.
  private func interrupted(
    at moment: StoppingHook.Moment, in folder: TemporaryFolder, _ more: String,
    resume: TrainingOptions.Resume = .no
  ) throws -> TrainingInterruption {
    let request = StopRequest()
    var components = Components.toy
    components.training.hooks.add("StoppingHook") { (_: NoSettings, _: HookContext) in
      StoppingHook(moment: moment, request: request)
    }
    let run = try TrainingRun(
      configuration: try toyConfiguration(more + "\ncustom_hooks: [{type: StoppingHook}]"),
      components: components,
      options: TrainingOptions(
        workDirectory: folder.path, resume: resume, seed: 3, isQuiet: true, stopRequest: request))
    return try #require(throws: TrainingInterruption.self) { try run.run() }
  }

  private static let epochs = """
    train_cfg: {type: EpochBasedTrainLoop, max_epochs: 5, val_interval: 2}
    default_hooks: {checkpoint: {type: CheckpointHook, interval: 2, max_keep_ckpts: 1}}
    """

  @Test(
    "writes a checkpoint, says how to go on, and goes on to the bits of one that was left alone",
    arguments: [
      ("", StoppingHook.Moment.iteration(7), "iter_7.safetensors", 143, false),
      ("", .iteration(10), "iter_10.safetensors", 143, true),
      ("", .validation, "iter_10.safetensors", 129, true),
      ("", .start, "iter_0.safetensors", 130, false),
      (epochs, .iteration(6), "iter_6.safetensors", 143, false),
      (epochs, .iteration(4), "epoch_1.safetensors", 143, false),
      (epochs, .validation, "epoch_2.safetensors", 129, true),
      (
        "optim_wrapper: {type: OptimWrapper, accumulative_counts: 3, optimizer: {type: SGD, lr: 0.1}}",
        .iteration(8), "iter_8.safetensors", 143, false
      ),
    ])
  func goesOn(
    more: String, moment: StoppingHook.Moment, file: String, status: Int, owes: Bool
  ) throws {
    let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
    try trainToy(try toyConfiguration(more), in: whole)
    let interruption = try interrupted(at: moment, in: parts, more)
    #expect(interruption.exitStatus == Int32(status))
    #expect(
      interruption.description.contains("dense train toy.yaml --work-dir \(parts.path) --resume goes on"))
    #expect(try parts.text("last_checkpoint") == file + "\n")
    let state = try #require(try TrainingCheckpoint(file: "\(parts.path)/\(file)").state)
    #expect(state.owesValidation == owes)
    #expect(interruption.description.hasPrefix("interrupted at iteration \(state.iteration) of 20: "))
    #expect(!parts.names().contains(FolderLock.name))
    try trainToy(try toyConfiguration(more), in: parts, resume: .newest, seed: nil)
    let names = { (folder: TemporaryFolder) in folder.names().filter { $0.hasSuffix("safetensors") } }
    #expect(names(parts) == names(whole))
    for name in names(whole) {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "\(whole.path)/\(name)"))
          == Data(contentsOf: URL(fileURLWithPath: "\(parts.path)/\(name)")), "\(name)")
    }
  }

  @Test("says so in the last line of its log")
  func endsItsLog() throws {
    let folder = try TemporaryFolder()
    _ = try interrupted(at: .iteration(3), in: folder, "")
    let run = try #require(
      folder.names().first { !$0.hasPrefix(".") && Folder.isFolder("\(folder.path)/\($0)") })
    let log = try folder.text("\(run)/\(run).log")
    #expect(log.split(separator: "\n").last?.contains("WARNING - interrupted at iteration 3 of 20") == true)
  }
}

@Suite("A work directory in use")
struct LockedWorkDirectoryTests {
  @Test("stops a second run, which names the process, and leaves no folder of its own")
  func isRefused() throws {
    let folder = try TemporaryFolder()
    let lock = try FolderLock(folder.path)
    let error = #expect(throws: TrainingError.self) { try trainToy(try toyConfiguration(), in: folder) }
    #expect(error?.message.contains("it is in use by process \(getpid()) since 2") == true)
    #expect(folder.names() == [FolderLock.name])
    _ = lock
  }

  @Test("is taken over when its process is gone, and cleared of what was half-written")
  func isTakenOver() throws {
    // No process has such a number.
    let left = ".iter_4.safetensors.999999999.partial"
    let folder = try TemporaryFolder([
      FolderLock.name: "999999999\n2020-01-01 00:00:00\nhost\n", left: "x",
      "20200101_000000/vis_data/\(left)": "x",
      ".iter_4.safetensors.\(getppid()).partial": "x",
    ])
    try trainToy(try toyConfiguration(), in: folder)
    let names = folder.names()
    #expect(!names.contains(FolderLock.name) && !names.contains(left))
    #expect(names.contains(".iter_4.safetensors.\(getppid()).partial"))
    #expect(folder.names("20200101_000000/vis_data").isEmpty)
  }

  @Test("is not needed to look at a run")
  func isNotForReaders() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    let lock = try FolderLock(folder.path)
    #expect(try WorkDirectory.lastCheckpoint(in: folder.path).hasSuffix("iter_20.safetensors"))
    let run = try TrainingRun(
      configuration: try toyConfiguration(), components: .toy,
      options: TrainingOptions(workDirectory: folder.path, isQuiet: true, isDryRun: true))
    try run.run()
    _ = lock
  }
}

@Suite("Annotations of a resumed run")
struct ChangedAnnotationsTests {
  private static func configuration(_ folder: TemporaryFolder) throws -> ExperimentConfiguration {
    try toyConfiguration(
      "train_dataloader: {batch_size: 2, dataset: {type: ToyDataset, count: 7, ann_file: \(folder.path)/a.json}}"
    )
  }

  @Test("that have changed stop it, and both files are named; with force it goes on")
  func haveChanged() throws {
    let (data, runs) = (try TemporaryFolder(["a.json": "one"]), try TemporaryFolder())
    try trainToy(try Self.configuration(data), in: runs)
    try data.write(Array("two".utf8), as: "a.json")
    let error = #expect(throws: CheckpointError.self) {
      try trainToy(try Self.configuration(data), in: runs, resume: .newest)
    }
    let text = try #require(error?.message)
    #expect(text.contains("\(data.path)/a.json with checksum 7a6c86f1 in the checkpoint"), "\(text)")
    #expect(text.contains("--force-resume"))
    let run = try TrainingRun(
      configuration: try Self.configuration(data), components: .toy,
      options: TrainingOptions(workDirectory: runs.path, resume: .newest, isQuiet: true, forcesResume: true))
    try run.run()
  }

  @Test("that have only moved are the same")
  func haveMoved() throws {
    let (old, new) = (try TemporaryFolder(["a.json": "one"]), try TemporaryFolder(["a.json": "one"]))
    let runs = try TemporaryFolder()
    try trainToy(try Self.configuration(old), in: runs)
    try trainToy(try Self.configuration(new), in: runs, resume: .newest)
  }
}

@Suite("A step that is not finite")
struct ReplayTests {
  @Test("says where it began, and is saved to be run once more")
  func isReplayed() throws {
    let folder = try TemporaryFolder()
    let configuration = try toyConfiguration("model: {type: Toy, nan_at: 6}")
    let error = try #require(throws: TrainingError.self) { try trainToy(configuration, in: folder) }
    #expect(
      error.message.hasPrefix("iteration 7 of 20: loss_toy is nan. The first result that is not finite: "))
    let file = "\(folder.path)/replay_iter_7.safetensors"
    #expect(error.message.hasSuffix("dense train --replay \(file)"), "\(error)")
    var options = TrainingOptions(workDirectory: "\(folder.path)/none", isQuiet: true)
    options.replay = file
    let again = try TrainingRun(configuration: configuration, components: .toy, options: options)
    let same = try #require(throws: TrainingError.self) { try again.run() }
    #expect(same.message.hasPrefix("iteration 7 of 20: loss_toy is nan."))
    #expect(!same.message.contains("--replay"))
    let mended = try TrainingRun(
      configuration: try toyConfiguration(), components: .toy, options: options)
    try mended.run()
    #expect(!folder.names().contains("none"))
  }

  @Test("has to be in the file")
  func isNotThere() throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration(), in: folder)
    var options = TrainingOptions(isQuiet: true)
    options.replay = "\(folder.path)/iter_20.safetensors"
    let run = try TrainingRun(configuration: try toyConfiguration(), components: .toy, options: options)
    #expect(throws: CheckpointError.self) { try run.run() }
  }
}

@Suite("Data that are gone while a run trains")
struct GoneDataTests {
  @Test("stop it with a checkpoint of the last full step, and it goes on when they are back")
  func goesOn() throws {
    let (whole, parts) = (try TemporaryFolder(), try TemporaryFolder())
    try trainToy(try toyConfiguration(), in: whole)
    func broken() throws -> ExperimentConfiguration {
      try toyConfiguration(
        "train_dataloader: {batch_size: 2, sampler: {type: InfiniteSampler}, dataset: {type: ToyDataset, count: 7, "
          + "missing_from: 12}}")
    }
    let error = #expect(throws: DataError.self) {
      try trainToy(try broken(), in: parts)
    }
    #expect(error?.description.contains("toy/") == true)
    #expect(try parts.text("last_checkpoint") == "iter_6.safetensors\n")
    try trainToy(try toyConfiguration(), in: parts, resume: .newest, seed: nil)
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: "\(whole.path)/iter_20.safetensors"))
        == Data(contentsOf: URL(fileURLWithPath: "\(parts.path)/iter_20.safetensors")))
    #expect(!parts.names().contains("iter_6.safetensors"))
  }
}
