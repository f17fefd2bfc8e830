import Checkpoints
import Tensors
import Testing

private typealias P = PickleText

private func file(_ body: [UInt8], _ storages: [String: [UInt8]], byteOrder: String? = nil) -> [UInt8] {
  ZipText(pickle: P.program(body), storages: storages, byteOrder: byteOrder).bytes
}

@Suite("tensors in their storages")
struct TensorPlacementTests {
  @Test(
    "P11-P13: sizes, offsets and strides have to fit the storage",
    arguments: [
      (
        P.tensor("0", count: 1_000_000, shape: [1_000_000], strides: [1]),
        "should have 4000000 bytes, but the file holds 16"
      ),
      (P.tensor("0", count: 4, offset: 1, shape: [4], strides: [1]), "beyond its storage of 4 numbers"),
      (P.tensor("0", count: 4, shape: [2, 2], strides: [3, 1]), "beyond its storage of 4 numbers"),
      (P.tensor("0", count: 4, offset: -1, shape: [1], strides: [1]), "a negative offset"),
      (P.tensor("0", count: 4, shape: [-1], strides: [1]), "a negative offset, extent or stride"),
      (P.tensor("0", count: 4, offset: 3, shape: [2], strides: [-1]), "a negative offset, extent or stride"),
      (P.tensor("0", count: 4, shape: [1 << 32, 1 << 32], strides: [0, 0]), "an impossible shape"),
      (P.tensor("0", count: 4, shape: [2], strides: [Int.max]), "beyond its storage"),
      (P.tensor("0", count: 4, offset: Int.max, shape: [3], strides: [Int.max]), "an impossible shape"),
      (P.tensor("0", count: -1, shape: [0], strides: [1]), "a storage of -1 numbers"),
      (P.tensor("0", count: 1 << 62, shape: [1], strides: [1]), "a storage of 4611686018427387904 numbers"),
      (P.tensor("0", count: 4, shape: [1 << 40], strides: [0]), "its views come to 4398046511104 bytes"),
      (P.tensor("0", count: 4, shape: [1], strides: [1, 1]), "1 extents and 2 strides"),
      (P.tensor("0", count: 4, shape: [0, 1 << 62, 4], strides: [0, 0, 0]), "an impossible shape"),
      (
        P.tensor("0", count: 4, shape: [0, 1 << 31, 1 << 32], strides: [0, 1 << 32, 1]), "an impossible shape"
      ),
      (
        P.tensor(
          "0", count: 4, shape: [Int](repeating: 1, count: 65), strides: [Int](repeating: 1, count: 65)),
        "not described by storage, offset, shape and strides"
      ),
      (P.tensor("9", count: 4, shape: [4], strides: [1]), "needs storage '9', which is missing"),
      (P.tensor("../../x", count: 4, shape: [4], strides: [1]), "needs storage '../../x', which is missing"),
    ] as [([UInt8], String)])
  func faults(tensor: [UInt8], expected: String) {
    let text = message(file(P.dictionary([("a", tensor)]), ["0": floats(1, 2, 3, 4)]))
    #expect(text.contains(expected), "\(text)")
  }

  @Test(
    "views are gathered",
    arguments: [
      (0, [2, 3], [1, 2], [1, 3, 5, 2, 4, 6] as [Float]), (1, [2], [3], [2, 5]), (5, [], [], [6]),
      (2, [2, 2], [0, 1], [3, 4, 3, 4]), (6, [0, 3], [3, 1], []), (0, [1, 6], [17, 1], [1, 2, 3, 4, 5, 6]),
    ] as [(Int, [Int], [Int], [Float])])
  func views(offset: Int, shape: [Int], strides: [Int], expected: [Float]) throws {
    let body = P.dictionary([("a", P.tensor("0", count: 6, offset: offset, shape: shape, strides: strides))])
    let read = try Checkpoint(bytes: file(body, ["0": floats(1, 2, 3, 4, 5, 6)]), file: "x.pth")
    #expect(read.tensors["a"]?.tensor.values == expected && read.tensors["a"]?.shape == shape)
  }

  @Test("P14: tied weights are loaded, and their bytes counted once")
  func tied() throws {
    let tensor = P.tensor("0", count: 2, shape: [2], strides: [1])
    let read = try Checkpoint(
      bytes: file(P.dictionary([("a", tensor), ("b", tensor)]), ["0": floats(1, 2)]), file: "x.pth")
    #expect(read.tensors["a"] == read.tensors["b"] && read.tensors.count == 2)
    #expect(read.byteCount == 8)
  }

