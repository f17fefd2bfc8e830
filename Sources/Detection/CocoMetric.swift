import Coco
import Modeling
import Configuration
import Data
import Foundation
import Masks

/// COCO's average precision (mmdetection's `CocoMetric`): each image is matched when it is fed, masks are not kept.
public struct CocoMetric: Metric {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var annotationFile: String?
    var types: [CocoIoUType]
    var isClasswise: Bool
    var proposalLimits: [Int]?

    enum CodingKeys: String, CodingKey {
      case metric, classwise
      case annotationFile = "ann_file"
      case proposalLimits = "proposal_nums"
    }

    /// Decodes mmdetection's keys; `metric` is one word or a list.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      annotationFile = try keys.decodeIfPresent(String.self, forKey: .annotationFile)
      if let one = try? keys.decode(String.self, forKey: .metric), let type = CocoIoUType(rawValue: one) {
        types = [type]
      } else if keys.contains(.metric) {
        types = try keys.decode([CocoIoUType].self, forKey: .metric)
      } else {
        types = [.bbox]
      }
      guard Set(types).count == types.count, !types.isEmpty else {
        throw keys.refusal("one or more of bbox, segm, proposal, each once, are wanted", forKey: .metric)
      }
      isClasswise = try keys.decodeIfPresent(Bool.self, forKey: .classwise) ?? false
      proposalLimits = try keys.decodeIfPresent([Int].self, forKey: .proposalLimits)
    }
  }

  private let configuration: Configuration
  private let annotations: CocoAnnotations
  private let categoryIDs: [Int]
  private var evaluators: [CocoEvaluator]

  /// A metric over a data set.
  ///
  /// - Throws: `ConfigurationError` when the data set is not a `CocoDataset`; `CocoError` about `ann_file`.
  public init(_ configuration: Configuration, dataset: any Dataset) throws {
    guard let dataset = dataset as? CocoDataset else {
      throw ConfigurationError(
        message: "CocoMetric needs a CocoDataset", hint: "Segmentation is judged by IoUMetric.")
    }
    self.configuration = configuration
    annotations =
      try configuration.annotationFile.map { try CocoAnnotations(contentsOf: $0) } ?? dataset.annotations
    categoryIDs = dataset.categoryIDs
    evaluators = []
    evaluators = try fresh()
  }

  private func fresh() throws -> [CocoEvaluator] {
    try configuration.types.map {
      try CocoEvaluator(
        annotations: annotations, iouType: $0, maxDets: $0 == .proposal ? configuration.proposalLimits : nil)
    }
  }

  /// Matches the objects of one image.
  ///
  /// - Throws: `DataError` for label maps; `CocoError` for images that the annotation file lacks.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let found = prediction.instances else {
      throw DataError(file: sample.imagePath, "CocoMetric judges instances; the model gave none")
    }
    let detections = found.labels.indices.map { index in
      let box = cornerForm(found.boxes[index])
      return CocoDetection(
        categoryID: categoryIDs[found.labels[index]], score: Double(found.scores[index]),
        boundingBox: (box[0], box[1], box[2], box[3]), mask: found.masks?[index])
    }
    for index in evaluators.indices {
      try evaluators[index].add(imageID: sample.imageID, detections: detections)
    }
  }

  /// mmdetection's figures of what is compared.
  public var figures: [MetricFigure] {
    evaluators.flatMap { $0.iouType.metricNames(maxDets: $0.maxDets) }.map { MetricFigure("coco/\($0)") }
  }

  /// mm's figures as fractions of three digits, tables, and the object of `evaluate coco`.
  public func summary() throws -> MetricSummary {
    let summaries = evaluators.map { $0.summary() }
    let values = summaries.flatMap(\.metrics).map {
      (name: "coco/\($0.name)", value: ($0.value * 1000).rounded() / 1000)
    }
    let tables = summaries.map { "\($0.iouType.rawValue)\n\($0.text(classwise: configuration.isClasswise))" }
    let objects = Dictionary(uniqueKeysWithValues: summaries.map { ($0.iouType.rawValue, $0) })
    return MetricSummary(values: values, table: tables.joined(separator: "\n"), json: objects)
  }
}

/// (x1, y1, x2, y2) as COCO's (x, y, width, height), subtracted in double precision as mmdetection does.
package func cornerForm(_ box: SIMD4<Float>) -> [Double] {
  [Double(box[0]), Double(box[1]), Double(box[2]) - Double(box[0]), Double(box[3]) - Double(box[1])]
}
