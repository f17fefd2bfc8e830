import Checkpoints
import Files
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// The bytes of a file with this header text and this many bytes of data.
private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> Data {
  let text = Data(header.utf8)
  let length = length ?? UInt64(text.count)
  return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }) + text + Data(count: data)
}

private func message(_ data: Data) -> String {
  do {
    let read = try Safetensors(data: data, file: "x.safetensors")
    return "no error: \(read.tensors.keys.sorted())"
  } catch { return "\(error)" }
}

@Suite("safetensors")
struct SafetensorsTests {
  @Test(
    "every length and offset is checked",
    arguments: [
      (Data(), "0 bytes: too short"),
      (file("{}", length: 1 << 60), "the header claims 1152921504606846976 bytes, more than 100000000"),
      (file("{}", length: 3), "the header claims 3 bytes, the file has only 2 more"),
      (file("{"), "the header is not valid"),
      (file("[1]"), "the header is not valid"),
      (
        file(#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}"#, data: 8),
        "data_offsets needs two numbers"
      ),
      (
        file(#"{"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}}"#, data: 8),
        "dtype 'F33', not one of F64"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}"#, data: 8),
        "shape [3] needs 12 bytes, its place has 8"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]}}"#, data: 8),
        "an impossible shape [-1]"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]}}"#, data: 8),
        "an impossible shape"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#, data: 4),
        "claims bytes 0 to 8 of 4: the file is cut short"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}"#, data: 8),
        "claims bytes 8 to 0 of 8"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#, data: 8),
        "a gap or an overlap"
      ),
      (
        file(
          #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#,
          data: 4), "a gap or an overlap"
      ),
      (
        file(#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#, data: 5),
        "1 bytes after the last"
      ),
      (file(#"{"__metadata__": {"a": 1}}"#), "the header is not valid"),
      (
        file(#"{"a": {"dtype": "U8", "shape": [0, 4611686018427387904, 4], "data_offsets": [0, 0]}}"#),
        "an impossible shape"
      ),
      (file("{\"\u{1}\": 1}"), "a control character in a string"),
      (file("{} x"), "something follows the header"),
      (file(#"{"a": {"dtype": "F32", "shape": [1]}}"#), "'a' has no data_offsets"),
      (file(#"{"a": {"dtype": "F32", "dtype": "F32"}}"#), "the key 'dtype' twice"),
      (file(#"{"a": {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 4]}}"#, data: 4), "',' is expected"),
      (
        file(#"{"a": {"dtype": "F32", "shape": [99999999999999999999], "data_offsets": [0, 4]}}"#, data: 4),
        "a number beyond 64 bits"
      ),
      (
        file(
          #"{"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#,
          data: 4), "two tensors are named 'a'"
      ), (file(#"{"__metadata__": {}, "__metadata__": {}}"#), "'__metadata__' twice"),
      (
        file(#"{"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 1]}}"#, data: 1),
        "dtype 'F4', not one of"
      ),
      (
        file(
          "{\"a\": {\"dtype\": \"F32\", \"shape\": [\([String](repeating: "1", count: 65).joined(separator: ","))]}}"
        ),
        "a list of more than 64 numbers"
      ),
      (
        file(#"{"\ud800": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}"#),
        "half of a surrogate pair"
      ), (file(#"{"__metadata__": {"crc32": "00000000 00000000"}}"#), "has 2 checksums for 0 tensors"),
      (
        file(
          #"{"__metadata__": {"crc32": "00000000"}, "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}"#,
          data: 1), "tensor 'a' is damaged: its checksum is d202ef8d, not 00000000"
      ),
    ])
  func checks(data: Data, expected: String) {
    #expect(message(data).contains(expected), "\(message(data))")
  }

  @Test("what is written reads back, and no partial file is left")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/new/x.safetensors"
    let written = Safetensors(
      [
        "a.b": StoredTensor(Tensor([1, -2.5, .infinity], shape: [3])),
        "n": StoredTensor(integers: [7], shape: []), "none": StoredTensor(Tensor([Float](), shape: [0, 4])),
      ], metadata: ["step": "3"])
    try written.write(to: path)
    try written.write(to: path)
    let read = try Safetensors(file: path)
    #expect(read.tensors == written.tensors)
    #expect(read.metadata == ["step": "3", "format": "pt"])
    #expect(folder.names("new") == ["x.safetensors"])
  }

  @Test("a bit that flips anywhere in the header of a file written here is an error, or changes nothing")
  func headerFlips() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let metadata = ["iteration": "12", "schedule": #"{"rates":[0.01]}"#, "seed": "7"]
    try Safetensors(["a": StoredTensor(integers: [1, 2], shape: [2])], metadata: metadata).write(to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let whole = try Safetensors(data: bytes, file: "x")
    var refused = 0
    for place in 8..<bytes.count - 16 {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[place] ^= 1 << UInt8(bit)
        guard let read = try? Safetensors(data: flipped, file: "x") else {
          refused += 1
          continue
        }
        // The key of the checksum itself: the file is then one without.
        #expect(
          read.tensors == whole.tensors && whole.metadata.allSatisfy { read.metadata[$0.key] == $0.value },
          "byte \(place), bit \(bit)")
      }
    }
    #expect(refused > 8 * (bytes.count - 24) / 2)
    // A file of an older version has no such checksum.
    let text = String(decoding: bytes[8..<bytes.count - 16], as: UTF8.self)
    let old = text.replacing(/,"header_crc32":"[0-9a-f]{8}"/, with: "")
    #expect(old.count < text.count)
    #expect(try Safetensors(data: file(old) + bytes.suffix(16), file: "x").metadata == whole.metadata)
  }

  @Test("S7, S12: BOOL, odd names and long metadata are accepted, and printed escaped")
  func accepted() throws {
    let long = String(repeating: "x", count: 10 << 20)
    let bytes = file(
      #"{"__metadata__": {"long": "\#(long)"}, "../a\n\u0000": {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}, "": {"dtype": "F64", "shape": [0, 3], "data_offsets": [2, 2]}, "\ud83d\ude00": {"dtype": "I8", "shape": [], "data_offsets": [2, 3]}}"#,
      data: 3)
    let read = try Safetensors(data: bytes, file: "x.safetensors")
    #expect(read.tensors.keys.sorted() == ["", "../a\n\0", "😀"])
    #expect(read.metadata["long"]?.count == 10 << 20)
    #expect("../a\n\0".printed == #"../a\u{a}\u{0}"#)
  }

  @Test("limits: 100,000 tensors; 100,000,000 bytes of header")
  func limits() {
    func tensors(_ count: Int) -> Data {
      file(
        "{"
          + (0..<count).map { #""\#($0)":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"# }.joined(
            separator: ",") + "}")
    }
    #expect(message(tensors(100_000)).hasPrefix("no error"))
    #expect(message(tensors(100_001)).contains("more than 100000 tensors"))
    func header(_ count: Int) -> Data {
      Data(PickleText.little(UInt64(count)) + Array("{}".utf8) + [UInt8](repeating: 0x20, count: count - 2))
    }
    let seconds = processorSeconds(below: 2) { #expect(message(header(100_000_000)) == "no error: []") }
    #expect(message(header(100_000_001)).contains("more than 100000000"))
    #expect(seconds < 2, "\(seconds) s")
  }

  @Test("S14: a file that shrinks while it is read is an error")
  func shrinks() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try Safetensors(["a": StoredTensor(integers: [1, 2], shape: [2])]).write(to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in [0, 7, 8, 60, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
      #expect(throws: CheckpointError.self) { try Safetensors(file: path) }
    }
    // Cut off between the opening of the file and the reading of its end.
    try bytes.write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: CheckpointError.self) {
      _ = try Safetensors(file: path) { truncate(path, bytes.count - 4) }
    }
    #expect(error?.message.contains("became shorter while it was read") == true)
  }

  @Test("a file cut at any byte is an error, never a trap")
  func cuts() throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Golden.path("layer/relu.safetensors")))
    for count in stride(from: 0, to: bytes.count, by: 97) {
      #expect(!message(bytes.prefix(count)).hasPrefix("no error"))
    }
  }

  @Test(
    "half precision",
    arguments: [
      (UInt16(0x3c00), Float(1)), (0xc000, -2), (0x7bff, 65504), (0x0001, 0x1p-24), (0x0400, 0x1p-14),
      (0x7c00, .infinity),
      (0x3555, 0.333251953125),
    ])
  func half(bits: UInt16, expected: Float) {
    let stored = StoredTensor(
      type: .float16, shape: [1],
      bytes: [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)])
    #expect(stored.tensor.values == [expected])
  }
}

@Suite("loading")
struct LoadingTests {
  private struct Model: Layer {
    let fc = Linear(2, 3)
    let conv = Conv2d(2, 4, kernel: 3)
    var tree: ParameterTree { ["fc": .layer(fc), "conv": .layer(conv)] }
  }

  @Test("a model's own state fits it, in PyTorch's layouts")
  func own() throws {
    let (a, b) = (Model(), Model())
    a.initialize(seed: 1)
    let summary = try b.load(a.stateDict, file: "x")
    #expect("\(summary)" == "4 of 4 tensors loaded")
    #expect(b.conv.weight.value.values == a.conv.weight.value.values)
    #expect(a.stateDict["conv.weight"]?.shape == [4, 2, 3, 3])
  }

  @Test("a counter keeps all its digits", arguments: [0, 16_777_217, 9_007_199_254_740_993, Int.max])
  func counter(count: Int) throws {
    let norm = BatchNorm2d(2)
    var state = norm.stateDict
    #expect(state["num_batches_tracked"]?.integers == [0])
    state["num_batches_tracked"] = StoredTensor(integers: [count], shape: [])
    try norm.load(state, file: "x")
    #expect(norm.stateDict["num_batches_tracked"] == state["num_batches_tracked"])
  }

  @Test("what is missing, unexpected or mis-shaped is listed, and nothing is changed")
  func strict() {
    let model = Model()
    var state = model.stateDict
    state["fc.bias"] = nil
    state["fc.weight"] = StoredTensor(Tensor([Float](repeating: 1, count: 6), shape: [2, 3]))
    state["other"] = StoredTensor(Tensor(1))
    do {
      _ = try model.load(state, file: "x")
      Issue.record("no error")
    } catch {
      for line in [
        "\n  missing     fc.bias [3]  ", "\n  mis-shaped  fc.weight [3, 2]  fc.weight [2, 3]",
        "\n  unexpected  -                 other []",
      ] {
        #expect("\(error)".contains(line), "\(error)")
      }
    }
    #expect(model.fc.weight.value.values.allSatisfy { $0 == 0 })
  }

  @Test(
    "a part may be loaded from a file that holds more; what is reset keeps its values",
    arguments: [
      ([], [], "2 of 2 tensors loaded; unused: other.weight"),
      (["bias"], [], "1 of 2 tensors loaded; initialised: bias; unused: bias, other.weight"),
      (["bia"], [], "2 of 2 tensors loaded; unused: other.weight"),
      ([], ["weight"], "missing     weight [3, 2]  -"),
      (["weight"], ["weight"], "1 of 2 tensors loaded; initialised: weight; unused: other.weight"),
      ([], ["weight", "bias"], "0 tensors match, 2 do not"),
      (["weight", "bias"], [], "0 tensors match, 0 do not"),
    ] as [([String], [String], String)])
  func part(reset: [String], missing: [String], expected: String) {
    let (model, other) = (Model(), Model())
    other.initialize(seed: 1)
    var state = other.fc.stateDict
    for name in missing { state[name] = nil }
    state["other.weight"] = StoredTensor(Tensor(1))
    let rules = LoadingRules(reset: reset, allowsUnused: true)
    let text: String
    do { text = "\(try model.load(state, into: "fc", file: "x", rules: rules))" } catch { text = "\(error)" }
    #expect(text.contains(expected), "\(text)")
    #expect(model.conv.weight.value.values.allSatisfy { $0 == 0 })
    let isKept = text.contains("do not") || reset.contains("weight")
    #expect(model.fc.weight.value.values.allSatisfy { $0 == 0 } == isKept)
  }

  @Test(
    "patterns allow what is missing",
    arguments: [("fc.*", true), ("*.bias", true), ("fc.bias", true), ("conv.*", false)])
  func allowed(pattern: String, isAllowed: Bool) {
    let model = Model()
    var state = model.stateDict
    state["fc.bias"] = nil
    let summary = try? model.load(state, file: "x", allowingMissing: [pattern])
    #expect((summary != nil) == isAllowed)
    if let summary { #expect("\(summary)" == "3 of 4 tensors loaded; initialised: fc.bias") }
  }
}
