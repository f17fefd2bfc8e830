import Configuration
import Detection
import Imaging
import Testing

@Suite("Anchors")
struct AnchorGeneratorTests {
  private struct Case: Decodable {
    var generator: AnchorGenerator
    var featmap_sizes: [[Int]]
  }

  @Test("golden cases", arguments: ["anchors_0", "anchors_1"])
  func golden(name: String) throws {
    let golden = try OperatorCase(name)
    let config = try golden.config.decode(Case.self)
    let levels = config.generator.anchors(
      for: config.featmap_sizes.map { ImageSize(height: $0[0], width: $0[1]) })
    for (level, boxes) in levels.enumerated() {
      expectClose(boxes.values, try golden.floats("output.\(level)"), relative: 1e-6)
      expectClose(
        config.generator.baseAnchors(level: level).values, try golden.floats("output.base.\(level)"),
        relative: 1e-6)
    }
    #expect(golden.tensors.count == 2 * levels.count)
  }

  @Test(
    "bad settings are refused with their key",
    arguments: [
      ("{scales: [8], ratios: [1], strides: [0]}", "strides"),
      ("{scales: [8], ratios: [], strides: [4]}", "ratios"),
      ("{scales: [-8], ratios: [1], strides: [4]}", "scales"),
      ("{ratios: [1], strides: [4]}", "scales"),
      ("{ratios: [1], strides: [4], octave_base_scale: 4, scales_per_octave: 0}", "scales_per_octave"),
      ("{scales: [8], octave_base_scale: 4, scales_per_octave: 3, ratios: [1], strides: [4]}", "exclude"),
      ("{type: PriorGenerator, scales: [8], ratios: [1], strides: [4]}", "AnchorGenerator"),
    ])
  func badSettings(text: String, expected: String) throws {
    let node = try ConfigurationNode.parse(text, file: "c.yaml")
    let error = try #require(throws: ConfigurationError.self) { try node.decode(AnchorGenerator.self) }
    #expect("\(error)".contains(expected), "\(error)")
  }
}
