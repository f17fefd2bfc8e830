import Coco
import Configuration
import Data
import Detection
import Files
import Foundation
import Masks
import Modeling

/// Settings of COCO's evaluation, mmdetection's metric, and errors by kind.
extension JSONCases {
  // MARK: Settings

  private struct Options: Decodable {
    struct Files: Decodable {
      var annotations: String
      var bbox: String
      var segm: String
    }
    struct Settings: Decodable {
      var iou_type: CocoIoUType
      var cat_ids: [Int]?
      var img_ids: [Int]?
      var iou_thrs: [Double]?
      var max_dets: [Int]?
    }
    struct Curve: Decodable {
      var category: Int
      var iou: Double
      var precision: [Double]
      var score: [Double]
    }
    struct Run: Decodable {
      var options: Settings
      var cat_ids: [Int]
      var ap: Double
      var ar: [Double]
      var ap_by_iou: [Double]
      var ap_by_area: [Double]
      var ar_by_area: [Double]
      var ap_by_category: [Double]?
      var curve: Curve?
    }
    var files: Files
    var runs: [Run]
  }

  static func options(_ path: String, _ check: inout Check) throws {
    let expected = try decode(Options.self, path)
    let folder = (path as NSString).deletingLastPathComponent
    let annotations = try CocoAnnotations(contentsOf: "\(folder)/\(expected.files.annotations)")
    let boxes = try CocoResults(contentsOf: "\(folder)/\(expected.files.bbox)")
    let masks = try CocoResults(contentsOf: "\(folder)/\(expected.files.segm)")
    for (number, run) in expected.runs.enumerated() {
      let settings = run.options
      var evaluator = try CocoEvaluator(
        annotations: annotations, iouType: settings.iou_type, maxDets: settings.max_dets,
        imageIDs: settings.img_ids, categoryIDs: settings.cat_ids, iouThresholds: settings.iou_thrs)
      try evaluator.add(settings.iou_type == .segm ? masks : boxes, of: annotations)
      let figures = evaluator.allFigures()
      func close(_ name: String, _ found: [Double], _ wanted: [Double]) {
        check.close("runs[\(number)].\(name)", found, wanted, within: 1e-9)
      }
      close("ap", [figures.byArea[0]], [run.ap])
      close("ar", figures.recalls, run.ar)
      close("ap_by_iou", figures.byThreshold, run.ap_by_iou)
      close("ap_by_area", figures.byArea, run.ap_by_area)
      close("ar_by_area", figures.recallsByArea, run.ar_by_area)
      if let wanted = run.ap_by_category {
        close("ap_by_category", evaluator.summary().perClass.map(\.averagePrecision), wanted)
      }
      if let wanted = run.curve, let category = run.cat_ids.firstIndex(of: wanted.category) {
        let curve = evaluator.curve(category: category, threshold: 0)
        close("curve.precision", curve.precision, wanted.precision)
        close("curve.score", curve.score, wanted.score)
      }
    }
    try metrics(path, annotations, boxes, masks, &check)
  }

  // MARK: mmdetection's metric

  /// Results through `CocoMetric`: the keys are in the file as a config has them.
  private static func metrics(
    _ path: String, _ annotations: CocoAnnotations, _ boxes: CocoResults, _ masks: CocoResults,
    _ check: inout Check
  ) throws {
    var components = Components()
    components.addDetection()
    func component(_ text: String) throws -> ComponentConfiguration {
      try ConfigurationNode.parse(text, file: path).decode(ComponentConfiguration.self)
    }
    let dataset = try components.data.datasets.build(
      component("{type: CocoDataset, ann_file: \(annotations.file.debugDescription), test_mode: true}"),
      scope: "mmdet", in: DataContext(scope: "mmdet", components: components.data))
    let ids = annotations.categories.map(\.id)
    let rows = Dictionary(grouping: boxes.rows.indices) { boxes.rows[$0].imageID }
    let sizes = Dictionary(uniqueKeysWithValues: annotations.images.map { ($0.id, $0) })
    let text = String(decoding: try RegularFile(path).whole(), as: UTF8.self)
    let type = try ConfigurationNode.parse("CocoMetric", file: path)
    let runs = try ConfigurationNode.parse(text, file: path)["metric"]?.elements ?? []
    for (number, run) in runs.enumerated() {
      guard let options = run["options"], let wanted = run["result"]?.entries else { continue }
      var metric = try components.metrics.build(
        ComponentConfiguration(options.setting("type", to: type)), scope: "mmdet",
        in: MetricContext(scope: "mmdet", dataset: dataset))
      for index in 0..<dataset.count {
        let sample = try dataset.sample(at: index)
        guard let image = sizes[sample.imageID] else { continue }
        var found = InstancePrediction(boxes: Boxes(), scores: [], labels: [], masks: [])
        for row in rows[image.id] ?? [] {
          let one = boxes.rows[row]
          guard let label = ids.firstIndex(of: one.categoryID), let box = one.boundingBox,
            let mask = try masks.rows[row].segmentation?.mask(height: image.height, width: image.width)
          else { continue }
          found.boxes.append(
            SIMD4(Float(box.x), Float(box.y), Float(box.x + box.width), Float(box.y + box.height)))
          found.scores.append(Float(one.score))
          found.labels.append(label)
          found.masks?.append(mask)
        }
        try metric.add(Prediction(instances: found), for: sample)
      }
      let values = try metric.summary().values
      check.equal("metric[\(number)]: names", values.map(\.name), wanted.map { "coco/\($0.key)" })
      check.close(
        "metric[\(number)]", values.map { $0.value.isNaN ? nil : $0.value }, wanted.map(\.value.double),
        within: 1e-9)
    }
  }

  // MARK: Errors by kind

  private struct Errors: Decodable {
    struct Split: Decodable {
      var ap: Double
      var delta: [String: Double]
      var count: [String: Int]
    }
    var bbox: Split
    var segm: Split
  }

  static func errors(_ path: String, _ check: inout Check) throws {
    let expected = try decode(Errors.self, path)
    let stem = path.replacingOccurrences(of: "_expected.json", with: "")
    let annotations = try CocoAnnotations(contentsOf: stem + "_annotations.json")
    let names: [(ErrorSplit.Kind, String)] = [
      (.classification, "Cls"), (.localisation, "Loc"), (.both, "Both"), (.duplicate, "Dupe"),
      (.background, "Bkg"), (.missed, "Miss"),
    ]
    for (type, wanted) in [(CocoIoUType.bbox, expected.bbox), (.segm, expected.segm)] {
      let results = try CocoResults(contentsOf: "\(stem)_\(type.rawValue).json")
      var evaluator = try CocoEvaluator(annotations: annotations, iouType: type)
      try evaluator.add(results, of: annotations)
      let found = try CocoAnalysis(of: results, against: annotations, evaluator: evaluator).errors
      check.close("\(type).ap", [found.averagePrecision], [wanted.ap], within: 1e-9)
      check.close(
        "\(type).delta", names.map { found.gains[$0.0] } + [found.falsePositives, found.falseNegatives],
        names.map { wanted.delta[$0.1] } + [wanted.delta["FalsePos"], wanted.delta["FalseNeg"]], within: 1e-9)
      check.equal("\(type).count", names.map { found.counts[$0.0] }, names.map { wanted.count[$0.1] })
    }
  }
}
