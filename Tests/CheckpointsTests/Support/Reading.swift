import Checkpoints
import Foundation

#if canImport(Glibc)
  import Glibc
#endif

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

/// Seconds of this thread's processor time: other tests run beside.
func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  try body()
  return now() - start
}

/// Random numbers that are the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

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

/// A folder that goes away with the test.
final class TemporaryFolder {
  let path = NSTemporaryDirectory() + "checkpoints-\(UUID().uuidString)"
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ bytes: [UInt8], as name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }
}
