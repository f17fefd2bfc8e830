import Checkpoints
import Foundation
import TestSupport
import Testing

/// `distribution.loss_normalizer`, by calling the command.
@Suite("losses over the counts of all shards")
struct LossNormalizerTests {
  private let folder: TemporaryFolder
  private let set: GeneratedSet

  init() throws {
    folder = try TemporaryFolder()
    set = try GeneratedSet(in: folder.path + "/set", count: 4)
  }

  /// The weights of two images' step, so that their difference from the first ones is the gradient.
  private func weights(
    _ config: [String], _ run: String, shards: Int, normalizer: String
  ) throws -> [String: StoredTensor] {
    let outcome = try Command.run(
      ["train"] + config
        + [
          "distribution={shards: \(shards), loss_normalizer: \(normalizer)}",
          "train_dataloader.batch_size=\(2 / shards)", "param_scheduler=[]",
          "optim_wrapper={_delete_: true, type: OptimWrapper, optimizer: {type: SGD, lr: 1.0}}",
          "model.backbone.drop_path_rate=0.0",
        ] + ["--work-dir", "\(folder.path)/\(run)"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let words =
      shards == 1
      ? "batch: 2 images;"
      : "batch: 2 images in 2 shards of 1, each with losses over "
        + (normalizer == "global" ? "the counts of all" : "its own counts")
    #expect(outcome.output.contains(words))
    return try Safetensors(file: "\(folder.path)/\(run)/iter_1.safetensors").tensors
  }

  /// The largest difference of a weight.
  private func difference(_ a: [String: StoredTensor], _ b: [String: StoredTensor]) -> Float {
    a.reduce(0) { largest, entry in
      guard let other = b[entry.key], !entry.key.contains("/") else { return largest }
      let differences = zip(entry.value.tensor.values, other.tensor.values).map { abs($0 - $1) }
      return max(largest, differences.max() ?? 0)
    }
  }

  @Test(
    "two shards of one image learn what one shard of both learns, which their own counts do not give",
    arguments: ["detector", "segmentor"])
  func equalsOneShard(task: String) throws {
    let config =
      task == "detector"
      ? ExampleConfig.detector(set, iterations: 1, checkpoints: 1)
      : ExampleConfig.segmentor(set, iterations: 1, checkpoints: 1) + [
        // Pixels without a label, so that the counts differ.
        "model.decode_head.loss_decode={type: CrossEntropyLoss, avg_non_ignore: true}",
        "train_dataloader.dataset.pipeline.3.crop_size=[64,96]", "model.decode_head.norm_cfg.type=SyncBN",
        "model.auxiliary_head.norm_cfg.type=SyncBN",
      ]
    let one = try weights(config, "one", shards: 1, normalizer: "shard")
    let global = try weights(config, "global", shards: 2, normalizer: "global")
    let own = try weights(config, "own", shards: 2, normalizer: "shard")
    let (near, far) = (difference(global, one), difference(own, one))
    #expect(near < 2e-5, "\(near)")
    #expect(task == "segmentor" || far > 20 * near, "\(far) against \(near)")
  }

  @Test("has the bits of one process on two ranks", RankRuns.needsMPI)
  func ranks() throws {
    let runs = RankRuns(folder: folder)
    let config =
      ExampleConfig.detector(set, iterations: 2, checkpoints: 2) + [
        "distribution={shards: 4, loss_normalizer: global}", "train_dataloader.batch_size=1",
      ]
    for ranks in [1, 2] { #expect(try runs.train(ranks, config, to: "run\(ranks)").status == 0) }
    #expect(try runs.weights(of: "run2", iteration: 2) == runs.weights(of: "run1", iteration: 2))
  }
}
