import Coco
import Configuration
import Data
import Foundation
import Masks
import Modeling

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
      if (try? keys.decode(String.self, forKey: .metric)) != nil {
        types = [try keys.decode(CocoIoUType.self, forKey: .metric)]
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
  /// What the data set says of its images and classes.
  private let truth: InstanceTruth
  /// The ground truth's id of each class: that of `ann_file`, where the config names one.
  private let categoryIDs: [Int]
  private var evaluators: [CocoEvaluator]

  /// A metric over a data set: its classes count, and its images; with `ann_file` all images of that file, as in
  /// mmdetection (pycocotools' `catIds` and `imgIds`).
  ///
  /// - Throws: `ConfigurationError` when the data set knows no objects; `CocoError` about `ann_file`; `DataError` when
  ///   that lacks a class of the data set, or when objects have no masks to be compared.
  public init(_ configuration: Configuration, dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else {
      throw ConfigurationError(
        message: "CocoMetric needs a data set that knows its objects, such as CocoDataset",
        hint: "Segmentation is judged by IoUMetric, classes of whole images by Accuracy.")
    }
    self.configuration = configuration
    self.truth = truth
    var annotations = truth.annotations
    var imageIDs: [Int]? = truth.imageIDs.compactMap { $0 }
    if let file = configuration.annotationFile {
      annotations = try CocoAnnotations(contentsOf: file)
      imageIDs = nil
      categoryIDs = try CocoDataset.categories(
        annotations.categories, used: Set(annotations.annotations.map(\.categoryID)),
        wanted: dataset.metainfo.classes, hasImages: !annotations.images.isEmpty, file: file
      ).map(\.id)
    } else {
      categoryIDs = truth.categoryIDs
    }
    let wanted = categoryIDs
    evaluators = try configuration.types.map {
      try CocoEvaluator(
        annotations: annotations, iouType: $0, maxDets: $0 == .proposal ? configuration.proposalLimits : nil,
        imageIDs: imageIDs, categoryIDs: wanted)
    }
    if configuration.types.contains(.segm) {
      try Self.checkMasks(of: annotations, imageIDs: imageIDs.map(Set.init), categoryIDs: Set(wanted))
    }
  }

  /// Masks are compared with masks: an object without one is found out here, not at the first validation.
  private static func checkMasks(
    of annotations: CocoAnnotations, imageIDs: Set<Int>?, categoryIDs: Set<Int>
  ) throws {
    let objects = annotations.annotations.filter {
      categoryIDs.contains($0.categoryID) && (imageIDs?.contains($0.imageID) ?? true)
    }
    let bare = objects.filter { !$0.hasComparableMask }
    guard let first = bare.first else { return }
    throw DataError(
      file: annotations.file,
      "\(bare.count) of \(objects.count) annotations have no segmentation, which segm compares; the first is "
        + "annotation \(first.id). For boxes only write metric: bbox")
  }

  /// Matches the objects of one image. An image that repeats one before is left out.
  ///
  /// - Throws: `DataError` for label maps, and for objects of classes that the data set has not; `CocoError` for images
  ///   that the annotation file lacks.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let found = prediction.instances else {
      throw DataError(
        file: sample.imagePath,
        "CocoMetric judges instances; the model gave none: segmentation is judged by IoUMetric, classes of whole images "
          + "by Accuracy")
    }
    // Also where nothing is found: a model without masks is told apart before anything is trained.
    if found.masks == nil, configuration.types.contains(.segm) {
      throw DataError(
        file: sample.imagePath,
        "the model gave boxes without masks, and segm compares masks: write metric: bbox, or give model.roi_head a "
          + "mask_head and a mask_roi_extractor")
    }
    guard let id = try truth.imageID(of: sample) else { return }
    let detections = try found.labels.indices.map { index in
      // Says so where the model has more classes than the data set.
      _ = try truth.categoryID(of: found.labels[index], in: sample)
      let box = cornerForm(found.boxes[index])
      return CocoDetection(
        categoryID: categoryIDs[found.labels[index]], score: Double(found.scores[index]),
        boundingBox: (box[0], box[1], box[2], box[3]), mask: found.masks?[index])
    }
    let imageID = configuration.annotationFile == nil ? id : sample.imageID
    for index in evaluators.indices { try evaluators[index].add(imageID: imageID, detections: detections) }
  }

  /// What is kept of the images matched so far, for each of the types compared.
  public var state: [CocoEvaluator.State] { evaluators.map(\.state) }

  /// Takes in what was kept of other images of the data set.
  ///
  /// - Throws: `CocoError`, and nothing is taken in, for the state of another evaluation, and for images that were
  ///   added already.
  public mutating func merge(_ state: [CocoEvaluator.State]) throws {
    guard state.count == evaluators.count else {
      throw CocoError("what is to be merged compared \(state.count) types, this metric \(evaluators.count)")
    }
    var merged = evaluators
    for index in merged.indices { try merged[index].merge(state[index]) }
    evaluators = merged
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
    var summary = MetricSummary(
      values: values, table: ([note].compactMap { $0 } + tables).joined(separator: "\n"), json: objects)
    summary.perClass = summaries.filter { !$0.perClass.isEmpty }.map(\.classFigures)
    return summary
  }

  /// Says how many images of `ann_file` no prediction was given for.
  private var note: String? {
    guard let file = configuration.annotationFile, let evaluator = evaluators.first,
      evaluator.fedCount < evaluator.imageIDs.count
    else { return nil }
    return
      "note: \(evaluator.fedCount) images are tested, \(file) has \(evaluator.imageIDs.count): the others count "
      + "as missed"
  }
}

/// (x1, y1, x2, y2) as COCO's (x, y, width, height), subtracted in double precision as mmdetection does.
package func cornerForm(_ box: SIMD4<Float>) -> [Double] {
  [Double(box[0]), Double(box[1]), Double(box[2]) - Double(box[0]), Double(box[3]) - Double(box[1])]
}
