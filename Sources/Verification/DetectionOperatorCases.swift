import Checkpoints
import Configuration
import Data
import Detection
import Imaging
import Masks
import Modeling
import Tensors

/// Anchors, box coding, assigning, suppression, and masks between boxes and images.
let detectionOperatorCases: [String: CaseRunner] = [
  "anchors": { golden in
    let config = try golden.config.decode(AnchorsCase.self)
    let levels = config.generator.anchors(
      for: config.featmap_sizes.map { ImageSize(height: $0[0], width: $0[1]) })
    var results = CaseResults()
    for (level, boxes) in levels.enumerated() {
      results.add("output.\(level)", boxes)
      results.add("output.base.\(level)", config.generator.baseAnchors(level: level))
    }
    return results
  },
  "bbox_coder": { golden in
    let config = try golden.config.decode(BoxCoderCase.self)
    let boxes = try golden.boxes("boxes")
    let repeated = boxes[(0..<boxes.count).flatMap { [Int](repeating: $0, count: config.classes) }]
    let decoded = config.coder.decode(
      repeated, deltas: try golden.input("deltas").tensor.values,
      clippedTo: config.max_shape.map { ImageSize(height: $0[0], width: $0[1]) })
    let encoded = config.coder.encode(boxes, try golden.boxes("targets"))
    var results = CaseResults()
    results.add("output.decoded", Tensor(decoded.values, shape: [boxes.count, 4 * config.classes]))
    results.add("output.encoded", Tensor(encoded, shape: [boxes.count, 4]))
    return results
  },
  "assigner": { golden in
    let assigner = try golden.config.decode(MaxIoUAssigner.self)
    let truth = try golden.assignerTruth()
    let assignment = assigner.assign(try golden.boxes("priors"), to: truth)
    let boxes = assignment.numbers.indices
    var results = CaseResults()
    results.add("output.gt_inds", integers: assignment.numbers.map { Int($0) }, shape: [boxes.count])
    results.add(
      "output.labels",
      integers: boxes.map { assignment.numbers[$0] > 0 ? truth.labels[assignment.truth(of: $0)] : -1 },
      shape: [boxes.count])
    results.add("output.max_overlaps", Tensor(assignment.overlaps, shape: [boxes.count]))
    return results
  },
  "nms": { golden in
    let nms = NMS(threshold: try golden.config.decode(NMSCase.self).iou_threshold)
    let (boxes, scores) = (try golden.boxes("boxes"), try golden.input("scores").tensor.values)
    return .kept(nms(boxes, scores: scores), boxes, scores)
  },
  "batched_nms": { golden in
    let nms = NMS(threshold: try golden.config.decode(NMSCase.self).iou_threshold)
    let (boxes, scores) = (try golden.boxes("boxes"), try golden.input("scores").tensor.values)
    return .kept(
      nms.batched(boxes, scores: scores, groups: try golden.input("ids").integers), boxes, scores)
  },
  "det_loss": { golden in
    let config = try golden.config.decode(LossCase.self)
    var components = Components()
    components.addDetection()
    let predictions = try golden.input("pred").tensor.withGradient()
    let value: Tensor
    if components.boxLosses.names.contains(config.loss.type) {
      let loss = try components.boxLosses.build(
        config.loss, scope: "mmdet", in: ModelContext(components: components))
      value = loss(
        predictions, try golden.input("target").tensor, weights: try? golden.input("weight").tensor,
        averagingFactor: config.avg_factor)
    } else {
      let loss = try components.classificationLosses.build(
        config.loss, scope: "mmdet",
        in: ClassificationLossContext(channels: predictions.shape[predictions.rank - 1]))
      value = loss(
        predictions, labels: try golden.input("label").integers.map { Int32(clamping: $0) },
        weights: (try? golden.input("weight").tensor)?.values, averagingFactor: config.avg_factor)
    }
    var results = CaseResults()
    results.add("loss.loss", value)
    results.differentiate(golden, losses: ["loss": value], inputs: ["pred": (predictions, { $0 })])
    return results
  },
  "mask_target": { golden in
    let config = try golden.config.decode(MaskTargetCase.self)
    let boxes = try golden.boxes("boxes")
    let assigned = try golden.input("gt_inds").integers
    // The boxes lie within their image, so the size of the polygons' image does not matter.
    let masks: [ObjectMask] =
      config.masks == "polygon"
      ? try golden.polygons(count: (assigned.max() ?? -1) + 1, height: 1000, width: 1000)
      : try golden.bitmaps("gt_masks").map { .bitmap($0) }
    let targets = maskTargets(for: boxes, masks: masks, assigned: assigned, size: config.mask_size)
    var results = CaseResults()
    results.add(
      "output.targets", integers: targets.map { Int($0) },
      shape: [boxes.count, config.mask_size, config.mask_size])
    return results
  },
  "paste_masks": { golden in
    let threshold = try golden.config.decode(PasteCase.self).threshold
    let boxes = try golden.boxes("boxes")
    let stored = try golden.input("probs")
    let side = stored.shape[1]
    let probabilities = stored.tensor.values
    guard let shape = golden.tensors["output.soft"]?.shape else {
      throw CheckpointError(file: golden.path, "has no tensor 'output.soft'")
    }
    let size = ImageSize(height: shape[1], width: shape[2])
    let soft = (0..<boxes.count).flatMap {
      pastedProbabilities(
        probabilities[($0 * side * side)..<(($0 + 1) * side * side)], side: side, box: boxes[$0],
        rows: 0..<size.height, columns: 0..<size.width)
    }
    let pasted = pasteMasks(probabilities, side: side, boxes: boxes, into: size, threshold: threshold)
    var results = CaseResults()
    results.add("output.soft", Tensor(soft, shape: shape))
    results.tensors["output.masks"] = StoredTensor(
      type: .uint8, shape: shape, bytes: pasted.flatMap(\.bitmap.pixels))
    return results
  },
]

