import Coco
import Configuration
import Data
import Files
import Foundation
import Masks
import Modeling

/// Pascal VOC's mean average precision of boxes (mmdetection's `VOCMetric`, whose `eval_map` counts a pixel more for each
/// side, as the development kit of VOC does). Crowds and what is marked `ignore` are VOC's difficult objects.
public struct VOCMetric: Metric {
  /// How the area under the curve is taken.
  enum Rule: String, Decodable, CaseIterable, Sendable {
    /// All of it: VOC from 2010 on.
    case area
    /// The mean of eleven points: VOC 2007.
    case elevenPoints = "11points"
  }

  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    private enum Kind: String, Decodable, CaseIterable { case mAP }

    var thresholds: [Double]
    var rule: Rule
    var prefix: String

    enum CodingKeys: String, CodingKey {
      case metric, prefix
      case thresholds = "iou_thrs"
      case rule = "eval_mode"
      case collectingDevice = "collect_device"
    }

    /// Decodes mmdetection's keys; `metric` and `iou_thrs` are one value or a list.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      if (try? keys.decode([String].self, forKey: .metric)) != nil {
        guard try keys.decode([Kind].self, forKey: .metric).count == 1 else {
          throw keys.refusal("one value is wanted: mAP", forKey: .metric)
        }
      } else {
        _ = try keys.decodeIfPresent(Kind.self, forKey: .metric)
      }
      if let one = try? keys.decode(Double.self, forKey: .thresholds) {
        thresholds = [one]
      } else {
        thresholds = try keys.decodeIfPresent([Double].self, forKey: .thresholds) ?? [0.5]
      }
      guard !thresholds.isEmpty, thresholds.allSatisfy({ $0 > 0 && $0 <= 1 }),
        Set(thresholds.map(VOCMetric.name)).count == thresholds.count
      else {
        throw keys.refusal(
          "one or more numbers above 0 and up to 1 are wanted, each once, such as [0.5, 0.75]",
          forKey: .thresholds)
      }
      rule = try keys.decodeIfPresent(Rule.self, forKey: .rule) ?? .area
      let name = try keys.decodeIfPresent(String.self, forKey: .prefix) ?? "pascal_voc"
      prefix = name.isEmpty ? "" : "\(name)/"
      _ = try keys.decodeIfPresent(String.self, forKey: .collectingDevice)
    }
  }

  /// What is kept of the images fed.
  public struct State: Codable, Sendable {
    /// The detections of one class in one image.
    struct Detections: Codable, Sendable {
      /// In the model's order.
      var scores: [Float]
      /// For each threshold and detection: 1 right, 0 wrong, -1 of a difficult object. `[thresholds, detections]`
      var marks: [[Int]]
    }
    /// By image id, then by class.
    var images: [Int: [Int: Detections]] = [:]
  }

  /// The objects of one class in one image.
  private struct Objects {
    /// What has to be found first, difficult ones behind.
    var boxes = Boxes()
    var wanted = 0
  }

  private let configuration: Configuration
  private let truth: InstanceTruth
  private let classNames: [String]
  /// By image id, then by class.
  private let objects: [Int: [Int: Objects]]
  /// What is kept of the images so far.
  public private(set) var state = State()

  /// A metric over a data set.
  ///
  /// - Throws: `ConfigurationError` when the data set knows no objects.
  public init(_ configuration: Configuration, dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else {
      throw ConfigurationError(
        message: "VOCMetric needs a data set that knows its objects, such as CocoDataset",
        hint: "Segmentation is judged by IoUMetric, classes of whole images by Accuracy.")
    }
    (self.configuration, self.truth, classNames) = (configuration, truth, dataset.metainfo.classes)
    let labels = Dictionary(
      truth.categoryIDs.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    var objects: [Int: [Int: Objects]] = Dictionary(
      uniqueKeysWithValues: truth.imageIDs.compactMap { $0 }.map { ($0, [:]) })
    for wantsDifficult in [false, true] {
      for annotation in truth.annotations.annotations
      where (annotation.isCrowd || annotation.ignore) == wantsDifficult {
        guard let label = labels[annotation.categoryID] else { continue }
        let box = annotation.boundingBox
        objects[annotation.imageID]?[label, default: Objects()].boxes.append(
          SIMD4(Float(box.x), Float(box.y), Float(box.x + box.width), Float(box.y + box.height)))
        if !wantsDifficult { objects[annotation.imageID]?[label, default: Objects()].wanted += 1 }
      }
    }
    self.objects = objects
  }

  /// Matches the objects of one image. An image that repeats one before is left out.
  ///
  /// - Throws: `DataError` for predictions without objects, objects of classes that the data set has not, and scores that
  ///   are no numbers.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let found = prediction.instances else {
      throw DataError(
        file: sample.imagePath,
        "VOCMetric judges instances; the model gave none: segmentation is judged by IoUMetric, classes of whole images "
          + "by Accuracy")
    }
    guard let id = try truth.imageID(of: sample) else { return }
    guard !found.scores.contains(where: \.isNaN) else {
      throw DataError(file: sample.imagePath, "a detection has the score NaN: the model has diverged")
    }
    for label in found.labels { _ = try truth.categoryID(of: label, in: sample) }
    let byClass = Dictionary(grouping: found.labels.indices) { found.labels[$0] }
    state.images[id] = byClass.mapValues { indices in
      let truths = objects[id]?[found.labels[indices[0]]] ?? Objects()
      let scores = indices.map { found.scores[$0] }
      let overlaps = Self.overlaps(found.boxes[indices], truths.boxes)
      return State.Detections(
        scores: scores,
        marks: configuration.thresholds.map { Self.marks(scores, truths, overlaps, threshold: Float($0)) })
    }
  }

  /// Intersection over union where a box from 1 to 2 is two pixels wide. `[a.count, b.count]`
  private static func overlaps(_ a: Boxes, _ b: Boxes) -> [Float] {
    func area(_ box: SIMD4<Float>) -> Float { (box[2] - box[0] + 1) * (box[3] - box[1] + 1) }
    return (0..<a.count).flatMap { row in
      (0..<b.count).map { column in
        let (first, second) = (a[row], b[column])
        let shared =
          max(min(first[2], second[2]) - max(first[0], second[0]) + 1, 0)
          * max(min(first[3], second[3]) - max(first[1], second[1]) + 1, 0)
        return shared / max(area(first) + area(second) - shared, 1e-6)
      }
    }
  }

  /// Each detection is right where the object that it overlaps most is free; a second one of an object is wrong.
  private static func marks(
    _ scores: [Float], _ truths: Objects, _ overlaps: [Float], threshold: Float
  ) -> [Int] {
    var marks = [Int](repeating: 0, count: scores.count)
    var isTaken = [Bool](repeating: false, count: truths.boxes.count)
    let order = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
    for detection in order {
      let row = overlaps[detection * isTaken.count..<(detection + 1) * isTaken.count]
      guard let largest = row.max(), largest >= threshold, let place = row.firstIndex(of: largest) else {
        continue
      }
      let object = place - row.startIndex
      if object >= truths.wanted {
        marks[detection] = -1
      } else if !isTaken[object] {
        isTaken[object] = true
        marks[detection] = 1
      }
    }
    return marks
  }

  /// Takes in what was kept of other images of the data set.
  ///
  /// - Throws: `DataError`, and nothing is taken in, for images that were added already or are another data set's, and
  ///   for a broken state.
  public mutating func merge(_ state: State) throws {
    let thresholds = configuration.thresholds.count
    let isWhole = state.images.allSatisfy { id, classes in
      objects[id] != nil
        && classes.allSatisfy { label, found in
          classNames.indices.contains(label) && found.marks.count == thresholds
            && found.marks.allSatisfy { $0.count == found.scores.count }
        }
    }
    guard isWhole else {
      throw DataError(file: nil, "what is to be merged is another evaluation's, or broken")
    }
    guard state.images.keys.allSatisfy({ self.state.images[$0] == nil }) else {
      throw DataError(file: nil, "the detections of an image were given twice")
    }
    self.state.images.merge(state.images) { first, _ in first }
  }

  /// `mAP`, and one a threshold.
  public var figures: [MetricFigure] {
    (["mAP"] + configuration.thresholds.map(Self.name)).map { MetricFigure(configuration.prefix + $0) }
  }

  /// mmdetection's name of a threshold's figure: `AP50`.
  private static func name(_ threshold: Double) -> String { String(format: "AP%02d", Int(threshold * 100)) }

  /// mm's figures as fractions, a table of classes, and an object.
  public func summary() throws -> MetricSummary {
    let order = truth.imageIDs.compactMap { $0 }
    let rows = classNames.indices.map { label in
      configuration.thresholds.indices.map { precision(of: label, threshold: $0, images: order) }
    }
    let wanted = classNames.indices.map { label in
      objects.values.reduce(0) { $0 + ($1[label]?.wanted ?? 0) }
    }
    let counted = classNames.indices.filter { wanted[$0] > 0 }
    let means = configuration.thresholds.indices.map { threshold -> Double in
      guard !counted.isEmpty else { return 0 }
      return Double(counted.reduce(Float(0)) { $0 + rows[$1][threshold] } / Float(counted.count))
    }
    let mean = means.reduce(0, +) / Double(means.count)
    let values = zip(
      figures.map(\.name), [mean] + means.map { ($0 * 1000).rounded() / 1000 }
    ).map { (name: $0, value: $1) }
    let names = configuration.thresholds.map(Self.name)
    let body = classNames.enumerated().map { label, name in
      [name, "\(wanted[label])"]
        + rows[label].map { wanted[label] > 0 ? String(format: "%.3f", $0) : "-" }
    }
    let table = TextTable(
      [.left(), .right()] + names.map { _ in .right() }, indent: 1,
      rows: [["class", "objects"] + names] + body + [
        ["mean", ""] + means.map { String(format: "%.3f", $0) }
      ])
    let classes = classNames.enumerated().map { label, name in
      Report.Category(
        name: name, objects: wanted[label],
        precisions: wanted[label] > 0 ? rows[label].map(Double.init) : rows[label].map { _ in nil })
    }
    return MetricSummary(
      values: values, table: "Pascal VOC, \(configuration.rule.rawValue)\n\(table.text)",
      json: ["voc": Report(mean: mean, precisions: means, perClass: classes)])
  }

  /// The JSON form.
  private struct Report: Encodable {
    struct Category: Encodable {
      var name: String
      var objects: Int
      /// A number a threshold; nil without objects.
      var precisions: [Double?]

      enum CodingKeys: String, CodingKey {
        case name, objects
        case precisions = "AP"
      }
    }
    var mean: Double
    var precisions: [Double]
    var perClass: [Category]

    enum CodingKeys: String, CodingKey {
      case mean = "mAP"
      case precisions = "AP"
      case perClass = "per_class"
    }
  }

  /// Average precision of one class, detections by falling score, equal ones in the order of the data set.
  private func precision(of label: Int, threshold: Int, images: [Int]) -> Float {
    var detections: [(score: Float, mark: Int)] = []
    for image in images {
      guard let found = state.images[image]?[label] else { continue }
      detections += zip(found.scores, found.marks[threshold]).map { ($0, $1) }
    }
    let order = detections.indices.sorted { a, b in
      detections[a].score != detections[b].score ? detections[a].score > detections[b].score : a < b
    }
    let total = objects.values.reduce(0) { $0 + ($1[label]?.wanted ?? 0) }
    let scale = max(Double(total), Double(Float.ulpOfOne))
    var (right, wrong) = (0, 0)
    var points: [(recall: Double, precision: Float)] = []
    for index in order {
      if detections[index].mark > 0 { right += 1 }
      if detections[index].mark == 0 { wrong += 1 }
      points.append((Double(right) / scale, Float(right) / max(Float(right + wrong), Float.ulpOfOne)))
    }
    switch configuration.rule {
    case .elevenPoints:
      let sum = (0...10).reduce(Float(0)) { sum, point in
        let recall = Double(point) * 0.1
        return sum + (points.lazy.filter { $0.recall >= recall }.map(\.precision).max() ?? 0)
      }
      return sum / 11
    case .area:
      var best: Float = 0
      for index in points.indices.reversed() {
        best = max(best, points[index].precision)
        points[index].precision = best
      }
      var (area, reached) = (0.0, 0.0)
      for point in points where point.recall != reached {
        area += (point.recall - reached) * Double(point.precision)
        reached = point.recall
      }
      return Float(area)
    }
  }
}
