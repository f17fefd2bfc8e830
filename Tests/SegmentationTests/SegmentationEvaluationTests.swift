import Foundation
import Imaging
import Segmentation
import TestSupport
import Testing

/// A case of `segeval`: label maps and what mmsegmentation's `IoUMetric` makes of them.
private struct GoldenCase: Decodable {
  struct File: Decodable { let label, pred: String }
  let num_classes: Int
  let ignore_index: Int
  let reduce_zero_label: Bool
  let files: [File]
  let area_intersect, area_pred, area_label: [Int]
  let per_class: [String: [Double?]]
  let aAcc: Double
  let summary: [String: Double]

  init(_ name: String) throws {
    let path = Golden.path("segeval/\(name).json")
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

@Suite("Segmentation metrics")
struct SegmentationEvaluationTests {
  @Test("the figures of mmsegmentation", arguments: ["plain", "zero_label"])
  func golden(name: String) throws {
    let golden = try GoldenCase(name)
    var matrix = ConfusionMatrix(
      classes: golden.num_classes, ignoreIndex: golden.ignore_index,
      reducesZeroLabel: golden.reduce_zero_label)
    for file in golden.files {
      try matrix.add(
        label: LabelMap.read(file: Golden.path("segeval/\(file.label)")),
        prediction: LabelMap.read(file: Golden.path("segeval/\(file.pred)")))
    }
    #expect(matrix.intersections == golden.area_intersect)
    #expect(matrix.predictionAreas == golden.area_pred)
    #expect(matrix.labelAreas == golden.area_label)
    let summary = SegmentationSummary(matrix, classes: (0..<golden.num_classes).map { "class \($0)" })
    let figures: [String: (SegmentationSummary.Category) -> Double] = [
      "IoU": \.iou, "Acc": \.accuracy, "Dice": \.dice, "Fscore": \.fScore, "Precision": \.precision,
      "Recall": \.recall,
    ]
    #expect(Set(golden.per_class.keys) == Set(figures.keys))
    for (name, figure) in figures {
      let expected = try #require(golden.per_class[name])
      for (category, value) in zip(summary.perClass, expected) {
        guard let value else {
          #expect(figure(category).isNaN)
          continue
        }
        #expect(abs(figure(category) - value) < 1e-5)
      }
    }
    #expect(abs(summary.overallAccuracy - golden.aAcc) < 1e-5)
    #expect(summary.means.map(\.name).sorted() == golden.summary.keys.sorted())
    for (name, value) in summary.means {
      let expected = try #require(golden.summary[name])
      #expect(abs((10_000 * value).rounded() / 100 - expected) < 1e-9)
    }
  }

  private func map(_ rows: [[Int32]]) -> LabelMap {
    LabelMap(height: rows.count, width: rows[0].count, pixels: rows.flatMap { $0 })
  }

  @Test("pixels are counted by label and prediction")
  func counting() throws {
    var matrix = ConfusionMatrix(classes: 2)
    try matrix.add(label: map([[0, 0, 1], [1, 255, 255]]), prediction: map([[0, 1, 1], [7, 0, -1]]))
    #expect(matrix.rows == [[1, 1], [0, 1]])
    #expect(matrix.unclassified == [0, 1])
    #expect(matrix.labelAreas == [2, 2])
    #expect(matrix.predictionAreas == [1, 2])
    var twice = matrix
    twice += matrix
    #expect(twice.rows == [[2, 2], [0, 2]])
  }

  @Test(
    "reduce_zero_label, ignore_index and predictions_offset",
    arguments: [
      (255, true, 0, [0, 1, 2, 255], [0, 0, 1, 1], [[1, 0], [0, 1]]),
      (255, true, 1, [0, 1, 2, 255], [1, 1, 2, 2], [[1, 0], [0, 1]]),
      (0, false, 0, [0, 1, 1, 0], [0, 0, 1, 1], [[0, 0], [1, 1]]),
      (9, false, 3, [9, 1, 0, 9], [3, 3, 4, 4], [[0, 1], [1, 0]]),
    ] as [(Int, Bool, Int, [Int32], [Int32], [[Int]])])
  func conventions(
    ignored: Int, reduces: Bool, offset: Int, label: [Int32], prediction: [Int32], expected: [[Int]]
  ) throws {
    var matrix = ConfusionMatrix(
      classes: 2, ignoreIndex: ignored, reducesZeroLabel: reduces, predictionsOffset: offset)
    try matrix.add(label: map([label]), prediction: map([prediction]))
    #expect(matrix.rows == expected)
  }

  @Test(
    "a label that is no class stops with its value and place, and counts nothing",
    arguments: [
      (false, [0, 1, 2], 2, 2), (false, [0, -1, 0], -1, 1), (false, [254, 0, 0], 254, 0),
      (true, [1, 2, 3], 3, 2),
      (false, [0, 65535, 0], 65535, 1),
    ] as [(Bool, [Int32], Int, Int)])
  func illegalLabels(reduces: Bool, label: [Int32], value: Int, x: Int) {
    var matrix = ConfusionMatrix(classes: 2, reducesZeroLabel: reduces)
    let error = SegmentationEvaluationError.illegalLabel(
      value: value, x: x, y: 0, classes: 2, ignoreIndex: 255, reducesZeroLabel: reduces)
    #expect(throws: error) { try matrix.add(label: map([label]), prediction: map([[0, 0, 0]])) }
    #expect(error.description.contains("the number \(value)"))
    #expect(matrix == ConfusionMatrix(classes: 2, reducesZeroLabel: reduces))
  }

  @Test("maps of different sizes are refused")
  func sizes() {
    var matrix = ConfusionMatrix(classes: 2)
    let error = SegmentationEvaluationError.sizesDiffer(
      label: ImageSize(height: 1, width: 2), prediction: ImageSize(height: 2, width: 1))
    #expect(throws: error) { try matrix.add(label: map([[0, 0]]), prediction: map([[0], [0]])) }
  }

  @Test("undefined figures are null in JSON, left out of means, and replaced on request")
  func undefined() throws {
    var matrix = ConfusionMatrix(classes: 3)
    try matrix.add(label: map([[0, 0]]), prediction: map([[0, 1]]))
    let summary = SegmentationSummary(matrix, classes: ["a", "b", "c"])
    #expect(summary.perClass[0].iou == 0.5)
    #expect(summary.perClass[1].iou == 0)
    #expect(summary.perClass[1].accuracy.isNaN)
    #expect(summary.perClass[2].iou.isNaN)
    #expect(summary.mean(\.iou) == 0.25)
    #expect(SegmentationSummary(matrix, classes: ["a", "b", "c"], nanReplacement: 0).mean(\.iou) == 0.5 / 3)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(summary), as: UTF8.self)
    #expect(text.contains(#""confusion_matrix":[[1,1,0],[0,0,0],[0,0,0]]"#))
    #expect(
      text.contains(
        #"{"Acc":null,"Dice":null,"Fscore":null,"IoU":null,"Precision":null,"Recall":null,"name":"c"}"#))
    #expect(text.contains(#""mIoU":0.25"#))
    #expect(summary.text().contains("none predicted right (Fscore) or at all (Precision)"))
    #expect(summary.text().hasSuffix("mRecall 50.00  (percent, all images)"))
    #expect(ConfusionMatrix(classes: 1).labelAreas == [0])
    #expect(SegmentationSummary(ConfusionMatrix(classes: 1), classes: ["a"]).mean(\.iou).isNaN)
  }
}

@Suite("stored confusion matrices")
struct StoredConfusionTests {
  @Test("come back as they were, and add up")
  func roundTrip() throws {
    var matrix = ConfusionMatrix(classes: 2, ignoreIndex: 0)
    let map = LabelMap(height: 1, width: 3, pixels: [0, 1, 1])
    try matrix.add(label: map, prediction: LabelMap(height: 1, width: 3, pixels: [1, 1, 0]))
    var stored = try JSONDecoder().decode(ConfusionMatrix.self, from: JSONEncoder().encode(matrix))
    #expect(stored == matrix && stored.labelAreas == [0, 2])
    stored += matrix
    #expect(stored.labelAreas == [0, 4])
  }

  @Test(
    "of other counts than the classes ask for are refused",
    arguments: [(2, "[1, 2]"), (0, "[]"), (5_000, "[1]"), (1, "[-1, 0]")])
  func refuses(classes: Int, counts: String) {
    let text =
      "{\"classes\": \(classes), \"ignoreIndex\": 255, \"reducesZeroLabel\": false, \"predictionsOffset\": 0, "
      + "\"counts\": \(counts)}"
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode(ConfusionMatrix.self, from: Data(text.utf8))
    }
  }
}
