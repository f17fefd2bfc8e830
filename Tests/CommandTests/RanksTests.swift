import Foundation
import TestSupport
import Testing

/// How ranks end: several processes that Open MPI starts, more than the machine has cores.
@Suite("ranks", .serialized, RankRuns.needsMPI)
struct RanksTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet
  private let runs: RankRuns

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 8)
    runs = RankRuns(folder: folder)
  }

  /// Three ranks that train without end.
  private func train(
    shards: Int = 4, timeout: Int = 120, more: [String] = [], after awaited: String = "Iter(train)",
    _ body: @escaping (_ processes: (own: Int32, children: [Int32])) throws -> Void
  ) throws -> Command.Outcome {
    let config = ExampleConfig.segmentor(set, iterations: 1_000_000, checkpoints: 1_000_000)
    let distribution = ["distribution.shards=\(shards)", "distribution.timeout=\(timeout)"]
    return try runs.train(
      3, config + distribution + more, to: "run", doing: Command.Interference(after: awaited, body))
  }

  @Test("a rank that fails says which one it is, where, and why, and all end within two seconds")
  func failingRank() throws {
    // Every image is broken from now on: the first rank that loads one ends all.
    let outcome = try train(more: ["train_dataloader.num_workers=0"]) { [set] _ in
      let images = "\(set.folder)/images/training"
      for name in try FileManager.default.contentsOfDirectory(atPath: images) {
        try Data("no image".utf8).write(to: URL(fileURLWithPath: "\(images)/\(name)"))
      }
    }
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains(/error: rank \d on \S+: .*picture\d.png/), "\(outcome.errors)")
    #expect(try #require(outcome.secondsAfterwards) < 2)
  }

  @Test(
    "every thread of a rank, the one that sends too, keeps to the rank's cores, which no other has",
    .enabled(if: ProcessInfo.processInfo.activeProcessorCount >= 2))
  func ownCores() throws {
    var cores: [Set<String>] = []
    let config = ExampleConfig.segmentor(set, iterations: 1_000_000, checkpoints: 1_000_000)
    _ = try runs.train(
      2, config + ["distribution.shards=2"], to: "run",
      doing: Command.Interference { processes in
        for rank in processes.children {
          let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(rank)/task")
          cores.append(
            Set(
              threads.compactMap { thread in
                try? String(contentsOfFile: "/proc/\(rank)/task/\(thread)/status", encoding: .utf8)
                  .split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }.map { String($0) }
              }))
        }
        kill(processes.own, SIGUSR1)
      })
    #expect(cores.count == 2 && cores.allSatisfy { $0.count == 1 } && cores.first != cores.last, "\(cores)")
  }

  @Test("a rank that hangs is named after distribution.timeout, and all end")
  func hangingRank() throws {
    let outcome = try train(timeout: 3) { kill($0.children[1], SIGSTOP) }
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(/error: rank 0 on \S+: rank 1 on \S+ has not answered for 3 s/),
      "\(outcome.errors)")
    #expect(try #require(outcome.secondsAfterwards) < 3 + 2)
  }

  @Test(
    "a signal to one rank, or to mpirun, ends all behind the same step with a checkpoint",
    arguments: [(SIGTERM, 2), (SIGINT, 0), (SIGUSR1, nil)] as [(Int32, Int?)])
  func stop(signal: Int32, child: Int?) throws {
    let outcome = try train { processes in
      kill(child.map { processes.children[$0] } ?? processes.own, signal)
    }
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
    let outcome = try runs.train(3, config + ["distribution.shards=2"], to: "run")
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
        through: ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "1"])
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