  @Test(
    "P22: what cannot be converted is named",
    arguments: [
      (P.call("torch._utils", "_rebuild_qtensor", [P.integer(1)]), "tensor 'a' is quantised"),
      (P.call("torch._utils", "_rebuild_sparse_tensor", [P.integer(1)]), "tensor 'a' is sparse"),
      (
        P.tensor("0", type: "ComplexFloatStorage", count: 2, shape: [2], strides: [1]),
        "torch.ComplexFloatStorage"
      ),
      (P.tensor("0", type: "QInt8Storage", count: 2, shape: [2], strides: [1]), "torch.QInt8Storage"),
      (
        P.call(
          "torch._utils", "_rebuild_tensor_v3",
          [
            P.storage("0", type: "UntypedStorage", module: "torch.storage", count: 4), P.integer(0),
            P.tuple([P.integer(4)]), P.tuple([P.integer(1)]), [0x89], [0x7d],
            P.global("torch", "float8_e4m3fn"), [0x7d],
          ]), "torch.float8_e4m3fn"
      ),
    ] as [([UInt8], String)])
  func foreign(tensor: [UInt8], expected: String) {
    #expect(message(file(P.dictionary([("a", tensor)]), ["0": floats(1)])).contains(expected))
    // Beside the weights it does not matter.
    let one = P.tensor("0", count: 1, shape: [1], strides: [1])
    let body = P.dictionary([("state_dict", P.dictionary([("w", one)])), ("optimizer", P.list([tensor]))])
    #expect(message(file(body, ["0": floats(1)])) == #"no error: ["w"]"#)
  }

  @Test("a byte order is obeyed, for views as well")
  func byteOrder() throws {
    let body = P.dictionary([
      ("a", P.tensor("0", count: 4, shape: [4], strides: [1])),
      ("b", P.tensor("0", count: 4, shape: [4], strides: [1])),
      ("c", P.tensor("0", count: 4, shape: [2], strides: [2])),
    ])
    let bytes = floats(1, 2, 3, 4)
    let turned = stride(from: 0, to: 16, by: 4).flatMap { bytes[$0..<$0 + 4].reversed() }
    let big = try Checkpoint(bytes: file(body, ["0": turned], byteOrder: "big"), file: "x.pth")
    let little = try Checkpoint(bytes: file(body, ["0": bytes], byteOrder: "little"), file: "x.pth")
    #expect(big.tensors == little.tensors && big.tensors["c"]?.tensor.values == [1, 3])
    #expect(message(file(body, ["0": bytes], byteOrder: "odd")).contains("byte order is 'odd'"))
  }

  @Test("the old format: byte order, views of storages, and P5, P6")
  func legacy() throws {
    let body = P.dictionary([("a", P.tensor("7", count: 2, shape: [2], strides: [1], isLegacy: true))])
    let good = P.legacy(body, storages: [("7", 2, floats(1, 2))])
    #expect(try Checkpoint(bytes: good, file: "x.pth").tensors["a"]?.tensor.values == [1, 2])
    let turned = Array(floats(1).reversed()) + Array(floats(2).reversed())
    let big = P.legacy(
      body, storages: [("7", 2, turned)], information: P.dictionary([("little_endian", [0x89])]),
      isBigEndian: true)
    #expect(try Checkpoint(bytes: big, file: "x.pth").tensors["a"]?.tensor.values == [1, 2])
    let view = P.call(
      "torch._utils", "_rebuild_tensor",
      [
        P.tuple([
          P.text("storage"), P.global("torch", "FloatStorage"), P.text("7"), P.text("cpu"), P.integer(3),
          P.tuple([P.text("v"), P.integer(1), P.integer(2)]),
        ]) + [0x51], P.integer(1), P.tuple([P.integer(1)]), P.tuple([P.integer(1)]),
      ])
    let viewed = P.legacy(P.dictionary([("a", view)]), storages: [("7", 3, floats(1, 2, 3))])
    #expect(try Checkpoint(bytes: viewed, file: "x.pth").tensors["a"]?.tensor.values == [3])

    let harm = P.call("os", "system", [P.text("false")])
    for (bytes, expected) in [
      (P.legacy(harm, storages: []), "os.system"),
      (P.legacy(body, storages: [("7", 2, floats(1, 2))], information: harm), "os.system"),
      (P.legacy(body, storages: [], version: 1000), "another protocol than 1001"),
      (P.legacy(body, storages: [], magic: [UInt8](repeating: 7, count: 10)), "its magic number is wrong"),
      (P.program([0x4e]), "its magic number is wrong"),
      (P.legacy(body, storages: [("7", 3, floats(1, 2, 3))]), "should have 2 numbers, but the file says 3"),
      (P.legacy(body, storages: [("7", 2, floats(1))]), "needs 8 bytes, the file has 4 more"),
      (P.legacy(body, storages: [("8", 2, floats(1, 2))]), "a storage that no tensor uses"),
      (P.legacy(body, storages: []), "needs storage '7', which is missing"),
      (
        P.legacy(body, storages: [("7", 2, floats(1, 2)), ("7", 2, floats(1, 2))]), "lists storage '7' twice"
      ),
      (good + [0], "1 bytes after the last storage"),
    ] {
      #expect(message(bytes).contains(expected), "\(expected): \(message(bytes))")
    }
  }
}
