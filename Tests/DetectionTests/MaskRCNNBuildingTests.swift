import Backbones
import Configuration
import Data
import Detection
import Foundation
import Modeling
import Testing

@Suite("building Mask R-CNN")
struct MaskRCNNBuildingTests {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs/_base_/models/mask-rcnn_vssm.yaml").path

  private func build(_ overrides: [String], classes: [String]? = ["a", "b"]) -> String {
    do {
      let node = try ConfigurationNode.load(
        file: Self.config,
        overrides: ["model.backbone.dims=[8,16,24,32]", "model.backbone.depths=[1,1,1,1]"] + overrides)
      var components = Components()
      components.addBackbones()
      components.addDetection()
      let model = try components.models.build(
        ComponentConfiguration(node["model"] ?? node), scope: nil,
        in: ModelContext(classes: classes, components: components))
      return "\(model.parameters.count) weights"
    } catch { return "\(error)" }
  }

  private static let fitting = ["model.neck.in_channels=[8,16,24,32]"]

  @Test("parts that fit")
  func fits() { #expect(build(Self.fitting).hasSuffix(" weights")) }

  @Test(
    "parts that do not fit are errors with their place",
    arguments: [
      (
        [],
        "model.neck.in_channels: [96, 192, 384, 768], but the backbone's maps have [8, 16, 24, 32] channels"
      ),
      (["model.neck.num_outs=3"], "model.neck.num_outs: 3 is below the number of in_channels, 4"),
      (
        ["model.rpn_head.in_channels=64"],
        "model.rpn_head.in_channels: 64, but the neck's out_channels is 256"
      ),
      (
        ["model.rpn_head.anchor_generator.strides=[4,8]"],
        "model.rpn_head.anchor_generator.strides: anchors for 2 levels, but the neck has 5"
      ),
      (
        ["model.roi_head.bbox_head.in_channels=64"],
        "model.roi_head.bbox_head.in_channels: 64, but the neck's out_channels is 256"
      ),
      (["model.roi_head.bbox_head.roi_feat_size=6"], "model.roi_head.bbox_head.roi_feat_size: 6, but"),
      (["model.roi_head.mask_head.in_channels=64"], "model.roi_head.mask_head.in_channels: 64, but"),
      (["model.roi_head.mask_head.num_convs=-1"], "model.roi_head.mask_head.num_convs: -1 is not in 0...64"),
      (
        ["model.train_cfg.rcnn.mask_size=20"],
        "model.roi_head.mask_roi_extractor.roi_layer.output_size: 28, but"
      ),
      (["model.neck.out_channels=0"], "model.neck.out_channels: 0 is not in 1...65536"),
      (["model.rpn_head.feat_channels=-3"], "model.rpn_head.feat_channels: -3 is not in 1...65536"),
      (["model.backbone.dims=[8,16]"], "model.backbone.dims: [8, 16] needs one width in 1...65536 for each"),
      (["model.backbone.type=DarkNet"], "model.backbone.type: unknown backbone 'DarkNet'"),
      (["model.neck.type=PAFPN"], "model.neck.type: unknown neck 'PAFPN'"),
      (["model.roi_head.bbox_head.num_classes=80"], "num_classes: 80, but the data set has 2 classes: a, b"),
    ])
  func misfits(overrides: [String], expected: String) {
    let base = overrides.isEmpty ? [] : Self.fitting
    let message = build(base + overrides)
    #expect(message.contains(expected), "\(message)")
  }

  @Test("num_classes left out, and no data set")
  func noClasses() {
    #expect(build(Self.fitting, classes: nil).contains("num_classes: is missing"))
  }
}
