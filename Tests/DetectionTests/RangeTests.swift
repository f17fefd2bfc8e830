import Backbones
import Configuration
import Detection
import Foundation
import Modeling
import Testing

/// Numbers that a detector could not be built or run with are errors at their key, not ends of the engine.
@Suite("ranges of a detector's numbers")
struct RangeTests {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("configs/_base_/models/mask-rcnn_vssm.yaml").path

  private func build(_ override: String) -> String {
    do {
      let node = try ConfigurationNode.load(
        file: Self.config,
        overrides: [
          "model.backbone.dims=[8,16,24,32]", "model.backbone.depths=[1,1,1,1]",
          "model.neck.in_channels=[8,16,24,32]", override,
        ])
      var components = Components()
      components.addBackbones()
      components.addDetection()
      _ = try components.models.build(
        ComponentConfiguration(node["model"] ?? node), scope: nil,
        in: ModelContext(classes: ["a", "b"], components: components))
      return "built"
    } catch { return "\(error)" }
  }

  private static let align = "model.roi_head.bbox_roi_extractor.roi_layer.sampling_ratio"
  private static let anchors = "model.rpn_head.anchor_generator"

  @Test("a sampling ratio of -1 or 0 is adaptive", arguments: [-1, 0, 2])
  func adaptive(ratio: Int) { #expect(build("\(Self.align)=\(ratio)") == "built") }

  @Test(
    "numbers out of range are errors with their key",
    arguments: [
      ("\(align)=-2", "sampling_ratio: -2 is not in -1...1024"),
      ("\(align)=2147483648", "sampling_ratio: 2147483648 is not in -1...1024"),
      ("\(align)=-9223372036854775808", "sampling_ratio: -9223372036854775808 is not in"),
      (
        "\(anchors).strides=[9223372036854775807,8,16,32,64]",
        "strides: [9223372036854775807, 8, 16, 32, 64] is not"
      ),
      (
        "\(anchors).strides=[0,8,16,32,64]",
        "strides: [0, 8, 16, 32, 64] is not a list of strides in 1...65536"
      ),
      ("\(anchors).ratios=[1e30]", "is not a list of ratios in 0.001...1000"),
      ("\(anchors).scales=[1e-30]", "is not a list of scales in 0.001...10000"),
      (
        "model.roi_head.bbox_roi_extractor.featmap_strides=[4,8,16,9223372036854775807]",
        "is not a list of strides in 1...65536"
      ),
      ("model.roi_head.bbox_roi_extractor.finest_scale=0", "finest_scale: 0.0 is not in"),
      (
        "model.train_cfg.rcnn.sampler.num=9223372036854775807",
        "num: 9223372036854775807 is not in 1...1000000"
      ),
      ("model.train_cfg.rcnn.sampler.neg_pos_ub=1e300", "neg_pos_ub: 1e+300 is not in"),
      ("model.train_cfg.rcnn.assigner.neg_iou_thr=.nan", "neg_iou_thr:"),
      (
        "model.train_cfg.rcnn.assigner.neg_iou_thr=[0.1,7]",
        "neg_iou_thr: a number in 0...1, or a rising pair"
      ),
      ("model.rpn_head.bbox_coder.target_stds=[1,1,1,1e-30]", "target_stds: deviations have to be positive"),
      ("model.rpn_head.bbox_coder.target_means=[1e30,1,1,1]", "target_means:"),
      ("model.rpn_head.loss_cls.loss_weight=.inf", "loss_weight:"),
      ("model.rpn_head.loss_cls.loss_weight=-1", "loss_weight: -1.0 is not a number from 0 on"),
      ("model.roi_head.mask_head.loss_mask.loss_weight=-1", "loss_weight: -1.0 is not a number from 0 on"),
      (
        "model.roi_head.mask_head.num_classes=9223372036854775807",
        "num_classes: 9223372036854775807 is not in"
      ),
      ("model.backbone.dt_rank=9223372036854775807", "dt_rank: 9223372036854775807 is not in 1...65536"),
    ])
  func ranges(override: String, expected: String) {
    let message = build(override)
    #expect(message.contains(expected), "\(override): \(message)")
  }
}
