import Checkpoints
import Coco
import Detection
import Files
import Foundation
import Imaging
import Masks
import Segmentation

/// Golden cases that are one JSON file: COCO evaluation, run-length masks, segmentation metrics.
enum JSONCases {
  /// Whether a file is a case, and not an input of one.
  static func isCase(_ path: String) -> Bool {
    let name = (path as NSString).lastPathComponent
    let folder = ((path as NSString).deletingLastPathComponent as NSString).lastPathComponent
    guard name.hasSuffix(".json") else { return false }
    return name == "masks.json" || folder == "segeval"
      || (name.hasSuffix("_expected.json")
        && ["eval_", "options_", "tide_"].contains { name.hasPrefix($0) })
  }

  /// Runs a case.
  static func run(_ path: String) throws -> (kind: String, worst: Deviation?, faults: [String]) {
    let name = (path as NSString).lastPathComponent
    var check = Check()
    if name == "masks.json" {
      try masks(path, &check)
      return ("coco_masks", check.worst, check.faults)
    } else if name.hasPrefix("eval_") {
      try evaluation(path, &check)
      return ("coco_eval", check.worst, check.faults)
    } else if name.hasPrefix("options_") {
      try options(path, &check)
      return ("coco_options", check.worst, check.faults)
    } else if name.hasPrefix("tide_") {
      try errors(path, &check)
      return ("tide", check.worst, check.faults)
    }
    try segmentation(path, &check)
    return ("segeval", check.worst, check.faults)
  }

  /// Numbers held against the expected ones.
  struct Check {
    var worst: Deviation?
    var faults: [String] = []

    mutating func close(_ name: String, _ found: [Double?], _ expected: [Double?], within tolerance: Double) {
      guard found.count == expected.count else {
        faults.append("\(name): \(found.count) numbers, not \(expected.count)")
        return
      }
      for (index, (x, w)) in zip(found, expected).enumerated() {
        guard let x, let w else {
          if x != nil || w != nil { faults.append("\(name)[\(index)]: \(x ?? .nan), not \(w ?? .nan)") }
          continue
        }
        let difference = abs(x - w)
        if !(difference <= tolerance) { faults.append("\(name)[\(index)]: \(x), not \(w)") }
        if difference.isNaN || difference >= worst?.absolute ?? 0 {
          worst = Deviation(
            tensor: "\(name)[\(index)]", absolute: difference,
            relative: w == 0 ? difference : difference / abs(w),
            share: difference / tolerance)
        }
      }
    }

    mutating func equal<T: Equatable>(_ name: String, _ found: T, _ expected: T) {
      if found != expected { faults.append("\(name): \(found), not \(expected)") }
    }
  }

