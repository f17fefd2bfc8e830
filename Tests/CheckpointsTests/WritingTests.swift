import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("writing")
struct WritingTests {
  private static let types: [ElementType] = ElementType.allCases

  @Test("a .pth reads back with every type and bit")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    var tensors: [String: StoredTensor] = [
      "none": StoredTensor(type: .float32, shape: [0, 3], bytes: []),
      "one": StoredTensor(type: .float64, shape: [], bytes: [1, 2, 3, 4, 5, 6, 7, 8]),
    ]
    for type in Self.types {
      let bytes = (0..<6 * type.size).map { UInt8(truncatingIfNeeded: type == .bool ? $0 % 2 : 37 * $0) }
      tensors["a.\(type.rawValue)"] = StoredTensor(type: type, shape: [2, 3], bytes: bytes)
    }
    let path = folder.path + "/x.pth"
    try PyTorchWriter.write(tensors, to: path)
    let read = try Checkpoint(file: path)
    #expect(read.tensors == tensors && read.format == .zip && read.layout == "plain")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x.pth"])
  }

  @Test(
    "a .pth keeps the classes' names where mm keeps them, and their numbers beside them",
    arguments: [["reef", "é\"\n"], ["one"]])
  func classes(names: [String]) throws {
    let folder = try TemporaryFolder()
    let tensors = ["a.b": StoredTensor(integers: [7], shape: [1])]
    try PyTorchWriter.write(tensors, classes: names, to: folder.path + "/x.pth")
    let read = try Checkpoint(file: folder.path + "/x.pth")
    #expect(read.weights == tensors && read.tensors == tensors && read.layout == "state_dict")
    #expect(try read.classes() == names)
    #expect(try read.categoryIDs() == nil)
    let numbers = names.indices.map { 7 * $0 - 3 }
    try PyTorchWriter.write(tensors, classes: names, categoryIDs: numbers, to: folder.path + "/z.pth")
    let numbered = try Checkpoint(file: folder.path + "/z.pth")
    #expect(numbered.weights == tensors)
    #expect(try numbered.classes() == names)
    #expect(try numbered.categoryIDs() == numbers)
    try PyTorchWriter.write(tensors, to: folder.path + "/y.pth")
    #expect(try Checkpoint(file: folder.path + "/y.pth").classes() == nil)
  }

  @Test("what PyTorch wrote comes through both formats unchanged")
  func golden() throws {
    let folder = try TemporaryFolder()
    let whole = try Checkpoint(file: Golden.path("ckpt/odd_zip.pth"))
    #expect(whole.tensors == (try Checkpoint(file: Golden.path("ckpt/odd_legacy.pth"))).tensors)
    try Safetensors(whole.tensors).write(to: folder.path + "/x.safetensors")
    let first = try Checkpoint(file: folder.path + "/x.safetensors")
    try PyTorchWriter.write(first.tensors, to: folder.path + "/x.pth")
    #expect(try Checkpoint(file: folder.path + "/x.pth").tensors == whole.tensors)
  }

  @Test("a prefix selects and is taken off")
  func prefix() throws {
    let read = try Checkpoint(file: Golden.path("ckpt/mmengine.pth"))
    let chosen = try read.selected(averages: false, prefix: "backbone", half: false)
    #expect(chosen["patch_embed.0.weight"] != nil && chosen.keys.allSatisfy { !$0.hasPrefix("backbone") })
    let error = #expect(throws: CheckpointError.self) {
      try read.selected(averages: false, prefix: "back", half: false)
    }
    #expect(error?.message.contains("has no tensors below 'back'; its names begin with 'backbone'") == true)
    #expect(throws: CheckpointError.self) { try read.selected(averages: true, prefix: nil, half: false) }
  }

  @Test(
    "half precision is rounded to nearest, ties to even",
    arguments: [
      (1, 0x3c00), (-2, 0xc000), (65504, 0x7bff), (65519.996, 0x7bff), (0x1p-24, 1), (0x1p-25, 0),
      (0x1.8p-24, 2),
      (0x1.000002p-25, 1), (-0.0, 0x8000), (0x1p-14, 0x400), (0x1.ff8p-15, 0x3ff), (0x1.ffcp-15, 0x400),
      (1.00048828125, 0x3c00), (1.00146484375, 0x3c02), (1.0005, 0x3c01), (.infinity, 0x7c00), (.nan, 0x7e00),
    ] as [(Float, UInt16)])
  func half(number: Float, expected: UInt16) throws {
    // 17 of them, so that vectors and remainders are met.
    let halved = try StoredTensor(Tensor([Float](repeating: number, count: 17), shape: [17])).halved(
      name: "a", file: "x")
    #expect(halved.type == .float16)
    #expect(halved.bytes == [[UInt8]](repeating: PickleText.little(expected), count: 17).flatMap { $0 })
  }

  @Test("numbers beyond half precision are an error; integers stay")
  func halfLimits() throws {
    #expect(throws: CheckpointError.self) {
      try StoredTensor(Tensor([65520], shape: [1])).halved(name: "a", file: "x")
    }
    let integers = StoredTensor(integers: [1 << 40], shape: [1])
    #expect(try integers.halved(name: "a", file: "x") == integers)
  }
}
