import Coco
import Layers
import Tensors

/// torchvision's names of `fasterrcnn_resnet50_fpn`, `maskrcnn_resnet50_fpn` and their V2, and its order of classes.
///
/// There the background is the first class and has boxes and masks of its own; here it is the last and has none.
/// Models of COCO have 91 outputs, by the numbers of the categories, of which 80 exist. torchvision's first models were
/// trained with frozen norms without epsilon: their configs need `norm_cfg: {type: BN, eps: 0.0}`.
public struct TorchvisionDetectorNaming: WeightNaming {
  /// Convolutions in front of the box head's linear layers.
  private var boxConvolutions = 0
  /// Convolutions of the first stage.
  private var proposalConvolutions = 1

  /// What all detectors know.
  public init() {}

  /// What stands before `backbone.body.`, `backbone.fpn.` or `rpn.head.`; nil for any other name.
  public func start(ofOlder name: String) -> String? {
    for inner in ["backbone.body.", "backbone.fpn.", "rpn.head."] {
      if name.hasPrefix(inner) { return "" }
      if let place = name.firstRange(of: "." + inner) {
        return String(name[...place.lowerBound])
      }
    }
    return nil
  }

  /// This, with the numbers of convolutions that the file has.
  public func adapted(to names: [String]) -> any WeightNaming {
    var adapted = self
    let names = names.map { DottedName($0) }
    adapted.boxConvolutions = names.count {
      $0.begins(with: "roi_heads", "box_head") && $0.parts.count == 5 && $0.parts[3] == "0"
        && $0.parts[4] == "weight"
    }
    adapted.proposalConvolutions = max(
      1,
      names.count { $0.begins(with: "rpn", "head", "conv") && $0.parts.count == 6 && $0.parts[5] == "weight" }
    )
    return adapted
  }

  /// mmdetection's name of a weight of torchvision.
  public func currentName(of name: String) -> String {
    let dotted = DottedName(name)
    switch dotted.parts.prefix(2).joined(separator: ".") {
    case "backbone.body": return "backbone" + dotted.rest(from: 2)
    case "backbone.fpn": return pyramid(dotted) ?? name
    case "rpn.head": return proposals(dotted) ?? name
    case "roi_heads.box_head": return boxes(dotted) ?? name
    case "roi_heads.box_predictor":
      let layers: [Substring: String] = ["cls_score": "fc_cls", "bbox_pred": "fc_reg"]
      return dotted.parts.count == 4
        ? layers[dotted.parts[2]].map { "roi_head.bbox_head.\($0)" + dotted.rest(from: 3) } ?? name : name
    case "roi_heads.mask_head": return masks(dotted) ?? name
    case "roi_heads.mask_predictor":
      let layers: [Substring: String] = ["conv5_mask": "upsample", "mask_fcn_logits": "conv_logits"]
      return dotted.parts.count == 4
        ? layers[dotted.parts[2]].map { "roi_head.mask_head.\($0)" + dotted.rest(from: 3) } ?? name : name
    default: return name
    }
  }

  /// `inner_blocks.I.weight`, or in newer files `inner_blocks.I.0.weight` and the norm's `inner_blocks.I.1.weight`.
  private func pyramid(_ name: DottedName) -> String? {
    let groups: [Substring: String] = ["inner_blocks": "lateral_convs", "layer_blocks": "fpn_convs"]
    guard name.parts.count > 4, let group = groups[name.parts[2]], let level = name.number(at: 3) else {
      return nil
    }
    return "neck.\(group).\(level)" + block(name, from: 4)
  }

  /// `conv.weight`, or in newer files `conv.I.0.weight`; `cls_logits`, `bbox_pred`.
  private func proposals(_ name: DottedName) -> String? {
    guard name.parts.count > 3 else { return nil }
    switch name.parts[2] {
    case "cls_logits": return "rpn_head.rpn_cls" + name.rest(from: 3)
    case "bbox_pred": return "rpn_head.rpn_reg" + name.rest(from: 3)
    case "conv":
      guard name.parts.count == 6, let number = name.number(at: 3) else {
        return "rpn_head.rpn_conv" + name.rest(from: 3)
      }
      return proposalConvolutions == 1
        ? "rpn_head.rpn_conv" + name.rest(from: 5) : "rpn_head.rpn_conv.\(number)" + block(name, from: 4)
    default: return nil
    }
  }

  /// `fc6`, `fc7`; of V2 `I.0` and `I.1` of a convolution and its norm, and `I` of a linear layer, behind a flattening.
  private func boxes(_ name: DottedName) -> String? {
    guard name.parts.count > 3 else { return nil }
    if let number = name.number(at: 2, after: "fc") {
      return "roi_head.bbox_head.shared_fcs.\(number - 6)" + name.rest(from: 3)
    }
    guard let place = name.number(at: 2) else { return nil }
    return name.parts.count == 5
      ? "roi_head.bbox_head.shared_convs.\(place)" + block(name, from: 3)
      : "roi_head.bbox_head.shared_fcs.\((place - boxConvolutions - 1) / 2)" + name.rest(from: 3)
  }

  /// `mask_fcn1.weight`, or in newer files `0.0.weight` and the norm's `0.1.weight`.
  private func masks(_ name: DottedName) -> String? {
    guard name.parts.count > 3 else { return nil }
    if let number = name.number(at: 2, after: "mask_fcn") {
      return "roi_head.mask_head.convs.\(number - 1).conv" + name.rest(from: 3)
    }
    return name.number(at: 2).map { "roi_head.mask_head.convs.\($0)" + block(name, from: 3) }
  }

  /// The names of a block: its convolution is 0, or has no number, and its norm 1.
  private func block(_ name: DottedName, from step: Int) -> String {
    switch name.number(at: step) {
    case 0: ".conv" + name.rest(from: step + 1)
    case 1: ".bn" + name.rest(from: step + 1)
    default: ".conv" + name.rest(from: step)
    }
  }

  // MARK: Classes

  /// The rows of classes in mmdetection's order.
  public func converted(
    _ numbers: () -> Tensor, of name: String, shape: (stored: [Int], wanted: [Int]?), isOlder: Bool
  ) -> Tensor? {
    let layers: [(start: String, perClass: Int, hasBackground: Bool)] = [
      ("roi_head.bbox_head.fc_cls.", 1, true), ("roi_head.bbox_head.fc_reg.", 4, false),
      ("roi_head.mask_head.conv_logits.", 1, false),
    ]
    guard isOlder, let layer = layers.first(where: { name.hasPrefix($0.start) }),
      let rows = shape.stored.first,
      rows > layer.perClass, rows % layer.perClass == 0
    else { return nil }
    let outputs = rows / layer.perClass
    let wanted = shape.wanted?.first.map { $0 / layer.perClass + (layer.hasBackground ? 0 : 1) }
    // The background and every number up to the last; where the model has as many outputs, these are its own.
    let isCoco = outputs == 1 + (CocoClasses.categories.last ?? 0) && wanted != outputs
    let classes = (isCoco ? CocoClasses.categories : Array(1..<outputs)) + (layer.hasBackground ? [0] : [])
    let chosen = classes.flatMap { $0 * layer.perClass..<($0 + 1) * layer.perClass }
    return withoutGradients {
      numbers().reshaped([rows, -1]).rows(chosen).reshaped([chosen.count] + shape.stored.dropFirst())
    }
  }
}
