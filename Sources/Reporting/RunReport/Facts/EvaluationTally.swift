import Data
import Files
import Foundation
import Modeling

/// Takes in an evaluation, prediction by prediction, for the report.
struct EvaluationTally {
  private let classes: [String]
  private let colours: [UInt32]
  private let scoreThreshold: Float
  private var detection: DetectionTally?
  private var objects: ObjectConfusion
  private var choice = PictureChoice()
  private var scores: [Float] = []
  /// Of the images' names, in their order.
  private var images = Fingerprint()
  /// The folder that all images are in: below it their names tell them apart, as `fish/1.jpg` and `crab/1.jpg`.
  private var folder: String?
  /// Of classifiers: bins of probabilities, and images that the model is sure are of another class.
  private var bins = [(count: Int, score: Double, right: Int)](repeating: (0, 0, 0), count: 10)
  private var doubts: [(score: Float, path: String, text: String)] = []
  private var isOfClasses = false

  /// Likely label errors that are listed.
  private static let mostDoubts = 20

  init(_ dataset: any Dataset, scoreThreshold: Float = 0.3) throws {
    classes = dataset.metainfo.classes
    let palette = ClassColours(dataset.metainfo).palette
    colours = dataset.metainfo.classes.indices.map { label in
      let colour = palette[label]
      return UInt32(colour.x) << 16 | UInt32(colour.y) << 8 | UInt32(colour.z)
    }
    self.scoreThreshold = scoreThreshold
    detection = try DetectionTally(dataset)
    objects = ObjectConfusion(classes: classes)
  }

  mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    let name = sample.imagePath.split(separator: "/").last ?? ""
    images.add(name)
    // Its own folder as if it were one more image.
    folder = Folder.common(of: [folder.map { Folder.join($0, "x") }, sample.imagePath].compactMap(\.self))
    if let found = prediction.instances {
      objects.add(found, sample.annotations)
      try detection?.add(found, for: sample)
    }
    if let probabilities = prediction.classScores, let label = sample.classLabel {
      add(probabilities, label, path: sample.imagePath)
    }
    guard let score = prediction.score(against: sample, scoreThreshold: scoreThreshold), score.isFinite else {
      return
    }
    scores.append(Float((score * 10_000).rounded() / 10_000))
    choice.add(prediction, for: sample, score: score)
  }

  /// An image's name below the folder of all.
  private func name(of path: String) -> String {
    guard let folder, !folder.isEmpty, path.hasPrefix(folder) else { return path }
    return String(path.dropFirst(folder.count).drop { $0 == "/" })
  }

  private mutating func add(_ probabilities: [Float], _ label: Int, path: String) {
    isOfClasses = true
    guard let best = probabilities.indices.max(by: { probabilities[$0] < probabilities[$1] }) else { return }
    let score = probabilities[best]
    guard score.isFinite else { return }
    let place = min(9, max(0, Int(score * 10)))
    bins[place].count += 1
    bins[place].score += Double(score)
    if best == label { bins[place].right += 1 }
    guard best != label, score >= 0.5 else { return }
    if doubts.count == Self.mostDoubts, let last = doubts.last, last.score >= score { return }
    func known(_ label: Int) -> String { classes.indices.contains(label) ? classes[label] : "\(label)" }
    let text =
      "is labelled \(known(label)); the model is \(Int((100 * score).rounded())) % sure of \(known(best))"
    doubts.insert((score, path, text), at: doubts.firstIndex { $0.score < score } ?? doubts.count)
    if doubts.count > Self.mostDoubts { doubts.removeLast() }
  }

  /// What the evaluation came to.
  ///
  /// - Parameters:
  ///   - previous: What the one before came to, if there was one.
  ///   - skipped: Told of each picture that could not be drawn.
  /// - Throws: `CocoError` where predictions and annotations do not go together.
  func facts(
    step: Int, _ summary: MetricSummary, previous: EvaluationFacts?, skipped: (any Error) -> Void
  ) throws -> EvaluationFacts {
    var facts = EvaluationFacts(step: step)
    facts.figures = summary.values.map { .init(name: $0.name, value: $0.value.isFinite ? $0.value : nil) }
    (facts.classes, facts.colours) = (classes, colours)
    facts.take(details: summary)
    if let confusion = summary.confusion ?? objects.confusion { facts.confusion = ConfusionFacts(confusion) }
    (facts.scores, facts.images) = (scores, images.value)
    if let previous, previous.images == images.value, previous.scores.count == scores.count,
      previous.step < step,
      let change = Interval(bootstrapping: zip(scores, previous.scores).map { $0 - $1 })
    {
      facts.previous = EvaluationFacts.Change(
        step: previous.step,
        mean: previous.scores.reduce(0) { $0 + Double($1) } / Double(max(1, previous.scores.count)),
        change: change)
    }
    if let detection { (facts.detection, facts.calibration, facts.suspects) = try detection.facts() }
    if isOfClasses {
      facts.calibration = calibration
      facts.suspects = doubts.map { "\(name(of: $0.path)): \($0.text)" }
    }
    for (candidate, kinds) in choice.chosen {
      do {
        facts.pictures.append(
          try PictureFacts(
            of: candidate.prediction, for: candidate.sample,
            name: name(of: candidate.sample.imagePath), kinds: kinds, score: candidate.score,
            scoreThreshold: scoreThreshold))
      } catch { skipped(error) }
    }
    return facts
  }

  private var calibration: CalibrationFacts {
    let all = bins.reduce(0) { $0 + $1.count }
    var distance = 0.0
    let rows = bins.enumerated().map { index, bin in
      let count = Double(max(1, bin.count))
      distance += abs(bin.score - Double(bin.right))
      return CalibrationFacts.Bin(
        from: Double(index) / 10, to: Double(index + 1) / 10, count: bin.count,
        score: bin.count > 0 ? bin.score / count : nil, right: bin.count > 0 ? Double(bin.right) / count : nil
      )
    }
    return CalibrationFacts(expectedError: all > 0 ? distance / Double(all) : nil, bins: rows)
  }
}

