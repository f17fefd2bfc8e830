import Checkpoints
import TestSupport

/// What reading comes to: the error, or «no error» and the names.
func message(_ bytes: [UInt8], file: String = "x.pth") -> String {
  do {
    let read = try Checkpoint(bytes: bytes, file: file)
    return "no error: \(read.tensors.keys.sorted())"
  } catch { return "\(error)" }
}

/// What reading a pickle in a sound archive comes to.
func message(pickle: [UInt8], storages: [String: [UInt8]] = [:]) -> String {
  message(ZipText(pickle: pickle, storages: storages).bytes)
}

extension SeededGenerator {
  /// One to eight edits: bytes changed, dropped, repeated, or replaced by what is at a limit somewhere.
  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...8, using: &self) where !bytes.isEmpty {
      let index = Int.random(in: bytes.indices, using: &self)
      let end = min(bytes.count, index + Int.random(in: 1...16, using: &self))
      switch Int.random(in: 0..<6, using: &self) {
      case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
      case 1: bytes[index] = UInt8.random(in: 0...255, using: &self)
      case 2: bytes.removeSubrange(index..<end)
      case 3: bytes.insert(contentsOf: bytes[index..<end], at: index)
      case 4: for place in index..<min(index + 8, bytes.count) { bytes[place] = 0xff }
      default: bytes.insert(UInt8.random(in: 0...255, using: &self), at: index)
      }
    }
    return bytes
  }
}
