import Analysis
import Foundation
import Tensors
import Testing

@Suite("benchmark of operations")
struct OperationBenchmarkTests {
  /// What `--json` promises.
  private struct Object: Decodable {
    struct Operation: Decodable {
      var name: String
      var milliseconds: Double
      var rate: Double
      var limit: String
      var ratio: Double
      var floor: Double
    }
    // Spelled as in the object.
    var P: Double
    var M: Double
    var operations: [Operation]
  }

  /// Products in bfloat16 are measured where the processor has them.
  private static let floors = always.merging(Precision.bfloat16.isAvailable ? half : [:]) { $1 }

  private static let half: [String: (limit: String, floor: Double)] = [
    "linear_bfloat16.forward": ("P", 1.6), "conv3x3_256_bfloat16.forward": ("P", 4),
    "conv3x3_2048_bfloat16.forward": ("P", 4.5), "conv1x1_256_bfloat16.forward": ("P", 1.5),
  ]

  private static let always: [String: (limit: String, floor: Double)] = [
    "linear.forward": ("P", 0.85), "linear.backward": ("P", 0.75), "conv3x3_256.forward": ("P", 2.4),
    "conv3x3_256.backward_input": ("P", 2.2), "conv3x3_256.backward_weights": ("P", 1.9),
    "conv3x3_2048.forward": ("P", 2.6), "conv1x1_256.forward": ("P", 0.85),
    "depthwise3x3_192.forward": ("M", 0.5), "layer_norm_96.forward": ("M", 0.6),
    "scan.forward": ("P", 1.0 / 36), "scan.backward": ("P", 1.0 / 100),
    "scan_n1.forward": ("M", 0.5), "scan_n1.backward": ("M", 0.4),
  ]

  @Test("has the names, limits and floors of the table, and the keys of its JSON")
  func report() throws {
    let report = OperationBenchmark(shrinking: 16).run(rounds: 2)
    let object = try JSONDecoder().decode(Object.self, from: JSONEncoder().encode(report))
    #expect(object.P > 0 && object.M > 0)
    #expect(object.operations.map(\.name).sorted() == Self.floors.keys.sorted())
    for operation in object.operations {
      let expected = try #require(Self.floors[operation.name])
      #expect(operation.limit == expected.limit && operation.floor == expected.floor)
      #expect(operation.milliseconds > 0 && operation.rate > 0 && operation.rate.isFinite)
      #expect(operation.ratio == operation.rate / (operation.limit == "P" ? object.P : object.M))
    }
    #expect(report.text().split(separator: "\n").count == Self.floors.count + 2)
  }

  @Test("scans of a backbone's stages", arguments: [1, 4])
  func scans(_ states: Int) {
    let shapes = ScanShape.stages(images: 2, height: 64, width: 40, channels: 24, states: states)
    #expect(shapes.map(\.height) == [16, 8, 4, 2] && shapes.map(\.width) == [10, 5, 2, 1])
    #expect(shapes.map(\.channels) == [24, 48, 96, 192] && shapes.map(\.rank) == [1, 2, 3, 6])
    let report = OperationBenchmark(scans: shapes, shrinking: 16).run(rounds: 1)
    let names = ["16x10x24", "8x5x48", "4x2x96", "2x1x192"].map { "scan\(states == 1 ? "_n1" : "")_\($0)" }
    #expect(report.operations.map(\.name) == names.flatMap { ["\($0).forward", "\($0).backward"] })
    for operation in report.operations {
      #expect(operation.limit == (states == 1 ? .memory : .product) && operation.ratio > 0)
    }
  }
}
