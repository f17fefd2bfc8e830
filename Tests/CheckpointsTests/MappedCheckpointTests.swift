import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("checkpoints that are mapped")
struct MappedCheckpointTests {
  private static let tensors: [String: StoredTensor] = [
    "a": StoredTensor(type: .uint8, shape: [3], bytes: [1, 2, 3]),
    "b": StoredTensor(Tensor((0..<12).map { Float($0) }, shape: [3, 4])),
    "c": StoredTensor(type: .bfloat16, shape: [2], bytes: [0x80, 0x3f, 0, 0x40]),
    "d": StoredTensor(type: .float32, shape: [0, 3], bytes: []),
    "e": StoredTensor(integers: [7, -1], shape: [2]),
  ]

  private static func write(_ name: String, in folder: TemporaryFolder) throws -> String {
    let path = "\(folder.path)/\(name)"
    if name.hasSuffix("pth") {
      try PyTorchWriter.write(tensors, to: path)
    } else {
      try Safetensors(tensors).write(to: path)
    }
    return path
  }

  @Test("have the same tensors as those that are read", arguments: ["x.safetensors", "x.pth"])
  func same(name: String) throws {
    let folder = try TemporaryFolder()
    let path = try Self.write(name, in: folder)
    let (read, mapped) = (try Checkpoint(file: path), try Checkpoint(file: path, isMapped: true))
    #expect(mapped.tensors == Self.tensors && read.tensors == Self.tensors)
    #expect(mapped.byteCount == read.byteCount && mapped.metadata == read.metadata)
    for (name, stored) in Self.tensors {
      #expect(mapped.tensors[name]?.tensor.values == stored.tensor.values, "\(name)")
    }
    #expect(mapped.tensors["e"]?.integers == [7, -1])
  }

  @Test("keep their numbers when the file is gone, and are no longer shared once they are written")
  func owning() throws {
    let folder = try TemporaryFolder()
    let path = try Self.write("x.pth", in: folder)
    let parameter = Parameter([3, 4], .zeros)
    #expect(parameter.value.values == [Float](repeating: 0, count: 12))
    do {
      let mapped = try Checkpoint(file: path, isMapped: true)
      parameter.replace(by: try #require(mapped.tensors["b"]).tensor)
    }
    try FileManager.default.removeItem(atPath: path)
    #expect(parameter.value.values == (0..<12).map { Float($0) })
  }

  @Test("are checked as those that are read", arguments: ["x.safetensors", "x.pth"])
  func damaged(name: String) throws {
    let folder = try TemporaryFolder()
    let path = try Self.write(name, in: folder)
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let number = (0..<4).map { UInt8(truncatingIfNeeded: Float(7).bitPattern >> (8 * $0)) }
    let place = try #require((0..<bytes.count - 4).last { Array(bytes[$0..<$0 + 4]) == number })
    bytes[place + 1] ^= 1
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: CheckpointError.self) { try Checkpoint(file: path, isMapped: true) }
    #expect(error.map { "\($0)".contains("is damaged") } == true, "\(String(describing: error))")
  }
}
