import Coco
import Configuration
import Data
import Foundation
import Masks
import Modeling

/// COCO's average precision (mmdetection's `CocoMetric`): each image is matched when it is fed, masks are not kept.
public struct CocoMetric: Metric {
  private let configuration: Configuration
  /// What the data set says of its images and classes.
  private let truth: InstanceTruth
  /// The ground truth's id of each class: that of `ann_file`, where the config names one.
  private let categoryIDs: [Int]
  private let classNames: [String]
  private var evaluators: [CocoEvaluator]
  private var recall: ProposalRecall?
  private var files: CocoResultFiles?

  /// A metric over a data set: its classes count, and its images; with `ann_file` all images of that file, as in
  /// mmdetection (pycocotools' `catIds` and `imgIds`).
  ///
  /// - Throws: `ConfigurationError` when the data set knows no objects; `CocoError` about `ann_file`, `proposal_nums` and
  ///   `iou_thrs`; `DataError` when the file lacks a class of the data set, or when objects have no masks to be compared.
  public init(_ configuration: Configuration, dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else {
      throw ConfigurationError(
        message: "CocoMetric needs a data set that knows its objects, such as CocoDataset",
        hint: "Segmentation is judged by IoUMetric, classes of whole images by Accuracy.")
    }
    self.configuration = configuration
    self.truth = truth
    classNames = dataset.metainfo.classes
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
    files = configuration.filePrefix.map { CocoResultFiles(stem: $0, truth: truth) }
    evaluators = []
    guard !configuration.formatsOnly else { return }
    let wanted = categoryIDs
    evaluators = try configuration.types.map {
      try CocoEvaluator(
        annotations: annotations, iouType: $0, maxDets: configuration.limits, imageIDs: imageIDs,
        categoryIDs: wanted, iouThresholds: configuration.thresholds)
    }
    if configuration.metrics.contains(.proposalFast) {
      recall = ProposalRecall(
        annotations, imageIDs: imageIDs, limits: configuration.limits,
        thresholds: configuration.thresholds ?? CocoEvaluator.cocoThresholds)
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
    // Says so where the model has more classes than the data set.
    for label in found.labels { _ = try truth.categoryID(of: label, in: sample) }
    let categories = found.labels.map { categoryIDs[$0] }
    let detections = categories.indices.map { index in
      let box = cornerForm(found.boxes[index])
      return CocoDetection(
        categoryID: categories[index], score: Double(found.scores[index]),
        boundingBox: (box[0], box[1], box[2], box[3]), mask: found.masks?[index])
    }
    let imageID = configuration.annotationFile == nil ? id : sample.imageID
    for index in evaluators.indices { try evaluators[index].add(imageID: imageID, detections: detections) }
    recall?.add(imageID: imageID, boxes: found.boxes)
    files?.add(found, imageID: imageID, categories: categories, number: sample.number)
  }

  /// What is kept of the images so far: the matches of each type compared, and what is to be written.
  public struct State: Codable, Sendable {
    var evaluations: [CocoEvaluator.State]
    var recall: ProposalRecall.State?
    var files: CocoResultFiles.State?
  }

  /// What is kept of the images matched so far.
  public var state: State {
    State(evaluations: evaluators.map(\.state), recall: recall?.state, files: files?.state)
  }

  /// Takes in what was kept of other images of the data set.
  ///
  /// - Throws: `CocoError`, and nothing is taken in, for the state of another evaluation, and for images that were
  ///   added already.
  public mutating func merge(_ state: State) throws {
    guard state.evaluations.count == evaluators.count, (state.recall == nil) == (recall == nil),
      (state.files == nil) == (files == nil)
    else {
      throw CocoError(
        "what is to be merged compared \(state.evaluations.count) types, this metric \(evaluators.count)")
    }
    var merged = evaluators
    for index in merged.indices { try merged[index].merge(state.evaluations[index]) }
    if let other = state.recall { try recall?.merge(other) }
    evaluators = merged
    if let other = state.files { files?.merge(other) }
  }

  /// mmdetection's figures of what is compared.
  public var figures: [MetricFigure] {
    guard !configuration.formatsOnly else { return [] }
    var names: [String] = []
    for metric in configuration.metrics {
      guard let type = metric.type else {
        names += configuration.limits.map { "AR@\($0)" }
        continue
      }
      if configuration.isClasswise, type != .proposal { names += classNames.map { "\($0)_precision" } }
      names += configuration.figures(of: type).map(\.name)
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }.map { MetricFigure(configuration.prefix + $0) }
  }

  /// mm's figures as fractions of three digits, tables, and the object of `evaluate coco`; result files are written
  /// where the config names some.
  ///
  /// - Throws: `FileError` when a result file cannot be written.
  public func summary() throws -> MetricSummary {
    let written = try files?.write() ?? []
    let notes = ([note] + written.map { "results: \($0)" }).compactMap { $0 }
    guard !configuration.formatsOnly else {
      return MetricSummary(values: [], table: notes.joined(separator: "\n"), json: [String: CocoSummary]())
    }
    var values: [String: Double] = [:]
    var shown: [CocoSummary] = []
    var index = 0
    for metric in configuration.metrics {
      guard metric.type != nil else {
        for (limit, value) in zip(configuration.limits, recall?.averages() ?? []) {
          values["AR@\(limit)"] = value
        }
        continue
      }
      let evaluator = evaluators[index]
      index += 1
      // mmdetection counts up to 1000 detections of a class; the tables are pycocotools' own unless the config says
      // other limits.
      let counted = evaluator.summary()
      shown.append(
        configuration.proposalLimits == nil
          ? evaluator.summary(maxDets: evaluator.iouType.maximumDetections) : counted)
      if configuration.isClasswise {
        for (id, name) in zip(categoryIDs, classNames) {
          guard let figure = counted.perClass.first(where: { $0.id == id })?.averagePrecision else {
            continue
          }
          values["\(name)_precision"] = figure < 0 ? .nan : (figure * 1000).rounded() / 1000
        }
      }
      let figures = counted.metrics
      for (name, item) in configuration.figures(of: evaluator.iouType) { values[name] = figures[item] }
    }
    let named = figures.map {
      (name: $0.name, value: values[String($0.name.dropFirst(configuration.prefix.count))] ?? .nan)
    }
    let tables = shown.map { "\($0.iouType.rawValue)\n\($0.text(classwise: configuration.isClasswise))" }
    let objects = Dictionary(uniqueKeysWithValues: shown.map { ($0.iouType.rawValue, $0) })
    var summary = MetricSummary(
      values: named, table: (notes + tables).joined(separator: "\n"), json: objects)
    summary.perClass = shown.filter { !$0.perClass.isEmpty }.map(\.classFigures)
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
