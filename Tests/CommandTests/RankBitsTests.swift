import Checkpoints
import Foundation
import TestSupport
import Testing

/// What ranks come to, against one process.
@Suite("the bits of ranks", .serialized, RankRuns.needsMPI)
struct RankBitsTests {
  private let folder: TemporaryFolder
  private let runs: RankRuns

  init() throws {
    folder = try TemporaryFolder()
    runs = RankRuns(folder: folder)
  }

  @Test(
    "2, 4 and 8 ranks have one process' bits after 20 steps, and so have 2 where one of 4 was killed",
    arguments: ShardTests.Task.allCases)
  func sameBits(task: ShardTests.Task) throws {
    let config =
      try task.config(in: folder, steps: 20, stepsPerEpoch: 1) + [
        "distribution.shards=8", "default_hooks.checkpoint.interval=10",
        "default_hooks.checkpoint.max_keep_ckpts=-1",
      ]
    var wanted: (weights: Data, figures: String)?
    for ranks in [1, 2, 4, 8] {
      let run = "run\(ranks)"
      let outcome = try runs.train(ranks, config, to: run)
      #expect(outcome.status == 0, "\(ranks) ranks: \(outcome.errors)\(outcome.output.suffix(2000))")
      let result = (weights: try runs.weights(of: run, iteration: 20), figures: try runs.figures(of: run))
      if let wanted {
        #expect(result.weights == wanted.weights, "\(ranks) ranks")
        #expect(result.figures == wanted.figures, "\(ranks) ranks")
      }
      wanted = wanted ?? result
      // One speaks; the others have logs.
      #expect(outcome.output.components(separatedBy: "parameters: ").count == 2)
      let logs = try FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/\(run)")
      #expect(logs.count { $0.contains("rank_") } == ranks - 1)
    }
    // One that has no end before it is killed.
    let endless = [task.unit == "epochs" ? "train_cfg.max_epochs=1000" : "train_cfg.max_iters=100000"]
    let killed = try runs.train(
      4, config + endless, to: "killed",
      doing: Command.Interference(after: "iter_10.safetensors") { kill($0.children[2], SIGKILL) })
    #expect(killed.status == 128 + SIGKILL)
    let seconds = try #require(killed.secondsAfterwards)
    #expect(seconds < 2, "all end within two seconds")
    let checkpoint = "\(folder.path)/killed/iter_10.safetensors"
    let rest = try runs.train(2, config, to: "rest", more: ["--resume", checkpoint])
    #expect(rest.status == 0, "\(rest.errors)")
    // The config, which tells of the endless run, is another one.
    let ends = try ["rest", "run1"].map {
      try Safetensors(file: "\(folder.path)/\($0)/iter_20.safetensors").tensors
    }
    #expect(ends[0] == ends[1])
  }

  @Test("3 ranks share 4 shards, statistics of SyncBN over all of them, and a test's images")
  func unevenShares() throws {
    let set = try GeneratedSet(in: folder.path + "/set", count: 5)
    let config =
      ExampleConfig.segmentor(set, iterations: 3, checkpoints: 3) + [
        "distribution.shards=4", "train_dataloader.batch_size=1", "model.decode_head.norm_cfg.type=SyncBN",
      ]
    for ranks in [1, 3] { #expect(try runs.train(ranks, config, to: "run\(ranks)").status == 0) }
    #expect(try runs.weights(of: "run3", iteration: 3) == runs.weights(of: "run1", iteration: 3))
    let detector = ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
    #expect(try runs.train(1, detector, to: "detector").status == 0)
    var results: [[String]] = []
    for ranks in [1, 3] {
      let stem = "\(folder.path)/results\(ranks)"
      let outcome = try Command.run(
        ["test", "\(folder.path)/detector/iter_1.safetensors", "--json", "--out", stem + ".json"],
        through: RankRuns.launcher(ranks))
      #expect(outcome.status == 0, "\(outcome.errors)")
      let figures = outcome.output.replacing(/"seconds":[^,}]*/, with: "")
      results.append(
        [figures] + (try ["bbox", "segm"].map { try folder.text("results\(ranks).\($0).json") }))
    }
    #expect(results[0] == results[1])
  }

  /// Ends one of the processes that write to a work directory.
  private static func killOneRank(of run: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let process = Int32(name),
        (try? String(contentsOfFile: "/proc/\(name)/comm", encoding: .utf8)) == "dense\n",
        let call = try? String(contentsOfFile: "/proc/\(name)/cmdline", encoding: .utf8), call.contains(run)
      else { continue }
      kill(process, SIGKILL)
      return
    }
  }

  @Test("tools/launch.sh starts again without a machine that is gone, and comes to the same bits")
  func launchScript() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    // In place of ssh: the second machine is this one until it is gone.
    let (ssh, gone) = ("\(folder.path)/ssh", "\(folder.path)/gone")
    try """
    #!/usr/bin/env bash
    while [[ ${1:-} == -* ]]; do [ "$1" = -o ] && shift; shift; done
    [ "$1" = second ] && [ -e "\(gone)" ] && exit 255
    shift
    exec bash -c "$*"
    """.write(toFile: ssh, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: ssh)
    let config =
      try ShardTests.Task.segmentor.config(in: folder, steps: 40) + [
        "default_hooks.logger.interval=1", "default_hooks.checkpoint.max_keep_ckpts=-1",
      ]
    #expect(try runs.train(1, config, to: "alone").status == 0)
    let run = "\(folder.path)/launched"
    // Two daemons of one machine must not share its memory.
    let mpirun =
      "mpirun --allow-run-as-root --oversubscribe --mca btl tcp,self --mca plm_rsh_agent \(ssh)"
    let outcome = try Command.run(
      ["--hosts", "localhost:2,second:2", "--mpirun", mpirun, "--", "train"] + config + ["--work-dir", run],
      of: root.appendingPathComponent("tools/launch.sh"),
      through: [
        "env", "DENSE=\(Command.executable.path)",
        "PATH=\(folder.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")",
      ],
      doing: Command.Interference(after: "iter_2.safetensors") { _ in
        try Data().write(to: URL(fileURLWithPath: gone))
        Self.killOneRank(of: run)
      })
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.errors.contains("launch: ended with status 137; restart 1 of 3"), "\(outcome.errors)")
    #expect(outcome.errors.contains("launch: second does not answer: it is left out"))
    let ends = try ["alone", "launched"].map {
      try Safetensors(file: "\(folder.path)/\($0)/iter_40.safetensors").tensors
    }
    #expect(ends[0] == ends[1])
  }
}
