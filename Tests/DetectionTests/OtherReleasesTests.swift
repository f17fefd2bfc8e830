import Checkpoints
import Configuration
import Coco
import Detection
import Foundation
import Imaging
import Layers
import Modeling
import Tensors
import Testing

@Suite("weights of torchvision and detectron2")
struct OtherReleasesTests {
  /// A detector with a small ResNet.
  private func model(_ changes: [String] = [], classes: Int = 3) throws -> any Model {
    try TinyDetector.model(
      [
        "model.backbone={type: ResNet, depth: 18, base_channels: 8, _delete_: true}",
        "model.neck.in_channels=[8,16,32,64]",
      ] + changes, classes: (0..<classes).map { "\($0)" })
  }

  private static let v2 = [
    "model.neck.norm_cfg={type: BN}", "model.rpn_head.num_convs=2",
    "model.roi_head.bbox_head.type=Shared4Conv1FCBBoxHead", "model.roi_head.bbox_head.conv_out_channels=8",
    "model.roi_head.bbox_head.norm_cfg={type: BN}", "model.roi_head.mask_head.norm_cfg={type: BN}",
  ]

  /// The model's weights under other names; of those of classes, the background in front of the others.
  private func renamed(
    _ state: [String: StoredTensor], _ name: (String) -> String?
  ) throws -> [String: StoredTensor] {
    try state.reduce(into: [:]) { $0[try #require(name($1.key), "\($1.key)")] = $1.value }
  }

  /// torchvision's name of one of mmdetection's weights.
  private func torchvision(_ name: String, isV2: Bool) -> String {
    var name = name
    let heads =
      isV2
      ? [
        "neck.lateral_convs.(.).conv.": "backbone.fpn.inner_blocks.$1.0.",
        "neck.lateral_convs.(.).bn.": "backbone.fpn.inner_blocks.$1.1.",
        "neck.fpn_convs.(.).conv.": "backbone.fpn.layer_blocks.$1.0.",
        "neck.fpn_convs.(.).bn.": "backbone.fpn.layer_blocks.$1.1.",
        "rpn_head.rpn_conv.(.).conv.": "rpn.head.conv.$1.0.",
        "roi_head.bbox_head.shared_convs.(.).conv.": "roi_heads.box_head.$1.0.",
        "roi_head.bbox_head.shared_convs.(.).bn.": "roi_heads.box_head.$1.1.",
        "roi_head.bbox_head.shared_fcs.0.": "roi_heads.box_head.5.",
        "roi_head.mask_head.convs.(.).conv.": "roi_heads.mask_head.$1.0.",
        "roi_head.mask_head.convs.(.).bn.": "roi_heads.mask_head.$1.1.",
      ]
      : [
        "neck.lateral_convs.(.).conv.": "backbone.fpn.inner_blocks.$1.",
        "neck.fpn_convs.(.).conv.": "backbone.fpn.layer_blocks.$1.0.",
        "rpn_head.rpn_conv.": "rpn.head.conv.0.0.",
        "roi_head.bbox_head.shared_fcs.0.": "roi_heads.box_head.fc6.",
        "roi_head.bbox_head.shared_fcs.1.": "roi_heads.box_head.fc7.",
        "roi_head.mask_head.convs.0.conv.": "roi_heads.mask_head.mask_fcn1.",
      ]
    let all = heads.merging([
      "^backbone.(?!fpn)": "backbone.body.", "rpn_head.rpn_cls.": "rpn.head.cls_logits.",
      "rpn_head.rpn_reg.": "rpn.head.bbox_pred.",
      "roi_head.bbox_head.fc_cls.": "roi_heads.box_predictor.cls_score.",
      "roi_head.bbox_head.fc_reg.": "roi_heads.box_predictor.bbox_pred.",
      "roi_head.mask_head.upsample.": "roi_heads.mask_predictor.conv5_mask.",
      "roi_head.mask_head.conv_logits.": "roi_heads.mask_predictor.mask_fcn_logits.",
    ]) { $1 }
    for (old, new) in all.sorted(by: { $0.key < $1.key }) {
      let changed = name.replacingOccurrences(of: old, with: new, options: .regularExpression)
      if changed != name {
        name = changed
        break
      }
    }
    return name
  }

  /// Rows of a weight, a class each, in torchvision's order and number of outputs.
  private func withBackground(_ name: String, _ stored: StoredTensor, outputs: Int, categories: [Int])
    -> StoredTensor
  {
    let kinds = [("cls_score", 1, true), ("bbox_pred", 4, false), ("mask_fcn_logits", 1, false)]
    guard name.hasPrefix("roi_heads"),
      let (_, perClass, hasBackground) = kinds.first(where: { name.contains($0.0) })
    else { return stored }
    let tensor = stored.tensor
    let width = tensor.count / tensor.shape[0]
    var rows = [Float](repeating: -9, count: outputs * perClass * width)
    func put(_ place: Int, from row: Int) {
      let count = perClass * width
      rows.replaceSubrange(
        place * count..<(place + 1) * count, with: tensor.values[row * count..<(row + 1) * count])
    }
    for (row, category) in categories.enumerated() { put(category, from: row) }
    if hasBackground { put(0, from: categories.count) }
    return StoredTensor(Tensor(rows, shape: [outputs * perClass] + tensor.shape.dropFirst()))
  }

  @Test(
    "a whole model of torchvision gives each weight and class its place",
    arguments: [(false, 3, 4), (true, 3, 4), (false, 80, 91), (true, 80, 91), (false, 90, 91)])
  func torchvision(isV2: Bool, classes: Int, outputs: Int) throws {
    let source = try model(isV2 ? Self.v2 : [], classes: classes)
    source.initialize(seed: 7)
    let categories = outputs == 91 && classes == 80 ? CocoClasses.categories : Array(1...classes)
    let file = try renamed(source.stateDict) { torchvision($0, isV2: isV2) }.reduce(into: [:]) {
      $0[$1.key] = withBackground($1.key, $1.value, outputs: outputs, categories: categories)
    }.filter { !$0.key.hasSuffix("num_batches_tracked") }
    #expect(
      file.keys.allSatisfy {
        $0.hasPrefix("backbone.body") || $0.hasPrefix("backbone.fpn") || $0.hasPrefix("rpn.")
          || $0.hasPrefix("roi_heads.")
      })
    let target = try model(isV2 ? Self.v2 : [], classes: classes)
    let summary = try target.load(file, file: "x.pth")
    #expect(summary.loaded.count == file.count && summary.initialized.isEmpty && summary.unused.isEmpty)
    let (found, expected) = (target.stateDict, source.stateDict)
    for (name, stored) in expected { #expect(found[name] == stored, "\(name)") }
  }

  @Test("a whole model of detectron2 gives each weight its place, and its anchors none")
  func detectron2() throws {
    let source = try model()
    source.initialize(seed: 7)
    func name(_ name: String) -> String {
      let table = [
        ("backbone.conv1.", "backbone.bottom_up.stem.conv1."),
        ("backbone.bn1.", "backbone.bottom_up.stem.conv1.norm."),
        ("backbone.layer(.).(.).conv(.).", "backbone.bottom_up.res+$1.$2.conv$3."),
        ("backbone.layer(.).(.).bn(.).", "backbone.bottom_up.res+$1.$2.conv$3.norm."),
        ("backbone.layer(.).(.).downsample.0.", "backbone.bottom_up.res+$1.$2.shortcut."),
        ("backbone.layer(.).(.).downsample.1.", "backbone.bottom_up.res+$1.$2.shortcut.norm."),
        ("neck.lateral_convs.(.).conv.", "backbone.fpn_lateral+$1."),
        ("neck.fpn_convs.(.).conv.", "backbone.fpn_output++$1."),
        ("rpn_head.rpn_conv.", "proposal_generator.rpn_head.conv."),
        ("rpn_head.rpn_cls.", "proposal_generator.rpn_head.objectness_logits."),
        ("rpn_head.rpn_reg.", "proposal_generator.rpn_head.anchor_deltas."),
        ("roi_head.bbox_head.shared_fcs.0.", "roi_heads.box_head.fc1."),
        ("roi_head.bbox_head.shared_fcs.1.", "roi_heads.box_head.fc2."),
        ("roi_head.bbox_head.fc_cls.", "roi_heads.box_predictor.cls_score."),
        ("roi_head.bbox_head.fc_reg.", "roi_heads.box_predictor.bbox_pred."),
        ("roi_head.mask_head.convs.0.conv.", "roi_heads.mask_head.mask_fcn1."),
        ("roi_head.mask_head.upsample.", "roi_heads.mask_head.deconv."),
        ("roi_head.mask_head.conv_logits.", "roi_heads.mask_head.predictor."),
      ]
      for (old, new) in table {
        let changed = name.replacingOccurrences(of: "^" + old, with: new, options: .regularExpression)
        guard changed != name else { continue }
        // Stages count from 2: res2 is layer1, fpn_lateral2 is lateral_convs.0.
        guard let plus = changed.firstIndex(of: "+") else { return changed }
        let digits = changed[plus...].drop { $0 == "+" }
        let isStage = changed.contains("res+")
        guard let number = digits.first?.wholeNumberValue else { return changed }
        return changed[..<plus] + "\(number + (isStage ? 1 : 2))" + digits.dropFirst()
      }
      return name
    }
    var file = try renamed(source.stateDict) { name($0) }.filter { !$0.key.hasSuffix("num_batches_tracked") }
    #expect(
      file.keys.allSatisfy {
        ["backbone.bottom_up", "backbone.fpn_", "proposal_generator.", "roi_heads."].contains(
          where: $0.hasPrefix)
      })
    let count = file.count
    file["proposal_generator.anchor_generator.cell_anchors.0"] = StoredTensor(.zeros([3, 4]))
    file["pixel_mean"] = StoredTensor(.zeros([3, 1, 1]))
    let target = try model()
    let summary = try target.load(file, file: "x.pkl")
    #expect(summary.loaded.count == count && summary.initialized.isEmpty && summary.unused.isEmpty)
    for (name, stored) in source.stateDict { #expect(target.stateDict[name] == stored, "\(name)") }
  }

  @Test(
    "names of blocks with norms, and of several convolutions, in detectron2",
    arguments: [
      ("backbone.fpn_output5.norm.weight", "neck.fpn_convs.3.gn.weight"),
      ("roi_heads.box_head.conv2.weight", "roi_head.bbox_head.shared_convs.1.conv.weight"),
      ("roi_heads.box_head.conv2.norm.bias", "roi_head.bbox_head.shared_convs.1.gn.bias"),
      ("roi_heads.mask_head.mask_fcn4.norm.bias", "roi_head.mask_head.convs.3.gn.bias"),
      ("proposal_generator.rpn_head.conv.conv1.bias", "rpn_head.rpn_conv.1.conv.bias"),
      ("roi_heads.keypoint_head.conv_fcn1.weight", "roi_heads.keypoint_head.conv_fcn1.weight"),
    ])
  func norms(old: String, today: String) {
    let naming = Detectron2Naming().adapted(to: ["backbone.fpn_output5.norm.weight"])
    #expect(naming.currentName(of: old) == today)
  }

  @Test("COCO's categories are its eighty classes")
  func categories() {
    #expect(CocoClasses.categories.count == CocoClasses.names.count)
    let numbers = Dictionary(zip(CocoClasses.names, CocoClasses.categories)) { a, _ in a }
    #expect(numbers["person"] == 1 && numbers["stop sign"] == 13 && numbers["toothbrush"] == 90)
  }
}

@Suite("Faster R-CNN and heads with norms")
struct FasterRCNNTests {
  @Test("finds boxes without masks, and learns without them")
  func boxes() throws {
    let model = try TinyDetector.model(TinyDetector.withoutMasks)
    model.initialize(seed: 1)
    let sample = TinyDetector.sample(boxes: [SIMD4(8, 8, 40, 40)], hasMasks: false)
    let losses = try ForwardMode.training(.init(seed: 0, step: 0, samples: [0])) {
      try model.losses([sample])
    }
    #expect(losses.terms.map(\.name).contains("loss_bbox") && !losses.terms.map(\.name).contains("loss_mask"))
  }

  @Test(
    "a norm that does not divide the channels, and wrong numbers of convolutions, are errors with their place",
    arguments: [
      (
        "model.neck.norm_cfg={type: GN, num_groups: 3}",
        "neck.norm_cfg: num_groups 3 does not divide the 8 channels"
      ),
      ("model.roi_head.mask_head.norm_cfg={type: GN, num_groups: 3}", "mask_head.norm_cfg: num_groups 3"),
      ("model.rpn_head.num_convs=0", "num_convs: 0 is not in 1...64"),
    ])
  func mistakes(change: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try TinyDetector.model([change]) }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("torchvision's anchors are rounded, and as far apart as the image's side over the map's")
  func anchors() throws {
    let generator = try ConfigurationNode.parse(
      "{type: TorchvisionAnchorGenerator, strides: [64], ratios: [0.5, 1.0, 2.0], scales: [8]}",
      file: "a.yaml"
    ).decode(AnchorGenerator.self)
    // 512 wide and high: 724.08 x 362.04, half of it rounded.
    #expect(generator.baseAnchors(level: 0).values.prefix(4) == [-362, -181, 362, 181])
    // 800 x 832 pixels to 13 x 13 cells: 61 and 64 apart.
    let boxes = generator.anchors(for: [.init(height: 13, width: 13)], image: .init(height: 800, width: 832))[
      0]
    #expect(boxes[3][0] - boxes[0][0] == 64 && boxes[3 * 13][1] - boxes[0][1] == 61)
  }
}
