import Coco
import Foundation
import TestSupport
import Testing

@Suite("settings of COCO evaluation")
struct CocoSettingsTests {
  private func evaluator(
    _ type: CocoIoUType = .bbox, thresholds: [Double]? = nil, images: [Int]? = nil, scale: Double = 1
  ) throws -> CocoEvaluator {
    let annotations = try CocoEvaluatorTests.annotations(1)
    var evaluator = try CocoEvaluator(
      annotations: annotations, iouType: type, imageIDs: images, iouThresholds: thresholds)
    try evaluator.add(CocoEvaluatorTests.results(1, type), of: annotations)
    return evaluator
  }

  @Test("any number of thresholds gives for each what it gives alone", arguments: [1, 3, 16, 17, 40])
  func thresholds(count: Int) throws {
    let thresholds = (0..<count).map { Double($0 + 1) / Double(count + 1) }
    let all = try evaluator(thresholds: thresholds).summary()
    let alone = try thresholds.map { try evaluator(thresholds: [$0]).summary().perIoU[0] }
    #expect(all.perIoU == alone)
    #expect(all.stats[1] == (thresholds.firstIndex(of: 0.5).map { alone[$0] } ?? -1))
    #expect(all.text().contains(String(format: "IoU=%.2f:%.2f", thresholds[0], thresholds[count - 1])))
    let stored = try JSONEncoder().encode(evaluator(thresholds: thresholds).state)
    var merged = try CocoEvaluator(
      annotations: CocoEvaluatorTests.annotations(1), iouType: .bbox, iouThresholds: thresholds)
    try merged.merge(JSONDecoder().decode(CocoEvaluator.State.self, from: stored))
    #expect(merged.summary() == all)
  }

  @Test("thresholds that are none are errors", arguments: [[], [1.5], [-0.1], [.nan]] as [[Double]])
  func wrongThresholds(thresholds: [Double]) {
    #expect(throws: CocoError.self) { try evaluator(thresholds: thresholds) }
  }

  @Test("images and classes are named by id or name, and unknown ones are errors")
  func names() throws {
    let annotations = try CocoAnnotations(
      file: "t.json",
      images: [
        .init(id: 4, fileName: "a.png", height: 9, width: 9),
        .init(id: 5, fileName: "4", height: 9, width: 9),
      ],
      annotations: [], categories: [.init(id: 1, name: "cat"), .init(id: 2, name: "1")])
    #expect(try annotations.imageIDs(named: ["a.png", "5"]) == [4, 5])
    // A name goes before an id.
    #expect(try annotations.imageIDs(named: ["4"]) == [5])
    #expect(try annotations.categoryIDs(named: ["1", "cat"]) == [2, 1])
    let error = #expect(throws: CocoError.self) { try annotations.categoryIDs(named: ["cow", "7"]) }
    #expect(error?.message.contains("no classes \"cow\", \"7\"; it has cat, 1") == true)
    #expect(throws: CocoError.self) { try annotations.imageIDs(named: [""]) }
  }

  @Test(
    "results compared with themselves differ by nothing; a seed repeats its draws",
    arguments: CocoIoUType.allCases)
  func comparison(type: CocoIoUType) throws {
    let whole = try evaluator(type)
    let same = try CocoComparison(whole, whole, resamples: 20)
    #expect(same.all.difference == 0 && same.all.interval == [0, 0])
    let annotations = try CocoEvaluatorTests.annotations(1)
    var worse = try CocoEvaluator(annotations: annotations, iouType: type)
    // Half the images have no detection.
    let rows = try CocoEvaluatorTests.results(1, type)
    for image in annotations.images.prefix(annotations.images.count / 2) {
      var one = try CocoEvaluator(annotations: annotations, iouType: type, imageIDs: [image.id])
      try one.add(rows, of: annotations)
      try worse.merge(one.state)
    }
    let first = try CocoComparison(worse, whole, resamples: 200, seed: 3)
    #expect(try CocoComparison(worse, whole, resamples: 200, seed: 3) == first)
    #expect(try CocoComparison(worse, whole, resamples: 200, seed: 4) != first)
    let gain = try #require(first.all.difference)
    let interval = try #require(first.all.interval)
    #expect(gain > 0 && interval[0] <= gain && gain <= interval[1])
    #expect(first.perClass.count == (type == .proposal ? 0 : annotations.categories.count))
    #expect(first.text.contains("all"))
    // The plain difference is that of the summaries.
    let known = (worse.summary(), whole.summary())
    if type != .proposal {
      #expect(abs(gain - (known.1.stats[0] - known.0.stats[0])) < 1e-9)
    }
    let other = try evaluator(type, thresholds: [0.5])
    #expect(throws: CocoError.self) { try CocoComparison(whole, other) }
  }

