import Foundation
import TestSupport
import Testing

/// Tiny models learn four images by heart: where anything of loss, gradient or update is wrong, they do not.
@Suite("four images")
struct OverfitTests {
  /// The losses of the first and of the last step.
  private func losses(_ arguments: [String]) throws -> (first: Double, last: Double) {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(["train"] + arguments + ["--work-dir", "\(folder.path)/run"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let all = outcome.output.split(separator: "\n").filter { $0.contains("(train)") }.compactMap { line in
      line.firstMatch(of: /\sloss: ([0-9.]+)/).flatMap { Double($0.1) }
    }
    return (try #require(all.first), try #require(all.last))
  }

  private static let common = [
    "model.backbone.drop_path_rate=0.0", "default_hooks.logger.interval=1", "train_cfg.val_interval=100000",
    "optim_wrapper.optimizer.lr=0.005",
  ]
  private static func schedule(iterations: Int) -> [String] {
    [
      "param_scheduler=[{type: LinearLR, start_factor: 0.1, by_epoch: false, begin: 0, end: 10}, "
        + "{type: PolyLR, power: 1.0, by_epoch: false, begin: 10, end: \(iterations)}]"
    ]
  }

  @Test("are learnt by heart by a segmentor")
  func segmentor() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path, count: 4)
    let (first, last) = try losses(
      ExampleConfig.segmentor(set, iterations: 200, checkpoints: 1000).filter {
        !$0.hasPrefix("param_scheduler")
      }
        + Self.common + Self.schedule(iterations: 200) + [
          "train_dataloader.batch_size=4", "train_dataloader.dataset.pipeline.4.prob=0.0",
          "model.decode_head.dropout_ratio=0",
          "model.auxiliary_head.dropout_ratio=0",
        ])
    #expect(last < 0.15 * first, "\(first) to \(last)")
  }

  @Test("are learnt by heart by a detector")
  func detector() throws {
    let folder = try TemporaryFolder()
    let set = try GeneratedSet(in: folder.path, count: 4)
    let (first, last) = try losses(
      ExampleConfig.detector(set, iterations: 240, checkpoints: 1000).filter {
        !$0.hasPrefix("param_scheduler")
      }
        + Self.common + Self.schedule(iterations: 240) + [
          "train_dataloader.batch_size=4", "train_dataloader.dataset.pipeline.3.prob=0.0",
        ])
    #expect(last < 0.1 * first, "\(first) to \(last)")
  }

  @Test("are learnt by heart by a classifier")
  func classifier() throws {
    let folder = try TemporaryFolder()
    let reef = try Command.run([
      "data", "synthesize", "reef", "--task", "classification", "--images", "35", "--size", "64x64", "--out",
      "\(folder.path)/reef",
    ])
    #expect(reef.status == 0, "\(reef.errors)")
    let file =
      URL(fileURLWithPath: ExampleConfig.folder).deletingLastPathComponent().path
      + "/quickstart/classifier.yaml"
    let (first, last) = try losses(
      [
        file, "--cfg-options", "data_root=\(folder.path)/reef", "model.backbone.dims=[8,8,16,16]",
        "model.backbone.depths=[1,1,1,1]", "model.head.in_channels=16",
        "model.head.loss={_delete_: true, type: CrossEntropyLoss}",
        "train_dataloader.batch_size=4", "train_dataloader.dataset.indices=[0, 7, 14, 21]",
        "train_dataloader.dataset.pipeline=[{type: LoadImageFromFile}, {type: PackInputs}]",
        "train_cfg.max_epochs=150", "default_hooks.checkpoint.interval=1000", "param_scheduler=[]",
      ] + Self.common)
    #expect(last < 0.05 * first, "\(first) to \(last)")
  }
}
