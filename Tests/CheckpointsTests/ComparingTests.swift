import Checkpoints
import Foundation
import TestSupport
import Testing

@Suite("weights of several checkpoints")
struct ComparingTests {
  private func floats(_ values: [Float], _ shape: [Int]) -> StoredTensor {
    StoredTensor(type: .float32, shape: shape, bytes: values.withUnsafeBytes { Array($0) })
  }

  private func doubles(_ values: [Double]) -> StoredTensor {
    StoredTensor(type: .float64, shape: [values.count], bytes: values.withUnsafeBytes { Array($0) })
  }

  private func files(_ sets: [[String: StoredTensor]], in folder: TemporaryFolder) throws -> [Checkpoint] {
    try sets.enumerated().map { number, tensors in
      let path = "\(folder.path)/\(number).safetensors"
      try Safetensors(tensors).write(to: path)
      return try Checkpoint(file: path)
    }
  }

  @Test("are averaged number by number; whole numbers are the last file's, halves become float32")
  func average() throws {
    let half = StoredTensor(type: .float16, shape: [1], bytes: [0, 0x3c])  // 1
    let folder = try TemporaryFolder()
    let sets: [[String: StoredTensor]] = [
      [
        "a": floats([1, 2], [2, 1]), "n": StoredTensor(integers: [3], shape: []), "h": half,
        "d": doubles([1]),
      ],
      [
        "a": floats([2, -2], [2, 1]), "n": StoredTensor(integers: [7], shape: []), "h": half,
        "d": doubles([2]),
      ],
    ]
    let mean = try WeightAverage.mean(of: try files(sets, in: folder))
    #expect(
      mean == [
        "a": floats([1.5, 0], [2, 1]), "n": StoredTensor(integers: [7], shape: []), "h": floats([1], [1]),
        "d": doubles([1.5]),
      ])
  }

  @Test(
    "are not averaged where they are of several models, or no numbers",
    arguments: [
      (["b": [Float(1), 2]], "1.safetensors: holds other weights than"),
      (["a": [Float(1)]], "F32 [2]"),
      (["a": [Float.nan, 1]], "its tensor 'a' has numbers that are not finite"),
    ])
  func refusals(second: [String: [Float]], message: String) throws {
    let folder = try TemporaryFolder()
    let others = second.mapValues { floats($0, [$0.count]) }
    let files = try files([["a": floats([1, 2], [2])], others], in: folder)
    let error = #expect(throws: CheckpointError.self) { _ = try WeightAverage.mean(of: files) }
    #expect("\(try #require(error))".contains(message), "\(String(describing: error))")
  }

  @Test("are compared by names, shapes, types and numbers, the largest change first")
  func difference() {
    let first = [
      "same": floats([1, .nan], [2]), "near": floats([1, 2, 4], [3]), "far": floats([0, 0], [2]),
      "gone": floats([0], [1]), "shape": floats([1, 2], [2]), "type": floats([0.5], [1]),
      "lost": floats([1], [1]),
    ]
    let second = [
      "same": floats([1, .nan], [2]), "near": floats([1, 2, 4.25], [3]), "far": floats([0, -3], [2]),
      "new": floats([0], [1]), "shape": floats([1, 2], [1, 2]), "type": doubles([0.5]),
      "lost": floats([.infinity], [1]),
    ]
    let difference = WeightDifference(first, second)
    #expect(difference.onlyFirst == ["gone"] && difference.onlySecond == ["new"])
    #expect(difference.shapes.map(\.name) == ["shape"] && difference.types.map(\.name) == ["type"])
    #expect(difference.changes.map(\.name) == ["lost", "far", "near"])
    #expect(difference.changes.map(\.largest) == [nil, 3, 0.25])
    #expect(difference.changes.map(\.relative) == [nil, nil, 0.0625])
    #expect(difference.changes.map(\.differing) == [1, 1, 1] && difference.count == 8)
    #expect(!WeightDifference(first, second, tolerance: 10).isEmpty)
    #expect(
      WeightDifference(
        ["near": first["near"] ?? floats([], [0])], second.filter { $0.key == "near" }, tolerance: 0.25
      ).isEmpty)
    #expect(WeightDifference(first, first).isEmpty)
  }
}
