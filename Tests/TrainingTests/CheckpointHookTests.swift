import Foundation
import TestSupport
import Testing

import Checkpoints
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
      (
        "{type: CheckpointHook, interval: 4, save_begin: 10, save_last: false}",
        ["iter_10", "iter_14", "iter_18"]
      ),
    ])
  func keeps(hook: String, expected: [String]) throws {
    let folder = try TemporaryFolder()
    try trainToy(try toyConfiguration("default_hooks: {checkpoint: \(hook)}"), in: folder)
    #expect(folder.names().filter { $0.hasPrefix("iter_") } == expected.map { "\($0).safetensors" })
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
      folder.names().filter { $0.hasPrefix("iter_") } == ["iter_12.safetensors", "iter_8.safetensors"])
  }

  /// The folder of a run whose newest checkpoint, `iter_8`, tells another history.
  private func forged(_ history: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 8}\n" + Self.one), in: folder)
    let path = "\(folder.path)/iter_8.safetensors"
    var file = try Safetensors(file: path)
    file.metadata["checkpoints"] = history
    try file.write(to: path)
    return folder
  }

  private static let one =
    "default_hooks: {checkpoint: {type: CheckpointHook, interval: 4, max_keep_ckpts: 1, save_best: auto}}"
  private static let longer = "train_cfg: {type: IterBasedTrainLoop, max_iters: 12, val_interval: 4}\n" + one

  @Test(
    "removes nothing that a checkpoint of somebody else names",
    arguments: [
      "../precious", "", ".", "..", "precious", "precious/iter_1.safetensors", "./iter_3.safetensors",
      "last_checkpoint", "iter_x.safetensors", "iter_+3.safetensors", "iter_03.safetensors",
      "best_../../x_iter_3.safetensors", "epoch_3.safetensors/..", "iter_99.safetensors",
      "iter_77.safetensors", "epoch_77.safetensors", "best_toy_mAP_iter_77.safetensors",
    ])
  func forgedHistory(name: String) throws {
    let history =
      "{\"best\":{\"file\":\"\(name)\",\"metric\":\"toy/mAP\",\"value\":-1e9},\"written\":[\"\(name)\",\"iter_8.safetensors\"]}"
    let folder = try forged(history)
    // A folder is never removed, whatever it is called.
    for precious in ["precious", "iter_99.safetensors"] {
      try FileManager.default.createDirectory(
        atPath: "\(folder.path)/\(precious)/deep", withIntermediateDirectories: true)
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(precious)/iter_1.safetensors"))
    }
    // Nor what this run cannot have written by its eighth iteration.
    let later = ["iter_77", "epoch_77", "best_toy_mAP_iter_77"].map { $0 + ".safetensors" }
    for file in later + ["iter_3.safetensors"] {
      try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
    }
    try trainToy(try toyConfiguration(Self.longer), in: folder, resume: .newest)
    let names = folder.names()
    for kept in [
      "precious", "iter_99.safetensors", "iter_3.safetensors", "iter_12.safetensors", "last_checkpoint",
    ] + later {
      #expect(names.contains(kept), "\(kept)")
    }
    #expect(!names.contains("iter_8.safetensors"))
    #expect(try folder.text("precious/iter_1.safetensors") == "x")
    #expect(try folder.text("iter_99.safetensors/iter_1.safetensors") == "x")
  }

  @Test("takes no history of another folder over")
  func otherFolder() throws {
    let old = try forged("{\"written\":[\"iter_3.safetensors\",\"iter_8.safetensors\"]}")
    let folder = try TemporaryFolder()
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/iter_3.safetensors"))
    try trainToy(
      try toyConfiguration(Self.longer), in: folder, resume: .file("\(old.path)/iter_8.safetensors"))
    #expect(try folder.text("iter_3.safetensors") == "x")
    let history = try Safetensors(file: "\(folder.path)/iter_12.safetensors").metadata["checkpoints"]
    #expect(history?.contains("\"written\":[\"iter_12.safetensors\"]") == true, "\(history ?? "")")
  }

  @Test("removes with the next save what a run that was killed had no time to remove")
  func leftOver() throws {
    let folder = try TemporaryFolder()
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 8}\n" + Self.one), in: folder)
    // 4 was about to go; 3 is nothing that this run writes, and 16 is of another one.
    for name in ["iter_4", "iter_3", "iter_16"] {
      try FileManager.default.copyItem(
        atPath: "\(folder.path)/iter_8.safetensors", toPath: "\(folder.path)/\(name).safetensors")
    }
    try trainToy(try toyConfiguration(Self.longer), in: folder, resume: .newest)
    #expect(
      folder.names().filter { $0.hasPrefix("iter_") }
        == ["iter_12.safetensors", "iter_16.safetensors", "iter_3.safetensors"])
  }

  @Test("removes what interrupted runs went on from, also when one was killed before it could")
  func passing() throws {
    let folder = try TemporaryFolder()
    try trainToy(
      try toyConfiguration("train_cfg: {type: IterBasedTrainLoop, max_iters: 8}\n" + Self.one), in: folder)
    let whole = try Safetensors(file: "\(folder.path)/iter_8.safetensors")
    // 5 and 7 say so of themselves; 6 speaks of another file, 3 says nothing, 9 is of a run that came further.
    for (name, passing) in [
      ("iter_5", "iter_5"), ("iter_7", "iter_7"), ("iter_6", "iter_5"), ("iter_9", "iter_9"),
    ] {
      var file = whole
      file.metadata["checkpoints"] = "{\"passing\":\"\(passing).safetensors\",\"written\":[]}"
      try file.write(to: "\(folder.path)/\(name).safetensors")
    }
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/iter_3.safetensors"))
    try trainToy(try toyConfiguration(Self.longer), in: folder, resume: .newest)
    #expect(
      folder.names().filter { $0.hasPrefix("iter_") }
        == ["iter_12", "iter_3", "iter_6", "iter_9"].map { $0 + ".safetensors" })
  }

  @Test("takes the first figure for auto, and says when nothing validates")
  func auto() throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        "val_dataloader: null\nval_cfg: null\nval_evaluator: null\n" + Self.one), in: folder)
    let log = try String(contentsOfFile: try #require(run.trainer.workDirectory).logFile, encoding: .utf8)
    #expect(log.contains("WARNING - save_best: there is no validation"))
    try trainToy(try toyConfiguration(Self.longer), in: folder)
    #expect(folder.names().contains { $0.hasPrefix("best_toy_mAP_iter_") })
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

  @Test(
    "keeps a best checkpoint by what the config says, else by the usual figure",
    arguments: [
      ("{type: CheckpointHook}", ["best_toy_mAP"]),
      ("{type: CheckpointHook, save_best: null}", []),
      ("{type: CheckpointHook, save_best: auto}", ["best_toy_mAP"]),
      ("{type: CheckpointHook, save_best: [val/loss, toy/mAP]}", ["best_toy_mAP", "best_val_loss"]),
      (
        "{type: CheckpointHook, save_best: [toy/mAP, val/loss_toy], rule: [less, greater]}",
        ["best_toy_mAP", "best_val_loss_toy"]
      ),
    ])
  func bests(hook: String, expected: [String]) throws {
    let folder = try TemporaryFolder()
    let run = try trainToy(
      try toyConfiguration(
        """
        val_cfg: {type: ValLoop, loss: true}
        train_cfg: {type: IterBasedTrainLoop, max_iters: 20, val_interval: 4}
        default_hooks: {checkpoint: \(hook)}
        """), in: folder)
    let names = folder.names().filter { $0.hasPrefix("best_") }
    #expect(names.map { String($0[..<($0.firstRange(of: "_iter_")?.lowerBound ?? $0.endIndex)]) } == expected)
    // The newest checkpoint knows them, and that its validation is done.
    let file = try Safetensors(file: "\(folder.path)/iter_20.safetensors")
    for name in names { #expect(file.metadata["checkpoints"]?.contains(name) == true) }
    #expect(file.metadata["validation"] == nil)
    #expect(run.trainer.iteration == 20)
  }

  @Test("publishes the last and the best without what only the run needs")
  func published() throws {
    let folder = try TemporaryFolder()
    try trainToy(
      try toyConfiguration(
        """
        custom_hooks: [{type: EMAHook}]
        default_hooks: {checkpoint: {type: CheckpointHook, published_keys: [state_dict, meta]}}
        """), in: folder)
    let names = folder.names().filter { $0.wholeMatch(of: /.*-[0-9a-f]{8}\.safetensors/) != nil }
    #expect(names.count == 2 && names[0].hasPrefix("best_") && names[1].hasPrefix("iter_20-"), "\(names)")
    for name in names {
      let file = try Safetensors(file: "\(folder.path)/\(name)")
      #expect(file.tensors.count == 9 && file.tensors.keys.allSatisfy { !$0.hasPrefix("optimizer/") })
      #expect(file.metadata.keys.sorted() == ["classes", "config", "format", "version"])
    }
  }

  @Test(
    "explains what is wrong with save_best",
    arguments: [
      ("save_best: [toy/mAP, toy/mAP]", "names a figure twice"),
      ("save_best: [auto, toy/mAP]", "auto beside others"),
      ("save_best: toy/mAP, rule: [less, greater]", "2 rules for 1 figures"),
      ("published_keys: weights", "published_keys"),
    ])
  func wrongSettings(keys: String, message: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try trainToy(
        try toyConfiguration("default_hooks: {checkpoint: {type: CheckpointHook, \(keys)}}"),
        in: try TemporaryFolder())
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
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