  @Test("no images and no objects have no difference")
  func nothing() throws {
    let annotations = try CocoAnnotations(file: "t.json", images: [], annotations: [], categories: [])
    let empty = try CocoEvaluator(annotations: annotations, iouType: .bbox)
    #expect(try CocoComparison(empty, empty).all.difference == nil)
    let analysis = try CocoAnalysis(
      of: CocoResults.parse(Data("[]".utf8), file: "r.json"), against: annotations, evaluator: empty)
    #expect(analysis.errors.averagePrecision == 0 && analysis.calibration.expectedError == nil)
    #expect(analysis.confusion == [[0]] && analysis.crowding.isEmpty && !analysis.text.isEmpty)
  }
}

@Suite("why points are lost")
struct CocoAnalysisTests {
  /// Two classes in one image of 100 x 100, and detections of each kind of error.
  private func analysis(_ results: String) throws -> CocoAnalysis {
    let annotations = try CocoAnnotations.parse(
      Data(
        """
        {"images": [{"id": 7, "height": 100, "width": 100}, {"id": 8, "height": 100, "width": 100}],
         "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"}],
         "annotations": [
          {"id": 11, "image_id": 7, "category_id": 1, "bbox": [0, 0, 20, 20], "area": 400, "iscrowd": 0},
          {"id": 12, "image_id": 7, "category_id": 3, "bbox": [50, 50, 20, 20], "area": 400, "iscrowd": 0},
          {"id": 13, "image_id": 7, "category_id": 1, "bbox": [70, 0, 20, 20], "area": 400, "iscrowd": 1}]}
        """.utf8), file: "truth.json")
    let found = try CocoResults.parse(Data(results.utf8), file: "found.json")
    var evaluator = try CocoEvaluator(annotations: annotations, iouType: .bbox)
    try evaluator.add(found, of: annotations)
    return try CocoAnalysis(of: found, against: annotations, evaluator: evaluator)
  }

  private func row(_ image: Int, _ category: Int, _ box: String, _ score: Double) -> String {
    #"{"image_id": \#(image), "category_id": \#(category), "bbox": [\#(box)], "score": \#(score)}"#
  }

  @Test("each kind of error, the confusion, and what to look at")
  func kinds() throws {
    let found = try analysis(
      "["
        + [
          row(7, 1, "0,0,20,20", 0.9), row(7, 1, "0,0,20,19", 0.8), row(7, 1, "50,50,20,20", 0.95),
          row(7, 3, "50,62,20,20", 0.6), row(8, 3, "1,1,9,9", 0.99), row(7, 1, "71,1,9,9", 0.97),
          row(7, 3, "2,11,20,20", 0.2),
        ].joined(separator: ", ") + "]")
    let counts = found.errors.counts
    #expect(counts[.duplicate] == 1 && counts[.classification] == 1 && counts[.localisation] == 1)
    // What lies in the crowd is counted among the errors, as tidecv does.
    #expect(counts[.background] == 2 && counts[.both] == 1 && counts[.missed] == 0)
    // dog, cat, nothing: by id.
    #expect(found.classes.map(\.name) == ["dog", "cat"])
    #expect(found.confusion == [[1, 0, 0], [1, 0, 0], [1, 2, 0]])
    #expect(found.worstImages.map(\.imageID) == [7, 8])
    #expect(
      found.labelErrors.first?.imageID == 8
        && found.labelErrors.first?.why.contains("nothing is annotated") == true)
    #expect(
      found.labelErrors.contains { $0.annotationID == 12 && $0.why.contains("where a cat is annotated") })
    #expect(!found.labelErrors.contains { $0.why.contains("0.97") })
    #expect(found.calibration.bins.reduce(0) { $0 + $1.count } == 6)
    #expect(found.crowding.map(\.images) == [1] && found.crowding[0].to == 4)
    let json = String(decoding: try JSONEncoder().encode(found), as: UTF8.self)
    for key in [
      "classification", "localisation", "both", "duplicate", "background", "missed", "false_positive",
      "false_negative", "worst_images", "likely_label_errors", "annotation_id", "expected_error", "bins",
      "confusion_matrix", "curves",
    ] {
      #expect(json.contains("\"\(key)\""), "\(key)")
    }
    #expect(found.text.contains("localisation"))
  }

  @Test("proposals have no classes to be analysed")
  func proposals() throws {
    let annotations = try CocoEvaluatorTests.annotations(0)
    let evaluator = try CocoEvaluator(annotations: annotations, iouType: .proposal)
    #expect(throws: CocoError.self) {
      try CocoAnalysis(of: CocoEvaluatorTests.results(0, .bbox), against: annotations, evaluator: evaluator)
    }
  }
}
