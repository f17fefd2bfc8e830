import Layers

/// detectron2's names of Faster and Mask R-CNN with a ResNet and a feature pyramid (`COCO-InstanceSegmentation/
/// mask_rcnn_R_50_FPN_*`), read from its `.pkl` or `.pth` files.
///
/// Its classes, anchors and differences of boxes are those of mmdetection. What the config has to say: ResNets of MSRA
/// are `style: caffe`, and take blue, green and red in this order (`bgr_to_rgb: false`, mean [103.53, 116.28, 123.675],
/// std [1, 1, 1]).
public struct Detectron2Naming: WeightNaming {
  /// The norm in the blocks of the neck and the heads.
  private var norm = "bn"

  /// What all detectors know.
  public init() {}

  /// What stands before `backbone.bottom_up.` or `proposal_generator.`; nil for any other name.
  public func start(ofOlder name: String) -> String? {
    for inner in ["backbone.bottom_up.", "proposal_generator."] {
      if name.hasPrefix(inner) { return "" }
      if let place = name.firstRange(of: "." + inner) { return String(name[...place.lowerBound]) }
    }
    return nil
  }

  /// Anchors and the colours' means are the config's.
  public func leavesOut(_ name: String) -> Bool {
    name == "pixel_mean" || name == "pixel_std" || name.hasPrefix("proposal_generator.anchor_generator.")
  }

  /// This, with the norm that the file has: one without running statistics is a group norm.
  public func adapted(to names: [String]) -> any WeightNaming {
    var adapted = self
    let others = names.filter { !$0.hasPrefix("backbone.bottom_up.") && $0.contains(".norm.") }
    if !others.isEmpty, !others.contains(where: { $0.hasSuffix(".running_var") }) { adapted.norm = "gn" }
    return adapted
  }

  /// mmdetection's name of a weight of detectron2; the backbone knows the names below its own.
  public func currentName(of name: String) -> String {
    let dotted = DottedName(name)
    if dotted.begins(with: "backbone", "bottom_up") { return "backbone" + dotted.rest(from: 2) }
    return pyramid(dotted) ?? proposals(dotted) ?? heads(dotted) ?? name
  }

  /// `fpn_lateral2` to `fpn_lateral5`, `fpn_output2` to `fpn_output5`.
  private func pyramid(_ name: DottedName) -> String? {
    guard name.begins(with: "backbone") else { return nil }
    for (word, group) in [("fpn_lateral", "lateral_convs"), ("fpn_output", "fpn_convs")] {
      guard let level = name.number(at: 1, after: word) else { continue }
      return "neck.\(group).\(level - 2)" + block(name, from: 2)
    }
    return nil
  }

  /// `conv`, or `conv.conv0` and so on; `objectness_logits`, `anchor_deltas`.
  private func proposals(_ name: DottedName) -> String? {
    guard name.begins(with: "proposal_generator", "rpn_head"), name.parts.count > 3 else { return nil }
    switch name.parts[2] {
    case "conv":
      guard let number = name.number(at: 3, after: "conv") else {
        return "rpn_head.rpn_conv" + name.rest(from: 3)
      }
      return "rpn_head.rpn_conv.\(number)" + block(name, from: 4)
    case "objectness_logits": return "rpn_head.rpn_cls" + name.rest(from: 3)
    case "anchor_deltas": return "rpn_head.rpn_reg" + name.rest(from: 3)
    default: return nil
    }
  }

  /// `box_head.conv1`, `box_head.fc1`, `box_predictor`, `mask_head.mask_fcn1`, `deconv`, `predictor`.
  private func heads(_ name: DottedName) -> String? {
    guard name.begins(with: "roi_heads"), name.parts.count > 3 else { return nil }
    let layers: [String: String] = [
      "box_predictor.cls_score": "bbox_head.fc_cls", "box_predictor.bbox_pred": "bbox_head.fc_reg",
      "mask_head.deconv": "mask_head.upsample", "mask_head.predictor": "mask_head.conv_logits",
    ]
    if let layer = layers["\(name.parts[1]).\(name.parts[2])"] {
      return "roi_head.\(layer)" + name.rest(from: 3)
    }
    switch name.parts[1] {
    case "box_head":
      if let number = name.number(at: 2, after: "fc") {
        return "roi_head.bbox_head.shared_fcs.\(number - 1)" + name.rest(from: 3)
      }
      return name.number(at: 2, after: "conv").map {
        "roi_head.bbox_head.shared_convs.\($0 - 1)" + block(name, from: 3)
      }
    case "mask_head":
      return name.number(at: 2, after: "mask_fcn").map {
        "roi_head.mask_head.convs.\($0 - 1)" + block(name, from: 3)
      }
    default: return nil
    }
  }

  /// The names of a block: its convolution has none, its norm is `norm`.
  private func block(_ name: DottedName, from step: Int) -> String {
    name.parts.indices.contains(step) && name.parts[step] == "norm"
      ? ".\(norm)" + name.rest(from: step + 1) : ".conv" + name.rest(from: step)
  }
}