private struct AnchorsCase: Decodable {
  var generator: AnchorGenerator
  var featmap_sizes: [[Int]]
}

private struct BoxCoderCase: Decodable {
  var coder: DeltaXYWHBBoxCoder
  var max_shape: [Int]?
  var classes: Int
  /// The coder's own constant.
  var wh_ratio_clip: Float
}

private struct LossCase: Decodable {
  var loss: ComponentConfiguration
  var avg_factor: Float?
}

private struct NMSCase: Decodable { var iou_threshold: Float }

private struct MaskTargetCase: Decodable {
  var mask_size: Int
  var masks: String?
}

private struct PasteCase: Decodable { var threshold: Float }

extension CaseResults {
  fileprivate mutating func add(_ name: String, _ boxes: Boxes) {
    add(name, Tensor(boxes.values, shape: [boxes.count, 4]))
  }

  /// The numbers of the boxes that stay, and the boxes with their scores.
  fileprivate static func kept(_ kept: [Int], _ boxes: Boxes, _ scores: [Float]) -> CaseResults {
    var results = CaseResults()
    results.add("output.keep", integers: kept, shape: [kept.count])
    let rows = kept.flatMap { index in boxes.values[(4 * index)..<(4 * index + 4)] + [scores[index]] }
    results.add("output.dets", Tensor(rows, shape: [kept.count, 5]))
    return results
  }
}

extension GoldenCase {
  fileprivate func boxes(_ name: String) throws -> Boxes { Boxes(try input(name).tensor.values) }

  /// Bitmaps stored as `[n, height, width]`.
  fileprivate func bitmaps(_ name: String) throws -> [Bitmap] {
    let stored = try input(name)
    let (height, width) = (stored.shape[1], stored.shape[2])
    return (0..<stored.shape[0]).map {
      Bitmap(
        height: height, width: width,
        pixels: Array(stored.bytes[($0 * height * width)..<(($0 + 1) * height * width)]))
    }
  }

  /// The objects, and behind them the ignored regions.
  fileprivate func assignerTruth() throws -> Instances {
    let labels = try input("gt_labels").integers
    var boxes = try self.boxes("gt_bboxes")
    let ignored = tensors["input.gt_bboxes_ignore"] == nil ? Boxes() : try self.boxes("gt_bboxes_ignore")
    boxes.append(contentsOf: ignored)
    return Instances(
      boxes: boxes, labels: labels + [Int](repeating: 0, count: ignored.count),
      isIgnored: labels.map { _ in false } + [Bool](repeating: true, count: ignored.count))
  }
}
