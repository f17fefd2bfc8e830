import Foundation
import TestSupport
import Testing

/// Runs that are ended from outside, over and over.
@Suite("killed runs")
struct KillTests {
  /// With everything that a run has to remember: averages, gradients that add up, a figure that is waited for.
  private func config(_ set: GeneratedSet) -> [String] {
    ExampleConfig.segmentor(set, iterations: 24, checkpoints: 1)
      + [
        "train_cfg.val_interval=4", "optim_wrapper.accumulative_counts=3", "default_hooks.logger.interval=1",
        "default_hooks.checkpoint.max_keep_ckpts=2",
        "custom_hooks=[{type: EMAHook, momentum: 0.1}, {type: EarlyStoppingHook, monitor: mIoU, min_delta: 1000, patience: 5}]",
      ]
  }

  @Test("ten times by SIGKILL and five times by SIGTERM, a run ends in the bits of one that was left alone")
  func sameBits() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path + "/set", count: 2)
    let train = ["train"] + config(set) + ["--threads", "1", "--work-dir"]
    let whole = try Command.run(train + ["\(folder.path)/whole"])
    #expect(whole.status == 0, "\(whole.errors)")
    // The first validation is the best by such a margin, and five more are waited for: the run is to end by itself.
    #expect(
      whole.output.contains("mIoU did not become better in 5 validations"), "\(whole.output.suffix(1500))")

    let run = "\(folder.path)/run"
    for number in 0..<15 {
      // A few lines behind where the last one was ended, a different few each time.
      let signal = number % 3 == 2 ? SIGTERM : SIGKILL
      let hasCheckpoint = FileManager.default.fileExists(atPath: "\(run)/last_checkpoint")
      let outcome = try Command.run(
        train + [run] + (hasCheckpoint ? ["--resume"] : []), sending: signal,
        after: ["Iter(train)", "Checkpoint written", "first batch", "Iter(val)", "parameters:"][number % 5])
      #expect(
        outcome.status == (signal == SIGTERM ? 128 + SIGTERM : SIGKILL), "\(number): \(outcome.errors)")
    }
    let rest = try Command.run(train + [run, "--resume"])
    #expect(rest.status == 0, "\(rest.errors)")
    let names = folder.names("whole").filter { $0.hasSuffix("safetensors") }
    #expect(!names.isEmpty && folder.names("run").filter { $0.hasSuffix("safetensors") } == names)
    for name in names {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/whole/\(name)"))
          == Data(contentsOf: URL(fileURLWithPath: "\(run)/\(name)")), "\(name)")
    }
  }
}
