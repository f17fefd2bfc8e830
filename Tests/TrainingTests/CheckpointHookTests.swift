import Foundation
import TestSupport
import Testing

import Configuration
import Training

@Suite("CheckpointHook")
struct CheckpointHookTests {
  @Test(
    "writes when it should and keeps what it should",
    arguments: [
      ("{type: CheckpointHook, interval: 6}", ["iter_12", "iter_18", "iter_20", "iter_6"]),
      ("{type: CheckpointHook, interval: 6, save_last: false}", ["iter_12", "iter_18", "iter_6"]),
      ("{type: CheckpointHook, interval: 5, max_keep_ckpts: 2}", ["iter_15", "iter_20"]),
      ("{type: CheckpointHook}", ["iter_20"]),
    ])
  func keeps(hook: String, expected: [String]) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration("default_hooks: {checkpoint: \(hook)}"), in: folder)
    #expect(folder.names().filter { $0.hasSuffix("safetensors") } == expected.map { "\($0).safetensors" })
  }

  @Test("goes on with what it kept when a run is resumed")
  func resumes() throws {
    let folder = try TemporaryFolder()
    let hooks = "default_hooks: {checkpoint: {type: CheckpointHook, interval: 4, max_keep_ckpts: 2}}"
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 8}\n" + hooks), in: folder)
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 12}\n" + hooks), in: folder,
      resume: .newest)
    #expect(
      folder.names().filter { $0.hasSuffix("safetensors") } == ["iter_12.safetensors", "iter_8.safetensors"])
  }

  @Test("keeps one best checkpoint", arguments: ["greater", "less"])
  func best(rule: String) throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        """
        train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 4}
        default_hooks: {checkpoint: {type: CheckpointHook, save_best: toy/mAP, rule: \(rule)}}
        """), in: folder)
    let best = folder.names().filter { $0.hasPrefix("best_") }
    #expect(best.count == 1)
    let scalars = try String(
      contentsOfFile: try #require(run.trainer.workDirectory).scalarsFile, encoding: .utf8)
    let values = try scalars.split(separator: "\n").compactMap { line -> (step: Int, value: Double)? in
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      guard let value = object["toy/mAP"] as? Double, let step = object["step"] as? Int else { return nil }
      return (step, value)
    }
    #expect(values.count == 5)
    let winner = try #require(
      rule == "greater" ? values.max { $0.value < $1.value } : values.min { $0.value < $1.value })
    #expect(best == ["best_toy_mAP_iter_\(winner.step).safetensors"])
  }

  @Test("names the figures there are when save_best names another")
  func wrongBest() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ConfigurationError.self) {
      try trainToy(
        try toyConfiguration("default_hooks: {checkpoint: {type: CheckpointHook, save_best: mIoU}}"),
        in: folder)
    }
    #expect(
      error?.description
        == "more.yaml:1:63: default_hooks.checkpoint.save_best: 'mIoU' is not a figure of the "
        + "validation: toy/mAP, toy/nothing")
    #expect(folder.names().isEmpty)
  }
}
