import Coco
import Foundation
import Masks
import TestSupport
import Testing

private struct Expected: Decodable {
  struct Figures: Decodable {
    let stats: [Double]
    let per_category_ap, per_category_ap50, per_category_ar: [String: Double]?
    let per_iou_ap: [Double]?
  }
  let bbox, segm, proposal: Figures

  init(case number: Int) throws {
    let path = Golden.path("coco/eval_\(number)_expected.json")
    self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
  }

  enum CodingKeys: CodingKey { case bbox, segm, proposal }

  func figures(_ type: CocoIoUType) -> Figures {
    switch type {
    case .bbox: bbox
    case .segm: segm
    case .proposal: proposal
    }
  }
}

@Suite("COCO evaluation")
struct CocoEvaluatorTests {
  static func annotations(_ number: Int) throws -> CocoAnnotations {
    try CocoAnnotations(contentsOf: Golden.path("coco/eval_\(number)_annotations.json"))
  }

  static func results(_ number: Int, _ type: CocoIoUType) throws -> CocoResults {
    try CocoResults(
      contentsOf: Golden.path("coco/eval_\(number)_\(type == .segm ? "segm" : "bbox").json"))
  }

  @Test("the figures of pycocotools, to the last bit", arguments: [0, 1], CocoIoUType.allCases)
  func golden(number: Int, type: CocoIoUType) throws {
    let expected = try Expected(case: number).figures(type)
    let summary = try CocoEvaluator.evaluate(
      Self.results(number, type), against: Self.annotations(number), iouType: type)
    #expect(summary.stats == expected.stats)
    if let perIoU = expected.per_iou_ap { #expect(summary.perIoU == perIoU) }
    func byID(_ figure: (CocoSummary.Category) -> Double) -> [String: Double] {
      Dictionary(uniqueKeysWithValues: summary.perClass.map { (String($0.id), figure($0)) })
    }
    if let figures = expected.per_category_ap { #expect(byID(\.averagePrecision) == figures) }
    if let figures = expected.per_category_ap50 { #expect(byID(\.averagePrecision50) == figures) }
    if let figures = expected.per_category_ar { #expect(byID(\.averageRecall) == figures) }
    #expect(summary.perClass.isEmpty == (type == .proposal))
  }

  @Test("the order in which pictures are fed does not count")
  func order() throws {
    let annotations = try Self.annotations(0)
    let rows = Dictionary(grouping: try Self.results(0, .bbox).rows, by: \.imageID)
    func summary(_ images: [CocoAnnotations.Image]) throws -> CocoSummary {
      var evaluator = try CocoEvaluator(annotations: annotations, iouType: .bbox)
      for image in images {
        try evaluator.add(
          imageID: image.id,
          detections: (rows[image.id] ?? []).map {
            CocoDetection(categoryID: $0.categoryID, score: $0.score, boundingBox: $0.boundingBox)
          })
      }
      return evaluator.summary()
    }
    let forward = try summary(annotations.images)
    #expect(try summary(annotations.images.reversed()) == forward)
    // A picture without detections need not be fed.
    #expect(try summary(annotations.images.filter { rows[$0.id] != nil }) == forward)
    #expect(try forward.stats == Expected(case: 0).bbox.stats)
  }

  @Test(
    "merged from stored parts, in any order, the bits are those of one pass", arguments: [2, 5],
    CocoIoUType.allCases)
  func merges(parts: Int, type: CocoIoUType) throws {
    let annotations = try Self.annotations(1)
    let rows = Dictionary(grouping: try Self.results(1, type).rows, by: \.imageID)
    let whole = try CocoEvaluator.evaluate(Self.results(1, type), against: annotations, iouType: type)
    var merged = try CocoEvaluator(annotations: annotations, iouType: type)
    for part in (0..<parts).reversed() {
      var evaluator = try CocoEvaluator(annotations: annotations, iouType: type)
      for (place, image) in annotations.images.enumerated() where place % parts == part {
        try evaluator.add(
          imageID: image.id,
          detections: (rows[image.id] ?? []).map {
            CocoDetection(
              categoryID: $0.categoryID, score: $0.score, boundingBox: $0.boundingBox,
              mask: type == .segm ? try $0.segmentation?.mask(height: image.height, width: image.width) : nil)
          })
      }
      let stored = try JSONEncoder().encode(evaluator.state)
      try merged.merge(try JSONDecoder().decode(CocoEvaluator.State.self, from: stored))
    }
    #expect(merged.summary() == whole)
  }

  @Test(
    "a stored state that was changed is refused, and nothing of it is taken in",
    arguments: [
      (#""counts":[1]"#, #""counts":[2]"#), (#""counts":[1]"#, #""counts":[-1]"#),
      (#""counts":[1]"#, #""counts":[]"#),
      (#""images":[7]"#, #""images":[8]"#), (#""imageIDs":[7]"#, #""imageIDs":[7,7]"#),
      (#""imageIDs":[7]"#, #""imageIDs":[]"#), (#""scores":[0.5]"#, #""scores":[0.5,0.5]"#),
      (#""categoryIDs":[1]"#, #""categoryIDs":[2]"#), (#""maxDets":[1,10,100]"#, #""maxDets":[1,10,99]"#),
    ])
  func brokenStates(part: String, change: String) throws {
    let truth = try annotations([(1, (10, 10, 20, 20), false)])
    var evaluator = try CocoEvaluator(annotations: truth, iouType: .bbox)
    try evaluator.add(imageID: 7, detections: [detection(0.5, (10, 10, 20, 20))])
    let text = String(decoding: try JSONEncoder().encode(evaluator.state), as: UTF8.self)
    #expect(text.contains(part), "\(text)")
    let state = try JSONDecoder().decode(
      CocoEvaluator.State.self, from: Data(text.replacingOccurrences(of: part, with: change).utf8))
    var other = try CocoEvaluator(annotations: truth, iouType: .bbox)
    #expect(throws: CocoError.self) { try other.merge(state) }
    #expect(other.fedCount == 0 && other.summary().stats[0] == 0)
  }

  /// One picture of 100 x 100 with the given objects, all of class 1.
  private func annotations(
    _ objects: [(id: Int, box: CornerBox, isCrowd: Bool)], categories: [Int] = [1]
  ) throws -> CocoAnnotations {
    try CocoAnnotations(
      file: "truth.json", images: [.init(id: 7, fileName: nil, height: 100, width: 100)],
      annotations: objects.map {
        .init(
          id: $0.id, imageID: 7, categoryID: 1, boundingBox: $0.box, area: $0.box.width * $0.box.height,
          isCrowd: $0.isCrowd, ignore: true)
      }, categories: categories.map { .init(id: $0, name: "class \($0)") })
  }

  private func detection(_ score: Double, _ box: CornerBox, category: Int = 1) -> CocoDetection {
    CocoDetection(categoryID: category, score: score, boundingBox: box)
  }

  @Test("a perfect detection has precision 1, and sizes without objects have none")
  func perfect() throws {
    var evaluator = try CocoEvaluator(
      annotations: annotations([(1, (10, 10, 20, 20), false)], categories: [3, 1]), iouType: .bbox)
    try evaluator.add(imageID: 7, detections: [detection(0.5, (10, 10, 20, 20))])
    let summary = evaluator.summary()
    // pycocotools adds an ulp to the number of detections, so that 1 is never quite reached.
    let expected: [Double] = [1, 1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1]
    #expect(zip(summary.stats, expected).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(summary.perClass.map(\.id) == [1, 3])
    #expect(summary.perClass[1].averagePrecision == -1)
    #expect(summary.text().hasSuffix("| area= large | maxDets=100 ] = no such ground truth"))
    #expect(summary.text(classwise: true).contains("class 3"))
    #expect(summary.metrics["mAP"] == 1)
  }

  @Test("an object of id 0 matches nothing, as in pycocotools; a crowd swallows what lies in it")
  func quirks() throws {
    var zero = try CocoEvaluator(annotations: annotations([(0, (10, 10, 20, 20), false)]), iouType: .bbox)
    try zero.add(imageID: 7, detections: [detection(0.5, (10, 10, 20, 20))])
    #expect(zero.summary().stats[0] == 0)

    var crowd = try CocoEvaluator(
      annotations: annotations([(1, (50, 50, 20, 20), false), (2, (0, 0, 40, 40), true)]), iouType: .bbox)
    try crowd.add(
      imageID: 7,
      detections: [
        detection(0.9, (0, 0, 10, 10)), detection(0.8, (5, 5, 10, 10)), detection(0.7, (50, 50, 20, 20)),
      ])
    #expect(abs(crowd.summary().stats[0] - 1) < 1e-15)
  }

  @Test("max-dets are honoured, and without 100 the largest takes its place")
  func maxDets() throws {
    let truth = try annotations([(1, (10, 10, 20, 20), false)])
    var evaluator = try CocoEvaluator(annotations: truth, iouType: .bbox, maxDets: [3, 1, 2])
    try evaluator.add(
      imageID: 7,
      detections: [
        detection(0.9, (60, 60, 20, 20)), detection(0.9, (70, 60, 20, 20)), detection(0.9, (10, 10, 20, 20)),
        detection(0.9, (10, 10, 20, 20)),
      ])
    let stats = evaluator.summary().stats
    #expect(stats[6...8] == [0, 0, 1])
    #expect(abs(stats[0] - 1 / 3) < 1e-12)
  }

  @Test("JSON as the design says")
  func json() throws {
    var evaluator = try CocoEvaluator(annotations: annotations([]), iouType: .bbox)
    try evaluator.add(imageID: 7, detections: [detection(0.5, (1, 1, 2, 2))])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(evaluator.summary()), as: UTF8.self)
    #expect(
      text == """
        {"per_class":[{"AP":-1,"AP50":-1,"AP75":-1,"APl":-1,"APm":-1,"APs":-1,"AR":-1,"id":1,"name":"class 1"}],\
        "per_iou":[-1,-1,-1,-1,-1,-1,-1,-1,-1,-1],"stats":[-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1]}
        """)
  }

  @Test("what cannot be evaluated is an error that names it")
  func errors() throws {
    let truth = try annotations([(4, (10, 10, 20, 20), false)])
    func message(_ body: () throws(CocoError) -> Void) -> String {
      do throws(CocoError) {
        try body()
        return "no error"
      } catch { return "\(error)" }
    }
    func fed(_ type: CocoIoUType, _ detections: [CocoDetection], image: Int = 7) -> String {
      message { () throws(CocoError) in
        var evaluator = try CocoEvaluator(annotations: truth, iouType: type)
        try evaluator.add(imageID: image, detections: detections)
      }
    }
    let box = detection(1, (0, 0, 5, 5))
    let small = CocoDetection(categoryID: 1, score: 1, mask: RunLengthMask(Bitmap(height: 5, width: 9)))
    let mask = CocoDetection(categoryID: 1, score: 1, mask: RunLengthMask(Bitmap(height: 100, width: 100)))
    #expect(fed(.bbox, [], image: 8).contains("no image 8"))
    #expect(fed(.bbox, [detection(.nan, (0, 0, 5, 5))]).contains("NaN"))
    #expect(fed(.bbox, [CocoDetection(categoryID: 1, score: 1)]).contains("neither a box nor a mask"))
    #expect(fed(.segm, [box]).contains("no mask"))
    #expect(fed(.segm, [small]).contains("5 x 9"))
    #expect(fed(.segm, [mask]).contains("annotation 4 has no segmentation"))
    #expect(fed(.bbox, [box, detection(1, (0, 0, 5, 5), category: 99)]) == "no error")
    #expect(
      message { () throws(CocoError) in
        var evaluator = try CocoEvaluator(annotations: truth, iouType: .bbox)
        try evaluator.add(imageID: 7, detections: [])
        try evaluator.add(imageID: 7, detections: [])
      }.contains("twice"))
    #expect(
      message { () throws(CocoError) in
        _ = try CocoEvaluator(annotations: truth, iouType: .bbox, maxDets: [0, 1, 10])
      }.contains("three positive numbers"))
    #expect(
      message { () throws(CocoError) in
        _ = try CocoEvaluator(annotations: truth, iouType: .bbox, categoryIDs: [1, 5])
      }.contains("category ids that the file lacks: 5"))
  }
}
