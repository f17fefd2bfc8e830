import Coco
import Data
import Imaging
import Masks
import Modeling

/// Counts what a detector's report says beside the metric's figures, by boxes.
struct DetectionTally {
  private let truth: InstanceTruth
  private let imageIDs: [Int]
  private var evaluator: CocoEvaluator
  private var rows: [CocoResults.Row] = []
  /// Detections of an image that are kept: a million in all.
  private let mostDetections: Int
  private var border = [(count: Int, found: Int)](repeating: (0, 0), count: 3)
  private var sizes: [ObjectSize: (count: Int, found: Int)] = [:]
  private var objects: [Int]

  /// The score from which an object counts as found.
  static let leastScore: Float = 0.3

  /// Nil for a data set that knows no objects.
  init?(_ dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else { return nil }
    self.truth = truth
    imageIDs = truth.imageIDs.compactMap { $0 }
    evaluator = try CocoEvaluator(
      annotations: truth.annotations, iouType: .bbox, imageIDs: imageIDs, categoryIDs: truth.categoryIDs)
    mostDetections = max(20, min(100, 1_000_000 / max(1, imageIDs.count)))
    objects = [Int](repeating: 0, count: truth.categoryIDs.count)
  }

  mutating func add(_ found: InstancePrediction, for sample: Sample) throws {
    guard let id = try truth.imageID(of: sample) else { return }
    let best = found.scores.indices.filter {
      found.scores[$0].isFinite && truth.categoryIDs.indices.contains(found.labels[$0])
    }
    .sorted { found.scores[$0] > found.scores[$1] }.prefix(mostDetections)
    var detections: [CocoDetection] = []
    for index in best {
      let (box, score) = (found.boxes[index], Double(found.scores[index]))
      let corner: CornerBox = (
        Double(box[0]), Double(box[1]), Double(box[2]) - Double(box[0]), Double(box[3]) - Double(box[1])
      )
      let category = truth.categoryIDs[found.labels[index]]
      rows.append(
        CocoResults.Row(imageID: id, categoryID: category, score: score, boundingBox: corner))
      detections.append(CocoDetection(categoryID: category, score: score, boundingBox: corner))
    }
    try evaluator.add(imageID: id, detections: detections)
    let matches = ObjectMatches(sample.annotations, found, scoreThreshold: Self.leastScore)
    let right = Set(
      matches.pairs.filter { sample.annotations[$0.truth].label == found.labels[$0.found] }.map(\.truth))
    for (index, object) in sample.annotations.enumerated() where !object.isIgnored {
      if objects.indices.contains(object.label) { objects[object.label] += 1 }
      count(object.box, sample.originalSize, isFound: right.contains(index))
    }
  }

  private mutating func count(_ box: SIMD4<Float>, _ size: ImageSize, isFound: Bool) {
    let gaps = [box[0], box[1], Float(size.width) - box[2], Float(size.height) - box[3]]
    let share = (gaps.min() ?? 0) / Float(max(1, min(size.width, size.height)))
    let area = max(0, box[2] - box[0]) * max(0, box[3] - box[1])
    let (place, size) = (share <= 0.01 ? 0 : share <= 0.1 ? 1 : 2, ObjectSize(area: Double(area)))
    border[place] = (border[place].count + 1, border[place].found + (isFound ? 1 : 0))
    sizes[size, default: (0, 0)].count += 1
    if isFound { sizes[size, default: (0, 0)].found += 1 }
  }

  /// What it comes to.
  ///
  /// - Throws: `CocoError` where boxes and annotations do not go together.
  func facts() throws -> (DetectionFacts, CalibrationFacts, suspects: [String]) {
    let analysis = try CocoAnalysis(
      of: CocoResults(file: "the predictions", rows: rows), against: truth.annotations, evaluator: evaluator)
    var facts = DetectionFacts()
    let rising = truth.categoryIDs.sorted()
    let places = Dictionary(zip(rising, rising.indices)) { first, _ in first }
    let known = rising.indices.filter {
      analysis.curves.indices.contains($0) && (analysis.curves[$0].curve.precision.first ?? -1) >= 0
    }
    for threshold in [0, 5, 8] where evaluator.iouThresholds.indices.contains(threshold) {
      var sum = [Double](repeating: 0, count: 101)
      for place in known {
        let curve =
          threshold == 0
          ? analysis.curves[place].curve : evaluator.curve(category: place, threshold: threshold)
        for (index, value) in curve.precision.prefix(101).enumerated() { sum[index] += max(0, value) }
      }
      facts.curves.append(
        DetectionFacts.Curve(
          overlap: evaluator.iouThresholds[threshold],
          precision: sum.map { ($0 / Double(max(1, known.count)) * 10_000).rounded() / 10_000 }))
    }
    func rounded(_ values: [Double]) -> [Float] { values.map { Float(($0 * 1000).rounded() / 1000) } }
    facts.classes = zip(truth.categoryIDs, objects).map { id, count in
      guard let place = places[id], known.contains(place) else {
        return DetectionFacts.ClassCurve(objects: count, precision: [], score: [])
      }
      let curve = analysis.curves[place].curve
      return DetectionFacts.ClassCurve(
        objects: count, precision: rounded(curve.precision), score: rounded(curve.score))
    }
    facts.faults = ErrorSplit.Kind.allCases.map {
      DetectionFacts.Fault(
        name: $0.rawValue, points: analysis.errors.gains[$0] ?? 0, count: analysis.errors.counts[$0] ?? 0)
    }
    facts.faults += [
      DetectionFacts.Fault(
        name: "all wrong detections last", points: analysis.errors.falsePositives, count: nil),
      DetectionFacts.Fault(name: "all objects found", points: analysis.errors.falseNegatives, count: nil),
    ]
    facts.crowding = analysis.crowding.map { group in
      DetectionFacts.Group(
        name: group.to.map { "\(group.from) to \($0) objects" } ?? "\(group.from) or more objects",
        count: group.images, value: group.averagePrecision50 / 100)
    }
    func groups(_ names: [String], _ counts: [(count: Int, found: Int)]) -> [DetectionFacts.Group] {
      zip(names, counts).filter { $1.count > 0 }.map {
        DetectionFacts.Group(name: $0, count: $1.count, value: Double($1.found) / Double($1.count))
      }
    }
    facts.border = groups(["at the border", "within 10 % of it", "further inside"], border)
    facts.sizes = groups(
      ["small, below 32²", "medium, to 96²", "large"], ObjectSize.allCases.map { sizes[$0] ?? (0, 0) })
    let calibration = CalibrationFacts(
      expectedError: analysis.calibration.expectedError,
      bins: analysis.calibration.bins.map {
        CalibrationFacts.Bin(from: $0.from, to: $0.to, count: $0.count, score: $0.score, right: $0.right)
      })
    let files = Dictionary(truth.annotations.images.map { ($0.id, $0.fileName) }) { first, _ in first }
    let suspects = analysis.labelErrors.map { suspect in
      let name = files[suspect.imageID].flatMap { $0 } ?? "image \(suspect.imageID)"
      return "\(name)\(suspect.annotationID.map { ", annotation \($0)" } ?? ""): \(suspect.why)"
    }
    return (facts, calibration, suspects)
  }
}
