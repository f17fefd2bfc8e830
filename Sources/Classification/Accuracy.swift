import Configuration
import Data
import Files
import Foundation
import Modeling

/// How often the right class is among the best scores (mmpretrain's `Accuracy`), counted image by image.
public struct Accuracy: Metric {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable {
    /// Among how many of the best classes the right one counts (`topk`).
    let places: [Int]
    /// What a class's probability has to exceed to count (`thrs`); nil: nothing.
    let thresholds: [Float?]

    enum CodingKeys: String, CodingKey {
      case places = "topk"
      case thresholds = "thrs"
    }

    /// mmpretrain's keys; each is a number or a list.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      if let one = try? keys.decode(Int.self, forKey: .places) {
        places = [one]
      } else {
        places = try keys.decodeIfPresent([Int].self, forKey: .places) ?? [1]
      }
      guard !places.isEmpty, Set(places).count == places.count, places.allSatisfy({ $0 >= 1 }) else {
        throw keys.refusal("numbers from 1 on, each once, are wanted, not \(places)", forKey: .places)
      }
      if !keys.contains(.thresholds) {
        thresholds = [0]
      } else if try keys.decodeNil(forKey: .thresholds) {
        thresholds = [nil]
      } else if let one = try? keys.decode(Float.self, forKey: .thresholds) {
        thresholds = [one]
      } else {
        thresholds = try keys.decode([Float?].self, forKey: .thresholds)
      }
      guard !thresholds.isEmpty, thresholds.allSatisfy({ ($0 ?? 0).isFinite }),
        Set(thresholds.map(Self.suffix)).count == thresholds.count
      else {
        throw keys.refusal(
          "one or more numbers are wanted that differ in their first two decimals, or null for none",
          forKey: .thresholds)
      }
    }

    /// What a figure's name has behind `top1`, where there are several thresholds.
    static func suffix(_ threshold: Float?) -> String {
      threshold.map { "_thr-" + String(format: "%.2f", $0) } ?? "_no-thr"
    }
  }

  /// What is kept of the predictions.
  public struct State: Codable, Sendable, Hashable {
    /// How many classes there are.
    var classes: Int
    /// Images judged.
    var images = 0
    /// How often each figure's condition held, in the order of the figures.
    var hits: [Int]
    /// How often images of a class were taken for another, by label * classes + prediction; what is missing is 0.
    var confusion: [Int: Int] = [:]
  }

  private let configuration: Configuration
  private let classes: [String]
  /// The counts so far.
  public private(set) var state: State

  /// A metric over the classes of a data set.
  ///
  /// - Throws: `ConfigurationError` for a data set without classes of images, and where `topk` is more than there are.
  public init(_ configuration: Configuration, dataset: any Dataset) throws {
    guard dataset.carries.contains(.classLabel) else {
      throw ConfigurationError(
        message: "Accuracy needs a data set of classes: ImageNet, CustomDataset",
        hint: "Objects are judged by CocoMetric, label maps by IoUMetric.")
    }
    try self.init(configuration, classes: dataset.metainfo.classes)
  }

  /// A metric over classes.
  ///
  /// - Throws: `ConfigurationError` where `topk` is more than there are.
  public init(_ configuration: Configuration, classes: [String]) throws {
    if let places = configuration.places.max(), places > classes.count {
      throw ConfigurationError(
        keyPath: "topk",
        message: "\(places), but there are \(classes.count) classes: every image would be right",
        hint: "Give numbers up to \(classes.count).")
    }
    (self.configuration, self.classes) = (configuration, classes)
    state = State(
      classes: classes.count,
      hits: [Int](repeating: 0, count: configuration.places.count * configuration.thresholds.count))
  }

  /// Judges one image by the class that its data set gives it.
  ///
  /// - Throws: `DataError` that names the image when it has no class, or the model gave no scores of these classes.
  public mutating func add(_ prediction: Prediction, for sample: Sample) throws {
    guard let scores = prediction.classScores else {
      throw DataError(
        file: sample.imagePath,
        "Accuracy judges classes of whole images; the model gave none: objects are judged by CocoMetric, label maps by "
          + "IoUMetric")
    }
    guard let label = sample.classLabel else {
      throw DataError(
        file: sample.imagePath,
        "has no class: Accuracy needs a data set of classes, such as ImageNet or CustomDataset")
    }
    guard scores.count == classes.count, classes.indices.contains(label) else {
      throw DataError(
        file: sample.imagePath,
        "is of class \(label), and the model gave \(scores.count) scores: the data set has \(classes.count) classes"
      )
    }
    state.images += 1
    let place = ClassRanking.place(of: label, in: scores)
    var figure = 0
    for count in configuration.places {
      for threshold in configuration.thresholds {
        if let place, place < count, threshold.map({ scores[label] > $0 }) ?? true {
          state.hits[figure] += 1
        }
        figure += 1
      }
    }
    if let best = ClassRanking.best(1, in: scores).first {
      state.confusion[label * classes.count + best, default: 0] += 1
    }
  }

  /// Adds the counts over other images.
  ///
  /// - Throws: `DataError` for counts of other classes or figures.
  public mutating func merge(_ state: State) throws {
    guard state.classes == self.state.classes, state.hits.count == self.state.hits.count else {
      throw DataError(
        file: nil,
        "\(state.hits.count) counts over \(state.classes) classes do not add to \(self.state.hits.count) over "
          + "\(self.state.classes)")
    }
    self.state.images += state.images
    for index in state.hits.indices { self.state.hits[index] += state.hits[index] }
    self.state.confusion.merge(state.confusion, uniquingKeysWith: +)
  }

  /// `accuracy/top1`, `accuracy/top5`, ..., in percent; with several thresholds `accuracy/top1_thr-0.50`.
  public var figures: [MetricFigure] {
    configuration.places.flatMap { count in
      configuration.thresholds.map { threshold in
        let suffix = configuration.thresholds.count > 1 ? Configuration.suffix(threshold) : ""
        return MetricFigure("accuracy/top\(count)\(suffix)")
      }
    }
  }

  /// mmpretrain's figures in percent, a table of the classes, and an object of the figures, the classes and the confusion
  /// matrix.
  public func summary() throws -> MetricSummary {
    let values = zip(figures, state.hits).map { figure, hits in
      (name: figure.name, value: 100 * Double(hits) / Double(state.images))
    }
    let table = ClassTable(state, names: classes)
    var summary = MetricSummary(
      values: values, table: table.text(), json: AccuracyReport(values: values, confusion: table))
    summary.perClass = [
      ClassFigures(
        classes: classes, figures: [("accuracy/top1", table.rows.map { $0.top1 ?? .nan })])
    ]
    summary.confusion = ClassConfusion(names: classes, unit: "images", counts: state.confusion)
    return summary
  }
}

