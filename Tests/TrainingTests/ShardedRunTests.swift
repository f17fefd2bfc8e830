import Checkpoints
import Configuration
import Data
import Distribution
import Foundation
import Modeling
import Tensors
import TestSupport
import Testing

import Training

@Suite("A run whose steps have shards")
struct ShardedRunTests {
  private static func configuration(
    _ more: String = "", shards: Int = 4, norm: String = "BN", workers: Int = 1, epochs: Bool = false
  ) throws -> ExperimentConfiguration {
    let loop =
      epochs
      ? "{type: EpochBasedTrainLoop, max_epochs: 3}"
      : "{type: IterBasedTrainLoop, max_iters: 6, val_interval: 3}"
    return try toyConfiguration(
      """
      model: {type: Toy, norm_cfg: {type: \(norm)}}
      distribution: {shards: \(shards)}
      train_dataloader:
        batch_size: 2
        num_workers: \(workers)
        sampler: {type: \(epochs ? "DefaultSampler" : "InfiniteSampler")}
        dataset: {type: ToyDataset, count: 23}
      train_cfg: \(loop)
      custom_hooks: [{type: EMAHook, momentum: 0.3, update_buffers: true}]
      default_hooks: {checkpoint: {type: CheckpointHook, interval: 1}, logger: {type: LoggerHook, interval: 1}}
      \(more)
      """)
  }

  private static let accumulating = """
    optim_wrapper: {type: OptimWrapper, optimizer: {type: AdamW, lr: 0.05}, accumulative_counts: 2}
    """

  /// The run's weights and its last checkpoint's.
  private func train(
    _ configuration: ExperimentConfiguration, resume: TrainingOptions.Resume = .no,
    in folder: TemporaryFolder? = nil,
    sharing: (@Sendable (DistributionSettings) throws -> any StepReduction)? = nil
  ) throws -> [String: StoredTensor] {
    let folder = try folder ?? TemporaryFolder()
    var options = TrainingOptions(workDirectory: folder.path, resume: resume, seed: 3, isQuiet: true)
    if let sharing { options.sharing = sharing }
    let run = try TrainingRun(configuration: configuration, components: .toy, options: options)
    try run.run()
    return run.trainer.model.stateDict
  }

  @Test("has the same weights for any threads and workers", arguments: ["BN", "SyncBN"])
  func threads(norm: String) throws {
    let count = Threads.count
    defer { Threads.count = count }
    var found: [[String: StoredTensor]] = []
    for (threads, workers) in [(1, 0), (2, 1), (3, 2), (4, 0)] {
      Threads.count = threads
      found.append(try train(try Self.configuration(norm: norm, workers: workers)))
    }
    #expect(found.allSatisfy { $0 == found[0] })
    #expect(try train(try Self.configuration(shards: 2, norm: norm)) != found[0])
  }

  @Test(
    "has the same weights for any number of ranks",
    arguments: ["BN", "SyncBN"], ["", accumulating])
  func ranks(norm: String, more: String) throws {
    let configuration = try Self.configuration(more, norm: norm)
    let alone = try train(configuration)
    for ranks in [1, 2, 3, 4] {
      let table = MemoryRank.Table(ranks: ranks)
      let found = Locked<[Int: [String: StoredTensor]]>([:])
      let failures = Locked<[String]>([])
      let threads = (0..<ranks).map { rank in
        Thread {
          do {
            let weights = try train(configuration) {
              try MemoryRank($0.tree, rank: rank, of: ranks, at: table)
            }
            found.change { $0[rank] = weights }
          } catch { failures.change { $0.append("rank \(rank): \(error)") } }
        }
      }
      for thread in threads { thread.start() }
      while !threads.allSatisfy(\.isFinished) { sched_yield() }
      #expect(failures.withLock { $0 } == [])
      for rank in 0..<ranks {
        #expect(found.withLock { $0[rank] } == alone, "rank \(rank) of \(ranks)")
      }
    }
  }

