import Classification
import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Testing

@Suite("accuracy")
struct AccuracyTests {
  private func metric(
    _ keys: String = "topk: [1, 2]", _ dataset: any Dataset = ColouredPictures([0, 1, 2, 1])
  )
    throws -> any Metric
  {
    let node = try ComponentConfiguration(
      ConfigurationNode.parse("{type: Accuracy, \(keys)}", file: "a.yaml"))
    return try Components.classifiers.metrics.build(
      node, scope: "mmpretrain", in: MetricContext(scope: "mmpretrain", dataset: dataset))
  }

  private func sample(_ label: Int?) -> Sample { Sample(imagePath: "a.png", classLabel: label) }

  private let judged: [(label: Int, scores: [Float])] = [
    (0, [0.6, 0.3, 0.1]), (1, [0.5, 0.4, 0.1]), (2, [0.5, 0.3, 0.2]), (1, [0.4, 0.4, 0.2]),
    (0, [0.4, 0.4, 0.2]),
    (2, [.nan, .nan, .nan]),
  ]

  private func figures(_ keys: String) throws -> [String: Double] {
    var metric = try metric(keys)
    for (label, scores) in judged {
      try metric.add(Prediction(classScores: scores), for: sample(label))
    }
    let values = try metric.summary().values
    #expect(values.map(\.name) == metric.figures.map(\.name))
    return Dictionary(uniqueKeysWithValues: values.map { ($0.name, $0.value) })
  }

  @Test("counts the right class among the best, of equal scores the lower number first")
  func places() throws {
    func percent(_ count: Int) -> Double { 100 * Double(count) / 6 }
    #expect(try figures("topk: [1, 2]") == ["accuracy/top1": percent(2), "accuracy/top2": percent(4)])
    #expect(try figures("topk: 3, thrs: null") == ["accuracy/top3": percent(5)])
    #expect(
      try figures("topk: 1, thrs: [0.5, null]")
        == ["accuracy/top1_thr-0.50": percent(1), "accuracy/top1_no-thr": percent(2)])
  }

  @Test("comes to the same bits in any split and order")
  func merging() throws {
    func part(_ indices: [Int]) throws -> any Metric {
      var metric = try metric()
      for index in indices {
        try metric.add(Prediction(classScores: judged[index].scores), for: sample(judged[index].label))
      }
      return metric
    }
    let whole = try part(Array(judged.indices)).storedState()
    for split in [[[0, 1, 2], [3, 4, 5]], [[5, 3], [0], [4, 2, 1]], [[], [5, 4, 3, 2, 1, 0]]] {
      var joined = try metric()
      for indices in split { try joined.merge(stored: part(indices).storedState()) }
      #expect(try joined.storedState() == whole)
    }
    var other = try metric("topk: 1")
    #expect(throws: DataError.self) { try other.merge(stored: whole) }
  }

  private struct Report: Decodable {
    struct Row: Decodable, Equatable {
      var name: String
      var images: Int
      var top1: Double?
    }
    var per_class: [Row]
    var confusion_matrix: [[Int]]
  }

  private struct Boxed: Encodable {
    var value: any Encodable & Sendable
    func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
  }

  @Test("lists the classes, and what they are taken for")
  func table() throws {
    var metric = try metric("topk: 1", ColouredPictures([0], classes: ["red", "grün", "bl\nau"]))
    let empty = try metric.summary()
    #expect(empty.values[0].value.isNaN)
    #expect(
      String(decoding: try JSONEncoder().encode(Boxed(value: empty.json)), as: UTF8.self).contains("null"))
    for (label, scores) in judged.prefix(3) {
      try metric.add(Prediction(classScores: scores), for: sample(label))
    }
    let summary = try metric.summary()
    #expect(
      summary.table.contains("grün") && summary.table.split(separator: "\n").count == 4, "\(summary.table)")
    let report = try JSONDecoder().decode(Report.self, from: JSONEncoder().encode(Boxed(value: summary.json)))
    #expect(report.confusion_matrix == [[1, 0, 0], [1, 0, 0], [1, 0, 0]])
    #expect(report.per_class[0] == .init(name: "red", images: 1, top1: 100))
    #expect(report.per_class[1] == .init(name: "grün", images: 1, top1: 0))
  }

  @Test(
    "refuses what cannot be judged",
    arguments: [
      ("topk: [1, 5]", "topk: 5, but there are 3 classes"), ("topk: []", "each once"),
      ("topk: [1, 1]", "each once"), ("topk: 0", "numbers from 1 on"), ("thrs: []", "two decimals"),
      ("thrs: [0.501, 0.502]", "two decimals"), ("thrs: .nan", "is expected"),
    ])
  func keys(keys: String, expected: String) {
    let text = message { _ = try metric(keys) }
    #expect(text.contains(expected), "\(text)")
  }

  @Test("needs classes of whole images from data set and model, and others say that they need theirs")
  func mismatches() throws {
    let text = message { _ = try metric("topk: 1", ColouredPictures([nil])) }
    #expect(text.contains("Accuracy needs a data set of classes: ImageNet, CustomDataset"), "\(text)")
    var judge = try metric()
    for (prediction, label, expected) in [
      (Prediction(), 0, "judged by CocoMetric"), (Prediction(classScores: [1, 0, 0]), nil, "has no class"),
      (Prediction(classScores: [1, 0]), 0, "gave 2 scores"),
    ] as [(Prediction, Int?, String)] {
      let text = message { try judge.add(prediction, for: sample(label)) }
      #expect(text.hasPrefix("a.png: ") && text.contains(expected), "\(text)")
    }
    for (type, expected) in [
      ("IoUMetric", "IoUMetric needs a data set of label maps"),
      ("CocoMetric", "needs a data set that knows its objects"),
    ] {
      let text = message {
        _ = try Components.classifiers.metrics.build(
          ComponentConfiguration(ConfigurationNode.parse("{type: \(type)}", file: "a.yaml")), scope: nil,
          in: MetricContext(dataset: ColouredPictures([0])))
      }
      #expect(text.contains(expected) && text.contains("Accuracy"), "\(text)")
    }
  }
}