/// How often images of each class were taken for each.
private struct ClassTable: Sendable {
  struct Row: Encodable, Sendable {
    /// The class.
    var name: String
    /// Images of it.
    var images: Int
    /// How many percent of them were told; null without images.
    var top1: Double?
    /// What most of the others were taken for; nil where all were told.
    var mistake: Int?

    enum CodingKeys: String, CodingKey { case name, images, top1 }

    func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(name, forKey: .name)
      try keys.encode(images, forKey: .images)
      try keys.encode(top1, forKey: .top1)
    }
  }

  let rows: [Row]
  private let counts: [Int: Int]

  init(_ state: Accuracy.State, names: [String]) {
    counts = state.confusion
    var byLabel = [[Int: Int]](repeating: [:], count: names.count)
    for (cell, count) in state.confusion where byLabel.indices.contains(cell / names.count) {
      byLabel[cell / names.count][cell % names.count] = count
    }
    rows = names.indices.map { label in
      let images = byLabel[label].values.reduce(0, +)
      let mistakes = byLabel[label].filter { $0.key != label }
      return Row(
        name: names[label], images: images,
        top1: images == 0 ? nil : 100 * Double(byLabel[label][label] ?? 0) / Double(images),
        mistake: mistakes.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key)
    }
  }

  /// Rows are labels, columns predictions; nil for more classes than anybody reads.
  var matrix: [[Int]]? {
    guard rows.count <= 1000 else { return nil }
    return rows.indices.map { label in rows.indices.map { counts[label * rows.count + $0] ?? 0 } }
  }

  func text() -> String {
    let lines = rows.map { row in
      [
        row.name.printedWhole, "\(row.images)", row.top1.map { String(format: "%.2f", $0) } ?? "-",
        row.mistake.map { rows[$0].name.printedWhole } ?? "",
      ]
    }
    return TextTable(
      [.left(5), .right(6), .right(6), .left()],
      rows: [["class", "images", "top-1", "mostly taken for"]] + lines
    ).text
  }
}

/// The figures under mmpretrain's names, the classes, and the confusion matrix.
private struct AccuracyReport: Encodable, Sendable {
  let figures: [String: Double?]
  let confusion: ClassTable

  init(values: [(name: String, value: Double)], confusion: ClassTable) {
    // JSON has no NaN.
    figures = Dictionary(values.map { ($0.name, $0.value.isNaN ? nil : $0.value) }) { first, _ in first }
    self.confusion = confusion
  }

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Name.self)
    for (name, value) in figures { try keys.encode(value, forKey: Name(name)) }
    try keys.encode(confusion.rows, forKey: Name("per_class"))
    if let matrix = confusion.matrix { try keys.encode(matrix, forKey: Name("confusion_matrix")) }
  }
}