  static func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
    do { return try JSONDecoder().decode(type, from: Data(RegularFile(path).whole())) } catch {
      throw CheckpointError(file: path, "is not a golden case: \(error)")
    }
  }

  // MARK: COCO evaluation

  private struct Evaluation: Decodable {
    struct Figures: Decodable {
      var stats: [Double]
      var per_category_ap: [String: Double]?
      var per_category_ap50: [String: Double]?
      var per_category_ar: [String: Double]?
      var per_iou_ap: [Double]?
    }
    var bbox: Figures
    var segm: Figures
    var proposal: Figures
  }

  private static func evaluation(_ path: String, _ check: inout Check) throws {
    let expected = try decode(Evaluation.self, path)
    let stem = path.replacingOccurrences(of: "_expected.json", with: "")
    let annotations = try CocoAnnotations(contentsOf: stem + "_annotations.json")
    let boxes = try CocoResults(contentsOf: stem + "_bbox.json")
    let masks = try CocoResults(contentsOf: stem + "_segm.json")
    for (type, results, figures) in [
      (CocoIoUType.bbox, boxes, expected.bbox), (.segm, masks, expected.segm),
      (.proposal, boxes, expected.proposal),
    ] {
      let summary = try CocoEvaluator.evaluate(results, against: annotations, iouType: type)
      func perClass(_ name: String, _ wanted: [String: Double]?, _ figure: (CocoSummary.Category) -> Double) {
        guard let wanted else { return }
        let names = wanted.keys.sorted()
        let found = Dictionary(uniqueKeysWithValues: summary.perClass.map { (String($0.id), figure($0)) })
        check.close("\(type).\(name)", names.map { found[$0] }, names.map { wanted[$0] }, within: 1e-12)
      }
      check.close("\(type).stats", summary.stats, figures.stats, within: 1e-12)
      perClass("per_category_ap", figures.per_category_ap) { $0.averagePrecision }
      perClass("per_category_ap50", figures.per_category_ap50) { $0.averagePrecision50 }
      perClass("per_category_ar", figures.per_category_ar) { $0.averageRecall }
      if let wanted = figures.per_iou_ap {
        check.close("\(type).per_iou_ap", summary.perIoU, wanted, within: 1e-12)
      }
    }
  }

  // MARK: Masks

  private struct MaskCases: Decodable {
    struct Case: Decodable {
      var size: [Int]
      var polygons: [[Double]]
      var counts: [UInt32]
      var string: String
      var area: Int
      var bbox: [Double]
    }
    struct Overlaps: Decodable {
      var segm_dt: [Int]
      var segm_gt: [Int]
      var iscrowd: [Int]
      var segm_iou: [[Double]]
      var bbox_dt: [[Double]]
      var bbox_gt: [[Double]]
      var bbox_iou: [[Double]]
      var union: String
      var intersection: String
    }
    var cases: [Case]
    var iou: Overlaps
  }

  private static func masks(_ path: String, _ check: inout Check) throws {
    let expected = try decode(MaskCases.self, path)
    var masks: [RunLengthMask] = []
    for (index, one) in expected.cases.enumerated() {
      let mask = try RunLengthMask(polygons: one.polygons, height: one.size[0], width: one.size[1])
      check.equal("\(index).counts", mask.counts, one.counts)
      check.equal("\(index).string", mask.compressed, one.string)
      check.equal("\(index).area", mask.area, one.area)
      let box = mask.boundingBox
      check.equal("\(index).bbox", [box.x, box.y, box.width, box.height], one.bbox)
      let read = try RunLengthMask(compressed: one.string, height: one.size[0], width: one.size[1])
      check.equal("\(index) read from its string", read, mask)
      check.equal("\(index) through a bitmap", RunLengthMask(mask.bitmap), mask)
      masks.append(mask)
    }
    let overlaps = expected.iou
    let isCrowd = overlaps.iscrowd.map { $0 == 1 }
    check.close(
      "segm_iou",
      try RunLengthMask.iou(
        overlaps.segm_dt.map { masks[$0] }, overlaps.segm_gt.map { masks[$0] }, isCrowd: isCrowd),
      overlaps.segm_iou.flatMap { $0 }, within: 1e-12)
    func corners(_ rows: [[Double]]) -> [CornerBox] {
      rows.map { (x: $0[0], y: $0[1], width: $0[2], height: $0[3]) }
    }
    check.close(
      "bbox_iou", boxIoU(corners(overlaps.bbox_dt), corners(overlaps.bbox_gt), isCrowd: isCrowd),
      overlaps.bbox_iou.flatMap { $0 }, within: 1e-12)
    let named = overlaps.segm_dt.map { masks[$0] }
    check.equal("union", try RunLengthMask.union(named).compressed, overlaps.union)
    check.equal(
      "intersection", try RunLengthMask.intersection(Array(named.prefix(2))).compressed, overlaps.intersection
    )
  }

  // MARK: Segmentation metrics

  private struct Metrics: Decodable {
    struct Pair: Decodable {
      var label: String
      var pred: String
    }
    var num_classes: Int
    var ignore_index: Int
    var reduce_zero_label: Bool
    var nan_to_num: Double?
    var beta: Double?
    var files: [Pair]
    var area_intersect: [Int]
    var area_union: [Int]
    var area_pred: [Int]
    var area_label: [Int]
    var per_class: [String: [Double?]]
    var aAcc: Double?
    var summary: [String: Double?]
  }

  private static func segmentation(_ path: String, _ check: inout Check) throws {
    let expected = try decode(Metrics.self, path)
    let folder = (path as NSString).deletingLastPathComponent
    var matrix = ConfusionMatrix(
      classes: expected.num_classes, ignoreIndex: expected.ignore_index,
      reducesZeroLabel: expected.reduce_zero_label)
    for pair in expected.files {
      try matrix.add(
        label: LabelMap.read(file: "\(folder)/\(pair.label)"),
        prediction: LabelMap.read(file: "\(folder)/\(pair.pred)"))
    }
    check.equal("area_intersect", matrix.intersections, expected.area_intersect)
    check.equal("area_label", matrix.labelAreas, expected.area_label)
    check.equal("area_pred", matrix.predictionAreas, expected.area_pred)
    let unions = zip(zip(matrix.labelAreas, matrix.predictionAreas), matrix.intersections).map {
      $0.0 + $0.1 - $1
    }
    check.equal("area_union", unions, expected.area_union)
    let summary = SegmentationSummary(
      matrix, classes: (0..<expected.num_classes).map { "\($0)" }, beta: expected.beta ?? 1,
      nanReplacement: expected.nan_to_num)
    func known(_ value: Double) -> Double? { value.isNaN ? nil : value }
    let figures: [(String, (SegmentationSummary.Category) -> Double)] = [
      ("IoU", { $0.iou }), ("Acc", { $0.accuracy }), ("Dice", { $0.dice }), ("Fscore", { $0.fScore }),
      ("Precision", { $0.precision }), ("Recall", { $0.recall }),
    ]
    for (name, figure) in figures {
      guard let wanted = expected.per_class[name] else { continue }
      check.close(name, summary.perClass.map { known(figure($0)) }, wanted, within: 1e-5)
    }
    check.close("aAcc", [known(summary.overallAccuracy)], [expected.aAcc], within: 1e-5)
    for (name, value) in summary.means {
      guard let wanted = expected.summary[name] else { continue }
      check.close("summary.\(name)", [known((value * 10_000).rounded() / 100)], [wanted], within: 1e-9)
    }
  }
}
