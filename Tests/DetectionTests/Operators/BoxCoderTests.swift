import Configuration
import Detection
import Imaging
import Masks
import Testing

@Suite("Box coder")
struct BoxCoderTests {
  private struct Case: Decodable {
    var coder: DeltaXYWHBBoxCoder
    var max_shape: [Int]?
    var classes: Int
    var wh_ratio_clip: Float
  }

  @Test("golden cases", arguments: ["bbox_coder_0", "bbox_coder_1", "bbox_coder_2"])
  func golden(name: String) throws {
    let golden = try OperatorCase(name)
    let config = try golden.config.decode(Case.self)
    let boxes = try golden.boxes("input.boxes")
    expectClose(
      config.coder.encode(boxes, try golden.boxes("input.targets")), try golden.floats("output.encoded"))
    let repeated = boxes[(0..<boxes.count).flatMap { [Int](repeating: $0, count: config.classes) }]
    let size = config.max_shape.map { ImageSize(height: $0[0], width: $0[1]) }
    let decoded = config.coder.decode(repeated, deltas: try golden.floats("input.deltas"), clippedTo: size)
    expectClose(decoded.values, try golden.floats("output.decoded"))
  }

  @Test("decoding undoes encoding")
  func inverse() {
    let coder = DeltaXYWHBBoxCoder(means: SIMD4(0, 0.1, 0, 0), deviations: SIMD4(0.1, 0.1, 0.2, 0.2))
    let boxes = Boxes([0, 0, 10, 20, 5, 5, 6, 7])
    let targets = Boxes([1, 2, 30, 10, 4, 4, 9, 8])
    expectClose(coder.decode(boxes, deltas: coder.encode(boxes, targets)).values, targets.values)
  }

  @Test("growth is bounded, and border clipping is a choice")
  func bounds() {
    let size = ImageSize(height: 50, width: 40)
    let deltas: [Float] = [0, 0, 100, -100]
    let free = DeltaXYWHBBoxCoder(clipsToBorder: false).decode(
      Boxes([0, 0, 16, 1000]), deltas: deltas, clippedTo: size)
    expectClose(free.values, [-492, 492, 508, 508], absolute: 0.01)
    let clipped = DeltaXYWHBBoxCoder().decode(Boxes([0, 0, 16, 1000]), deltas: deltas, clippedTo: size)
    #expect(clipped.values == [0, 50, 40, 50])
  }

  @Test(
    "bad settings are refused with their key",
    arguments: [
      ("{target_means: [0, 0, 0]}", "target_means"), ("{target_stds: [1, 1, 0, 1]}", "target_stds"),
      ("{type: TBLRBBoxCoder}", "DeltaXYWHBBoxCoder"), ("{target_std: [1, 1, 1, 1]}", "target_stds"),
    ])
  func badSettings(text: String, expected: String) throws {
    let node = try ConfigurationNode.parse(text, file: "c.yaml")
    let error = try #require(throws: ConfigurationError.self) { try node.decode(DeltaXYWHBBoxCoder.self) }
    #expect("\(error)".contains(expected), "\(error)")
  }
}
