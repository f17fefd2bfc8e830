import Checkpoints
import Tensors
import Testing

private typealias P = PickleText

@Suite("pickles of NumPy arrays")
struct NumpyArrayTests {
  /// `numpy.dtype(name, False, True)` with its state.
  private func type(_ name: String, order: String = "<") -> [UInt8] {
    P.call("numpy", "dtype", [P.text(name), [0x89], [0x88]])
      + P.tuple([
        P.integer(3), P.text(order), [0x4e], [0x4e], [0x4e], P.integer(-1), P.integer(-1), P.integer(0),
      ])
      + [0x62]
  }

  private func bytes(_ bytes: [UInt8]) -> [UInt8] { [0x42] + P.little(UInt32(bytes.count)) + bytes }

  /// An array as `__reduce__` writes it.
  private func array(
    _ shape: [Int], type: [UInt8], isColumnMajor: Bool = false, _ numbers: [UInt8],
    module: String = "numpy.core"
  ) -> [UInt8] {
    P.call(
      "\(module).multiarray", "_reconstruct",
      [P.global("numpy", "ndarray"), P.tuple([P.integer(0)]), bytes([0x62])])
      + P.tuple([
        P.integer(1), P.tuple(shape.map(P.integer)), type, [isColumnMajor ? 0x88 : 0x89], numbers,
      ]) + [0x62]
  }

  private func read(_ array: [UInt8]) throws -> Checkpoint {
    let model = P.dictionary([("a", array)])
    return try Checkpoint(
      bytes: P.program(P.dictionary([("model", model), ("__author__", P.text("somebody"))])), file: "x.pkl")
  }

  @Test("numbers of each type, in either order of bytes and of axes, from either version of NumPy")
  func numbers() throws {
    let six = floats(1, 2, 3, 4, 5, 6)
    let cases: [(array: [UInt8], shape: [Int], numbers: [Float])] = [
      (array([2, 3], type: type("f4"), bytes(six)), [2, 3], [1, 2, 3, 4, 5, 6]),
      (array([2, 3], type: type("f4"), isColumnMajor: true, bytes(six)), [2, 3], [1, 3, 5, 2, 4, 6]),
      (array([2], type: type("f4", order: ">"), bytes([0x3f, 0x80, 0, 0, 0x40, 0, 0, 0])), [2], [1, 2]),
      (array([], type: type("i8"), bytes(P.little(Int64(7)))), [], [7]),
      (array([0, 4], type: type("f8"), bytes([])), [0, 4], []),
      (array([2], type: type("u1", order: "|"), bytes([3, 4]), module: "numpy._core"), [2], [3, 4]),
      // Python 3 writes bytes as text in protocol 2.
      (
        array(
          [1], type: type("f4"),
          P.call("_codecs", "encode", [P.text("\u{0}\u{0}\u{80}\u{3f}"), P.text("latin1")])),
        [1], [1]
      ),
      // NumPy's way in protocol 5.
      (
        P.call(
          "numpy._core.numeric", "_frombuffer",
          [bytes(floats(1, 2)), type("f4"), P.tuple([P.integer(2)]), P.text("C")]), [2], [1, 2]
      ),
    ]
    for (array, shape, numbers) in cases {
      let tensor = try #require(try read(array).weights["a"])
      #expect(tensor.shape == shape && tensor.tensor.values == numbers, "\(tensor.shape)")
    }
    let checkpoint = try read(array([6], type: type("f4"), bytes(six)))
    #expect(checkpoint.format == .pickle && checkpoint.layout == "model" && checkpoint.byteCount == 24)
    #expect(checkpoint.metadata["__author__"] == "somebody" && checkpoint.skipped.isEmpty)
  }

  @Test("what is wrong is said")
  func faults() {
    let four = bytes(floats(1))
    let float = type("f4")
    let cases: [(array: [UInt8], expected: String)] = [
      (array([2], type: float, four), "of shape [2] and type f4 with 4 bytes"),
      (array([-1], type: float, four), "not described by shape and bytes"),
      (array([1 << 62, 1 << 62], type: float, four), "an array of shape"),
      (array([0, 1 << 62, 1 << 62], type: float, bytes([])), "an array of shape"),
      (array([1], type: type("c8"), bytes([UInt8](repeating: 0, count: 8))), "an array of the type c8"),
      (array([1], type: [0x4e], four), "not described by shape, type, order and bytes"),
      (array([1], type: float, [0x4e]), "not described by shape and bytes"),
      (array([1], type: float, four) + P.tuple([]) + [0x62], "BUILD on a tensor"),
      (
        P.call("numpy.core.multiarray", "_reconstruct", [P.global("numpy", "ndarray")]),
        "an array without numbers"
      ),
      (P.call("numpy", "load", [P.text("x")]), "is made to run code"),
      (P.call("numpy.core.numeric", "_frombuffer", []), "not described by bytes, type, shape and order"),
    ]
    for (array, expected) in cases {
      // Beside an array that is right, so that the pickle is one of arrays.
      let right = self.array([1], type: float, four)
      let bytes = P.program(P.dictionary([("b", right), ("a", array)]))
      let text = message(bytes)
      #expect(text.contains(expected), "\(text), not \(expected)")
    }
    let whole = P.program(P.dictionary([("a", array([1], type: float, four))]))
    #expect(message(whole).hasPrefix("no error"))
    #expect(message(whole + [0]).contains("1 bytes after the pickle"))
    for count in stride(from: 3, to: whole.count, by: 7) {
      #expect(!message(Array(whole[..<count])).hasPrefix("no error"))
    }
  }

  @Test("one string's numbers in very many arrays do not fill the memory")
  func amplification() {
    let count = 200_000
    let reversed = P.call(
      "numpy._core.numeric", "_frombuffer",
      [[0x68, 0], [0x68, 1], P.tuple([P.integer(count)]), P.text("C")])
    let string = bytes([UInt8](repeating: 0, count: 4 * count)) + [0x71, 0, 0x30]
    let start =
      P.global("numpy._core.numeric", "_frombuffer") + [0x30] + string + type("f4", order: ">") + [
        0x71, 1, 0x30,
      ]
    let arrays = (0..<100).map { ("\($0)", reversed) }
    #expect(message(P.program(start + P.dictionary(arrays))).contains("arrays of more than"))
  }
}
