import Foundation
import TestSupport
import Testing

@Suite("dense analyze complexity")
struct AnalyzeTests {
  private struct Report: Decodable {
    struct Module: Decodable { var name: String; var parameters: Int; var flops: Int }
    struct Operator: Decodable { var name: String; var flops: Int }
    var parameters: Int
    var flops: Int
    var shape: [Int]
    var scan_flops: String
    var modules: [Module]
    var operators: [Operator]
  }

  static let config = """
    model:
      type: ImageClassifier
      backbone:
        {type: VSSM, dims: [8, 16], depths: [1, 1], d_state: 4, mlp_ratio: 0.0, downsample_version: v1, out_indices: [1]}
      head: {type: LinearClsHead, in_channels: 16, num_classes: 3}
    """

  @Test("prints tables, or one object, without data, weights or a work directory")
  func output() throws {
    let folder = try TemporaryFolder(["a.yaml": Self.config])
    let table = try Command.run(["analyze", "complexity", "a.yaml"], in: folder.path)
    #expect(table.status == 0 && table.errors.isEmpty, "\(table.errors)")
    #expect(table.output.hasPrefix("height 224, width 224; "), "\(table.output)")
    let outcome = try Command.run(
      [
        "analyze", "complexity", "a.yaml", "--shape", "64", "96", "--scan-flops", "hardware", "--json",
        "--cfg-options", "model.head.num_classes=5",
      ], in: folder.path)
    let report = try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    #expect(report.shape == [64, 96] && report.scan_flops == "hardware")
    #expect(report.modules.map(\.name) == ["backbone", "neck", "head"])
    #expect(report.modules.last?.parameters == 17 * 5 && report.modules.last?.flops == 16 * 5)
    #expect(report.modules.reduce(0) { $0 + $1.flops } == report.flops)
    #expect(report.operators.reduce(0) { $0 + $1.flops } == report.flops)
    #expect(folder.names() == ["a.yaml"])
  }

  @Test(
    "refuses what cannot be counted",
    arguments: [
      (["--shape", "1", "2", "3"], 2, "--shape: one or two numbers"),
      (["--shape", "0"], 2, "--shape: one or two numbers"), (["--shape", "x"], 2, "invalid for '--shape"),
      (["--scan-flops", "all"], 2, "provide one of 'legacy' and 'hardware'"),
      (["--shape", "7", "64"], 1, "7 x 64 pixels is smaller than the model's coarsest stride, 8"),
      (["--cfg-options", "model.type=Nothing"], 1, "unknown model 'Nothing'"),
    ])
  func refusals(arguments: [String], status: Int32, message: String) throws {
    let folder = try TemporaryFolder(["a.yaml": Self.config])
    let outcome = try Command.run(["analyze", "complexity", "a.yaml"] + arguments, in: folder.path)
    #expect(outcome.status == status && outcome.errors.contains(message), "\(outcome.errors)")
  }
}
