import CZlib
import Files
import Synchronization
import Tensors

/// CRC-32, as in zip archives.
package enum Checksum {
  /// The sum of bytes, or of those that follow others whose sum is given.
  package static func crc32(_ bytes: [UInt8], after sum: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { crc32($0, after: sum) }
  }

  /// The sum of bytes, or of those that follow others whose sum is given.
  package static func crc32(_ bytes: UnsafeRawBufferPointer, after sum: UInt32 = 0) -> UInt32 {
    bytes.isEmpty
      ? sum
      : UInt32(
        truncatingIfNeeded: crc32_z(
          UInt(sum), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
  }

  /// The sums of several ranges of a file in memory, on all threads.
  static func crc32(of ranges: [Range<Int>], in file: MappedFile) -> [UInt32] {
    let sums = Sums(count: ranges.count)
    parallel(ranges.count) { index in
      let sum = crc32(file[ranges[index]])
      sums.values.withLock { $0[index] = sum }
    }
    return sums.values.withLock { $0 }
  }

  private final class Sums: Sendable {
    let values: Mutex<[UInt32]>
    init(count: Int) { values = Mutex([UInt32](repeating: 0, count: count)) }
  }

  /// Eight hexadecimal digits.
  package static func text(_ sum: UInt32) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