  @Test("resumed at any step gives the bits of a run left alone", arguments: ["BN", "SyncBN"])
  func resumed(norm: String) throws {
    for more in ["", Self.accumulating] {
      let configuration = try Self.configuration(more, norm: norm)
      let whole = try TemporaryFolder()
      let weights = try train(configuration, in: whole)
      for middle in [1, 2, 5] {
        let rest = try TemporaryFolder()
        let file = "\(rest.path)/iter_\(middle).safetensors"
        try FileManager.default.copyItem(atPath: "\(whole.path)/iter_\(middle).safetensors", toPath: file)
        #expect(try train(configuration, resume: .file(file), in: rest) == weights, "from \(middle)")
        let ends = try [whole, rest].map {
          try Data(contentsOf: URL(fileURLWithPath: "\($0.path)/iter_6.safetensors"))
        }
        #expect(ends[0] == ends[1])
      }
    }
  }

  @Test("does not go on with another number of shards, and says which it was")
  func otherShards() throws {
    let folder = try TemporaryFolder()
    _ = try train(try Self.configuration(), in: folder)
    let file = "\(folder.path)/iter_3.safetensors"
    for shards in [1, 2, 8] {
      let error = #expect(throws: CheckpointError.self) {
        try train(try Self.configuration(shards: shards), resume: .file(file))
      }
      let text = "\(try #require(error))"
      #expect(text.contains("shards of a step: 4 in the checkpoint, \(shards) now"))
      #expect(text.contains("set distribution.shards to 4"))
    }
  }

  @Test("learns the mean of its shards, as updates of several batches do")
  func mean() throws {
    // Iterations of one shard differ in nothing but the step's number, of which nothing random is drawn here.
    let base = """
      model: {type: Toy, norm_cfg: {type: GN, num_groups: 2}, drop_path_rate: 0}
      custom_hooks: []
      param_scheduler: []

      """
    func wrapper(_ counts: Int) -> String {
      "optim_wrapper: {type: OptimWrapper, optimizer: {type: SGD, lr: 0.1}, accumulative_counts: \(counts)}"
    }
    func weights(shards: Int, counts: Int, iterations: Int) throws -> [String: StoredTensor] {
      try train(
        try toyConfiguration(
          base + wrapper(counts) + "\ndistribution: {shards: \(shards)}\n"
            + "train_cfg: {type: IterBasedTrainLoop, max_iters: \(iterations), val_interval: 100}"))
    }
    let shards = try weights(shards: 4, counts: 1, iterations: 3)
    let batches = try weights(shards: 1, counts: 4, iterations: 12)
    let both = try weights(shards: 2, counts: 2, iterations: 6)
    for (name, tensor) in batches {
      for found in [shards, both] {
        let values = try #require(found[name]).tensor.values
        #expect(zip(values, tensor.tensor.values).allSatisfy { abs($0 - $1) < 1e-5 }, "\(name)")
      }
    }
  }

  @Test("counts epochs, images and rates by whole steps, and says so in the log")
  func counts() throws {
    let folder = try TemporaryFolder()
    let configuration = try Self.configuration(
      "auto_scale_lr: {enable: true, base_batch_size: 16}", epochs: true)
    let run = try TrainingRun(
      configuration: configuration, components: .toy,
      options: TrainingOptions(workDirectory: folder.path, seed: 3, isQuiet: true))
    #expect(run.trainer.iterationsPerEpoch == 3 && run.trainer.iterations == 9)
    #expect(run.trainer.batchSize == 8)
    try run.run()
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("batch: 8 images in 4 shards of 2"))
    #expect(log.contains("all learning rates times 0.5"))
  }

  @Test("is refused with what would be right")
  func refusals() throws {
    for (text, words) in [
      ("{shards: 3}", "a power of two"), ("{shards: 0}", "a power of two"), ("{shards: two}", "shards"),
      ("{timeout: 0}", "timeout"), ("{loss_normalizer: all}", "loss_normalizer"), ("{shard: 2}", "shards"),
      ("4", "distribution"),
    ] {
      let error = #expect(throws: (any Error).self) {
        try train(try toyConfiguration("distribution: \(text)"))
      }
      #expect("\(try #require(error))".contains(words), "\(text)")
    }
  }

  @Test("says in which shard's batch a loss is not finite", arguments: ["BN", "SyncBN"])
  func notFinite(norm: String) throws {
    let error = #expect(throws: TrainingError.self) {
      try train(
        try toyConfiguration(
          "distribution: {shards: 2}\nmodel: {type: Toy, nan_at: 1, norm_cfg: {type: \(norm)}}"))
    }
    #expect("\(try #require(error))".contains("loss_toy is nan"))
  }
}
