import Foundation
import TestSupport
import Testing

/// Several processes that Open MPI starts, more than the machine has cores.
@Suite(
  "ranks", .serialized,
  .enabled(
    if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mpirun"),
    "mpirun is not installed (Debian: openmpi-bin)"))
struct RanksTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 8)
  }

  /// How a number of ranks is started; none for one process without a launcher.
  private func launcher(_ ranks: Int) -> [String] {
    ranks == 0 ? [] : ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "\(ranks)"]
  }

  private func train(
    _ ranks: Int, _ config: [String], to run: String, shards: Int = 4, timeout: Int = 120,
    more: [String] = [],
    sending signal: Int32? = nil, after awaited: String = "Iter(train)", toChild child: Int? = nil
  ) throws -> Command.Outcome {
    try Command.run(
      ["train"] + config
        + [
          "distribution.shards=\(shards)", "distribution.timeout=\(timeout)",
          "default_hooks.logger.interval=1",
        ]
        + ["--work-dir", "\(folder.path)/\(run)"] + more,
      through: launcher(ranks), sending: signal, after: awaited, toChild: child)
  }

  /// The bytes of a checkpoint, and the last line of the validations' figures.
  private func result(of run: String, iteration: Int) throws -> (weights: Data, figures: String) {
    let base = "\(folder.path)/\(run)"
    let newest = try #require(
      try FileManager.default.contentsOfDirectory(atPath: base).filter { $0.first?.isNumber == true }.max())
    let figures = try folder.text("\(run)/\(newest)/metrics.csv").split(separator: "\n").last
    return (
      try Data(contentsOf: URL(fileURLWithPath: "\(base)/iter_\(iteration).safetensors")),
      String(try #require(figures))
    )
  }

  @Test("weights and validation have the bits of one process, whatever the number of ranks")
  func sameBits() throws {
    let config = ExampleConfig.segmentor(set, iterations: 4, checkpoints: 4)
    // Norms over all shards: their statistics are summed over the ranks, too.
    let norm = ["model.decode_head.norm_cfg.type=SyncBN"]
    var wanted: (weights: Data, figures: String)?
    for ranks in [0, 1, 2, 3, 4] {
      let outcome = try train(ranks, config + norm, to: "run\(ranks)")
      #expect(outcome.status == 0, "\(ranks) ranks: \(outcome.errors)")
      let result = try result(of: "run\(ranks)", iteration: 4)
      if let wanted {
        #expect(result.weights == wanted.weights, "\(ranks) ranks")
        #expect(result.figures == wanted.figures, "\(ranks) ranks")
      }
      wanted = wanted ?? result
      // One speaks; the others have logs.
      #expect(outcome.output.components(separatedBy: "parameters: ").count == 2)
    }
    let logs = try FileManager.default.subpathsOfDirectory(atPath: folder.path + "/run3")
      .filter { $0.contains("rank_") }
    #expect(Set(logs.map { $0.suffix(10) }) == ["rank_1.log", "rank_2.log"])
  }

  @Test("a detector's weights have the bits of one process, and so have its test's figures and results")
  func detector() throws {
    let config = ExampleConfig.detector(set, iterations: 2, checkpoints: 2)
    for ranks in [0, 2] {
      let outcome = try train(ranks, config, to: "run\(ranks)", shards: 2)
      #expect(outcome.status == 0, "\(outcome.errors)")
    }
    let alone = try result(of: "run0", iteration: 2)
    #expect(try result(of: "run2", iteration: 2).weights == alone.weights)
    var results: [[String]] = []
    for ranks in [0, 3] {
      let stem = "\(folder.path)/results\(ranks)"
      let outcome = try Command.run(
        ["test", "\(folder.path)/run0/iter_2.safetensors", "--json", "--out", stem + ".json"],
        through: launcher(ranks))
      #expect(outcome.status == 0, "\(outcome.errors)")
      let figures = outcome.output.replacing(/"seconds":[^,}]*/, with: "")
      results.append(
        [figures] + (try ["bbox", "segm"].map { try folder.text("results\(ranks).\($0).json") }))
    }
    #expect(results[0] == results[1])
  }

  @Test("a killed rank ends all, and half of them go on from the last checkpoint to the same bits")
  func killedRank() throws {
    func config(_ iterations: Int) -> [String] {
      ExampleConfig.segmentor(set, iterations: iterations, checkpoints: 1)
    }
    let killed = try train(
      4, config(1_000_000), to: "run", sending: SIGKILL, after: "Checkpoint written", toChild: 2)
    #expect(killed.status == 128 + SIGKILL)
    let last = try folder.text("run/last_checkpoint").trimmingCharacters(in: .whitespacesAndNewlines)
    // However far it came: two steps more.
    let end = try #require(Int(last.filter(\.isNumber))) + 2
    let outcome = try train(2, config(end), to: "run", more: ["--resume"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try train(0, config(end), to: "whole").status == 0)
    #expect(
      try result(of: "run", iteration: end).weights == result(of: "whole", iteration: end).weights)
  }

  @Test("a rank that hangs is named after distribution.timeout, and all end")
  func hangingRank() throws {
    let config = ExampleConfig.segmentor(set, iterations: 1_000_000, checkpoints: 1_000_000)
    let outcome = try train(3, config, to: "run", timeout: 3, sending: SIGSTOP, toChild: 1)
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(/error: rank 0 on \S+: rank 1 on \S+ has not answered for 3 s/),
      "\(outcome.errors)")
  }

  @Test(
    "a signal to one rank, or to mpirun, ends all behind the same step with a checkpoint",
    arguments: [(SIGTERM, 2), (SIGINT, 0), (SIGUSR1, nil)] as [(Int32, Int?)])
  func stop(signal: Int32, child: Int?) throws {
    let config = ExampleConfig.segmentor(set, iterations: 1_000_000, checkpoints: 1_000_000)
    let outcome = try train(3, config, to: "run", sending: signal, toChild: child)
    #expect(outcome.status == 128 + signal)
    #expect(
      outcome.errors.contains(/interrupted at iteration \d+ of 1000000: dense train .* --resume goes on\n/),
      "\(outcome.errors)")
    let name = try folder.text("run/last_checkpoint").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/run/\(name)"))
  }

  @Test("more ranks than shards are refused before anything starts")
  func tooManyRanks() throws {
    let config = ExampleConfig.segmentor(set, iterations: 2, checkpoints: 2)
    let outcome = try train(3, config, to: "run", shards: 2)
    #expect(outcome.status == 1)
    let said = "3 ranks cannot share 2 shards"
    #expect(outcome.errors.components(separatedBy: said).count == 2, "\(outcome.errors)")
    #expect(folder.names() == ["set"])
  }

  @Test("ranks of different configs are told what differs; one that lacks the data is named")
  func differingRanks() throws {
    let config = ExampleConfig.segmentor(set, iterations: 2, checkpoints: 2) + ["distribution.shards=2"]
    func start(_ other: String) throws -> Command.Outcome {
      let run = ["--work-dir", "\(folder.path)/run"]
      return try Command.run(
        ["train"] + config + run + [":", "-n", "1", Command.executable.path, "train"] + config + [other]
          + run,
        through: launcher(1))
    }
    let differing = try start("optim_wrapper.optimizer.lr=0.5")
    #expect(differing.status == 1)
    #expect(
      differing.errors.contains(
        /the ranks would not do the same:\n  config: \w+ on rank 0 on \S+; \w+ on rank 1/),
      "\(differing.errors)")
    let lacking = try start("data_root=\(folder.path)/nowhere")
    #expect(lacking.status == 1)
    #expect(lacking.errors.contains(/rank 1 on \S+: .*nowhere/), "\(lacking.errors)")
    #expect(!lacking.errors.contains("rank 0 on"), "\(lacking.errors)")
  }
}
