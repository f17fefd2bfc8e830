import Foundation
import TestSupport
import Testing

@Suite("stopping and going on")
struct StopTests {
  @Test(
    "a signal ends a run with a checkpoint, a sentence and the status that shells give it",
    arguments: [SIGINT, SIGTERM, SIGHUP])
  func signals(signal: Int32) throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let config = ExampleConfig.segmentor(set, iterations: 1_000_000, checkpoints: 1_000_000)
    let outcome = try Command.run(
      ["train"] + config + ["--work-dir", "\(folder.path)/run", "--threads", "1"], sending: signal,
      after: "Iter(train)")
    #expect(outcome.status == 128 + signal)
    #expect(
      outcome.errors.contains(/interrupted at iteration \d+ of 1000000: dense train .* --resume goes on\n/),
      "\(outcome.errors)")
    let name = try folder.text("run/last_checkpoint").trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/run/\(name)"))
  }

  @Test("a checkpoint brings its config along, and a work directory stands for its checkpoint")
  func carriedConfig() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let run = "\(folder.path)/run"
    func succeed(_ arguments: [String]) throws -> Command.Outcome {
      let outcome = try Command.run(arguments)
      #expect(outcome.status == 0, "\(arguments): \(outcome.errors)")
      return outcome
    }
    let config = ExampleConfig.segmentor(set, iterations: 2, checkpoints: 1)
    _ = try succeed(["train"] + config + ["--work-dir", run, "--quiet"])
    let checkpoint = "\(run)/iter_2.safetensors"
    let image = "\(set.folder)/images/validation/picture1.png"
    for named in [checkpoint, run] {
      #expect(try succeed(["test", named, "--json"]).output.contains("mIoU"))
      #expect(try succeed(["predict", named, image, "--json"]).output.contains("pixels"))
    }
    _ = try succeed(["train", "--resume", checkpoint, "--quiet", "--cfg-options", "train_cfg.max_iters=3"])
    #expect(try folder.text("run/last_checkpoint") == "iter_3.safetensors\n")
    _ = try succeed([
      "train", "--resume", "--work-dir", run, "--quiet", "--cfg-options", "train_cfg.max_iters=4",
    ])
    #expect(try folder.text("run/last_checkpoint") == "iter_4.safetensors\n")
    _ = try succeed(["checkpoint", "convert", checkpoint, "\(folder.path)/bare.safetensors"])
    let bare = try Command.run(["test", "\(folder.path)/bare.safetensors"])
    #expect(bare.status == 1 && bare.errors.contains("carries no config"), "\(bare.errors)")
    let empty = try Command.run(["test", "\(folder.path)/set"])
    #expect(empty.status == 1 && empty.errors.contains("is a folder without a checkpoint"), "\(empty.errors)")
  }

  @Test("says its version and what it computes with")
  func version() throws {
    struct Report: Decodable { var version, blas, simd, processor: String; var threads: Int }
    let outcome = try Command.run(["version", "--json", "--threads", "2"])
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.threads == 2 && outcome.output.contains(#""mpi":null"#))
    #expect(try Command.run(["--version"]).output == report.version + "\n")
    #expect(try Command.run(["version"]).output.hasPrefix("dense \(report.version)\n"))
  }

  @Test("a dry run says how long the run will take")
  func dryRun() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let outcome = try Command.run(
      ["train"] + ExampleConfig.segmentor(set, iterations: 50, checkpoints: 50)
        + ["--dry-run", "--work-dir", "\(folder.path)/run"])
    #expect(
      outcome.output.contains(
        /a step takes about [0-9.]+ s .*; 50 steps without validation: .*; peak memory: \d+ MB/),
      "\(outcome.output)")
    #expect(folder.names() == ["set"])
  }
}
