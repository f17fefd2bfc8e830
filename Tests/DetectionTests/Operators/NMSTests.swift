import Configuration
import Detection
import Masks
import Modeling
import Testing

@Suite("Suppression")
struct NMSTests {
  private struct Case: Decodable { var iou_threshold: Float }

  private func expect(_ kept: [Int], _ golden: OperatorCase, boxes: Boxes, scores: [Float]) throws {
    #expect(kept == (try golden.integers("output.keep")))
    let rows = kept.flatMap { index in
      (0..<4).map { boxes.values[4 * index + $0] } + [scores[index]]
    }
    expectClose(rows, try golden.floats("output.dets"))
  }

  @Test(
    "golden cases",
    arguments: ["nms_0", "nms_1", "nms_2", "nms_3", "nms_empty", "nms_same", "nms_same_ties"])
  func golden(name: String) throws {
    let golden = try OperatorCase(name)
    let nms = NMS(threshold: try golden.config.decode(Case.self).iou_threshold)
    let (boxes, scores) = (try golden.boxes("input.boxes"), try golden.floats("input.scores"))
    try expect(nms(boxes, scores: scores), golden, boxes: boxes, scores: scores)
  }

  @Test("golden cases of groups", arguments: ["batched_nms_0", "batched_nms_1"])
  func goldenGroups(name: String) throws {
    let golden = try OperatorCase(name)
    let nms = NMS(threshold: try golden.config.decode(Case.self).iou_threshold)
    let (boxes, scores) = (try golden.boxes("input.boxes"), try golden.floats("input.scores"))
    let kept = nms.batched(boxes, scores: scores, groups: try golden.integers("input.ids"))
    try expect(kept, golden, boxes: boxes, scores: scores)
  }

  @Test("of several classes: thresholds, own or common boxes, a limit")
  func multiclass() {
    let nms = NMS(threshold: 0.5)
    let common = multiclassNMS(
      Boxes([0, 0, 10, 10, 0, 0, 10, 9]), scores: [0.9, 0.2, 0.8, 0.7], classes: 2, scoreThreshold: 0.2,
      nms: nms,
      limit: -1)
    #expect(common.labels == [0, 1] && common.scores == [0.9, 0.7])
    #expect(common.boxes.values == [0, 0, 10, 10, 0, 0, 10, 9])
    let own = multiclassNMS(
      Boxes([0, 0, 10, 10, 0, 0, 5, 5, 20, 20, 30, 30, 0, 0, 5, 5]), scores: [0.9, 0.2, 0.8, 0.7], classes: 2,
      scoreThreshold: 0.1, nms: nms, limit: 2)
    #expect(own.labels == [0, 0] && own.scores == [0.9, 0.8])
    let agnostic = multiclassNMS(
      Boxes([0, 0, 10, 10]), scores: [0.4, 0.6], classes: 2, scoreThreshold: 0,
      nms: NMS(threshold: 0.5, isClassAgnostic: true), limit: -1)
    #expect(agnostic.labels == [1])
    let none = multiclassNMS(Boxes(), scores: [], classes: 2, scoreThreshold: 0, nms: nms, limit: 9)
    #expect(none.boxes.isEmpty)
  }

  @Test(
    "bad settings are refused with their key",
    arguments: [
      ("{type: soft_nms, iou_threshold: 0.5}", "soft_nms"), ("{type: nms, iou_threshold: 2}", "0...1"),
      ("{type: nms}", "iou_threshold"), ("{type: nms, iou_thr: 0.5, iou_threshold: 0.5}", "iou_thr"),
    ])
  func badSettings(text: String, expected: String) throws {
    let node = try ConfigurationNode.parse(text, file: "c.yaml")
    let error = try #require(throws: ConfigurationError.self) { try node.decode(NMS.self) }
    #expect("\(error)".contains(expected), "\(error)")
  }
}
