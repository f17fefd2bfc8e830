import Checkpoints
import Foundation
import TestSupport
import Testing

/// Steps of several shards of whole models, by calling the command.
@Suite("steps of four shards")
struct ShardTests {
  enum Task: String, CaseIterable, CustomTestStringConvertible {
    case detector, segmentor, classifier
    var testDescription: String { rawValue }

    /// What the length of its runs is counted in.
    var unit: String { self == .classifier ? "epochs" : "iterations" }

    /// A config of a number of steps, three unless said otherwise, with a checkpoint after each.
    func config(in folder: TemporaryFolder, steps: Int = 3, stepsPerEpoch: Int = 3) throws -> [String] {
      let shards = ["distribution.shards=4"]
      switch self {
      case .detector:
        let set = try GeneratedSet(in: folder.path + "/set", count: 5)
        return ExampleConfig.detector(set, iterations: steps, checkpoints: 1) + shards + [
          "train_dataloader.batch_size=1"
        ]
      case .segmentor:
        let set = try GeneratedSet(in: folder.path + "/set", count: 5)
        return ExampleConfig.segmentor(set, iterations: steps, checkpoints: 1) + shards + [
          "train_dataloader.batch_size=1", "model.decode_head.norm_cfg.type=SyncBN",
          "model.auxiliary_head.norm_cfg.type=SyncBN",
        ]
      case .classifier:
        let data = folder.path + "/animals"
        let outcome = try Command.run([
          "data", "synthesize", "reef", "--task", "classification", "--images", "35", "--size", "64x64",
          "--out", data,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let file =
          URL(fileURLWithPath: ExampleConfig.folder).deletingLastPathComponent().path
          + "/quickstart/classifier.yaml"
        return [
          file, "--cfg-options", "data_root=\(data)", "model.backbone.dims=[8,8,8,8]",
          "model.backbone.depths=[1,1,1,1]", "model.backbone.drop_path_rate=0.2", "model.head.in_channels=8",
          "model.train_cfg={augments: [{type: Mixup, alpha: 0.8}, {type: CutMix, alpha: 1.0}]}",
          "train_dataloader.batch_size=2", "train_cfg.max_epochs=\(steps / stepsPerEpoch)",
          "train_cfg.val_interval=\(steps / stepsPerEpoch)",
          "default_hooks.checkpoint={by_epoch: false, interval: 1, max_keep_ckpts: -1}",
          "custom_hooks=[{type: EMAHook, momentum: 0.1}]",
        ] + shards
      }
    }
  }

  private func train(_ config: [String], _ folder: String, _ more: [String]) throws {
    let outcome = try Command.run(["train"] + config + ["--work-dir", folder, "--quiet"] + more)
    #expect(outcome.status == 0, "\(outcome.errors)\(outcome.output.suffix(2000))")
  }

  @Test("give the same bits for any threads and workers, and stopped and resumed", arguments: Task.allCases)
  func sameBits(task: Task) throws {
    let folder = try TemporaryFolder()
    let config = try task.config(in: folder)
    func bytes(_ name: String, _ iteration: Int = 3) throws -> Data {
      try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)/iter_\(iteration).safetensors"))
    }
    try train(config, folder.path + "/one", ["--threads", "1"])
    try train(config, folder.path + "/four", ["--threads", "4"])
    #expect(try bytes("one") == bytes("four"))
    try train(config + ["train_dataloader.num_workers=2"], folder.path + "/workers", ["--threads", "2"])
    try train(config + ["train_dataloader.num_workers=0"], folder.path + "/alone", ["--threads", "2"])
    let tensors = try ["one", "workers", "alone"].map {
      try Safetensors(file: "\(folder.path)/\($0)/iter_3.safetensors").tensors
    }
    #expect(tensors[0] == tensors[1] && tensors[0] == tensors[2])
    // A run that ended after two steps: its checkpoint is all that the resumed one knows.
    let checkpoint = "\(folder.path)/resumed/iter_2.safetensors"
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/resumed", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: "\(folder.path)/one/iter_2.safetensors", toPath: checkpoint)
    try train(config, folder.path + "/resumed", ["--threads", "2", "--resume", checkpoint])
    #expect(try bytes("resumed") == bytes("one"))
    let other = try Command.run(
      ["train"] + config + ["distribution.shards=2"] + [
        "--work-dir", folder.path + "/other", "--resume", checkpoint,
      ])
    #expect(other.status == 1 && other.errors.contains("set distribution.shards to 4"), "\(other.errors)")
  }
}