extension ConfusionFacts {
  init(_ confusion: ClassConfusion) {
    let count = max(1, confusion.names.count)
    self.init(
      names: confusion.names, unit: confusion.unit,
      cells: confusion.counts.sorted { $0.key < $1.key }.flatMap {
        [$0.key / count, $0.key % count, $0.value]
      })
  }
}

extension EvaluationFacts {
  /// What a metric's JSON says of classes, and of boxes and masks as a whole.
  private struct Details: Decodable {
    struct Objects: Decodable {
      var stats: [Double]
      var perClass: [[String: Cell]]
      enum CodingKeys: String, CodingKey {
        case stats
        case perClass = "per_class"
      }
    }
    /// Names are cells, too.
    enum Cell: Decodable {
      case number(Double)
      case other
      init(from decoder: any Decoder) throws {
        self = (try? decoder.singleValueContainer().decode(Double.self)).map { .number($0) } ?? .other
      }
      var number: Double? { if case .number(let value) = self, value.isFinite { value } else { nil } }
    }
    var bbox, segm: Objects?
    var perClass: [[String: Cell]]?
    enum CodingKeys: String, CodingKey {
      case bbox, segm
      case perClass = "per_class"
    }
  }

  fileprivate mutating func take(details summary: MetricSummary) {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    // A program's own metric says of classes what it likes, or nothing.
    guard let bytes = try? encoder.encode(summary.json),
      let details = try? JSONDecoder().decode(Details.self, from: bytes)
    else { return }
    func take(_ rows: [[String: Details.Cell]], prefix: String) {
      guard rows.count == classes.count else { return }
      for name in Set(rows.flatMap(\.keys)).subtracting(["id", "name"]) {
        classFigures[prefix + name] = rows.map { row in
          row[name]?.number.flatMap { prefix.isEmpty || $0 >= 0 ? $0 : nil }
        }
      }
    }
    for (name, objects) in [("bbox", details.bbox), ("segm", details.segm)] {
      guard let objects else { continue }
      if objects.stats.count == 12 { twelve[name] = objects.stats }
      take(objects.perClass, prefix: "\(name) ")
    }
    if let rows = details.perClass { take(rows, prefix: "") }
  }
}
