import Checkpoints
import Foundation
import TestSupport
import Testing

private typealias P = PickleText

private func golden(_ name: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: Golden.path(name))))
}

@Suite("damage")
struct DamageTests {
  @Test("P23: a zip cut anywhere is an error; a flipped byte gives an error or the same tensors")
  func zip() throws {
    let bytes = try golden("ckpt/odd_zip.pth")
    let whole = try Checkpoint(bytes: bytes, file: "x.pth").tensors
    var random = SeededGenerator(seed: 23)
    for _ in 0..<1000 {
      let count = Int.random(in: 0..<bytes.count, using: &random)
      #expect(throws: CheckpointError.self) { try Checkpoint(bytes: Array(bytes[..<count]), file: "x.pth") }
    }
    var refused = 0
    for _ in 0..<10_000 {
      var flipped = bytes
      flipped[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      do {
        #expect(try Checkpoint(bytes: flipped, file: "x.pth").tensors == whole)
      } catch is CheckpointError { refused += 1 }
    }
    #expect(refused > 5000)
  }

  @Test("safetensors written here: a flipped byte gives an error or the same tensors")
  func safetensors() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    try Safetensors([
      "a": StoredTensor(integers: Array(0..<40), shape: [40]), "b": StoredTensor(integers: [], shape: [0]),
      "c.d": StoredTensor(type: .uint8, shape: [3], bytes: [1, 2, 3]),
    ]).write(to: path)
    let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let whole = Array(try Safetensors(file: path).tensors.values.map(\.bytes)).sorted { $0.count < $1.count }
    var random = SeededGenerator(seed: 24)
    var refused = 0
    for _ in 0..<5000 {
      var flipped = bytes
      flipped[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      do {
        // A name or a shape may change: those have no checksum. Numbers may not.
        let read = try Safetensors(data: Data(flipped), file: "x.safetensors").tensors
        #expect(read.values.map(\.bytes).sorted { $0.count < $1.count } == whole)
      } catch is CheckpointError { refused += 1 }
    }
    #expect(refused > 2000)
  }

  @Test(
    "S14: a file that changes while it is read gives an error, or what it held",
    arguments: ["odd_zip.pth", "odd_legacy.pth", "odd_zip.safetensors"])
  func changes(name: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try golden("ckpt/\(name)")
    let whole = try Checkpoint(bytes: bytes, file: name).tensors
    func read(after change: (FileHandle) throws -> Void) throws -> [String: StoredTensor] {
      let path = try folder.write(bytes, as: name)
      return try Checkpoint(file: path) {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try change(file)
        try file.close()
      }.tensors
    }
    for count in [0, 1, 100, bytes.count / 2, bytes.count - 1] {
      #expect(throws: CheckpointError.self) { try read { try $0.truncate(atOffset: UInt64(count)) } }
    }
    // It grows: what was there when it was opened is read.
    let longer = try read { file in
      try file.seekToEnd()
      try file.write(contentsOf: Data(repeating: 7, count: 10_000))
    }
    #expect(longer == whole)
    // Another file takes its place: the one that was opened is read.
    let replaced = try read { _ in
      _ = try folder.write([1, 2, 3], as: "other")
      rename(folder.path + "/other", "\(folder.path)/\(name)")
    }
    #expect(replaced == whole)
    // Its beginning is written over.
    #expect(throws: CheckpointError.self) {
      try read { try $0.write(contentsOf: Data(repeating: 0xff, count: 600)) }
    }
  }

  /// Twenty thousand mutated files for each reader: any answer but a trap, in bounded time.
  @Test("mutated files never trap", arguments: ["pickle", "zip", "legacy", "safetensors"])
  func mutations(reader: String) throws {
    let one = P.tensor("0", count: 2, shape: [2], strides: [1])
    let old = P.tensor("0", count: 2, shape: [2], strides: [1], isLegacy: true)
    let body = P.dictionary([
      ("state_dict", P.dictionary([("a", one), ("b", P.list([one, [0x4e], P.integer(3)]))])),
      ("meta", P.call("argparse", "Namespace", [P.tuple([P.text("x")])]) + [0x7d, 0x62]),
    ])
    let storages = ["0": floats(1, 2)]
    let seed: [UInt8]
    switch reader {
    case "pickle": seed = P.program(body)
    case "zip":
      var file = ZipText(pickle: P.program(body), storages: storages, byteOrder: "little")
      file.entries[0].isDeflated = true
      seed = file.bytes
    case "legacy": seed = P.legacy(P.dictionary([("a", old)]), storages: [("0", 2, floats(1, 2))])
    default: seed = try golden("layer/relu.safetensors")
    }
    var random = SeededGenerator(seed: 2026)
    var answers = (read: 0, refused: 0)
    let seconds = processorSeconds {
      for _ in 0..<20_000 {
        let mutated = random.mutate(seed)
        let bytes = reader == "pickle" ? ZipText(pickle: mutated, storages: storages).bytes : mutated
        let text = message(bytes, file: reader == "safetensors" ? "x.safetensors" : "x.pth")
        if text.hasPrefix("no error") { answers.read += 1 } else { answers.refused += 1 }
      }
    }
    #expect(answers.read + answers.refused == 20_000 && answers.refused > 1000, "\(answers)")
    #expect(seconds < 60, "\(seconds) s")
  }
}
