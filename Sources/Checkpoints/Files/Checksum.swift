import CZlib

/// CRC-32, as in zip archives.
package enum Checksum {
  /// The sum of bytes, or of those that follow others whose sum is given.
  package static func crc32(_ bytes: [UInt8], after sum: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBufferPointer {
      $0.isEmpty ? sum : UInt32(truncatingIfNeeded: crc32_z(UInt(sum), $0.baseAddress, $0.count))
    }
  }

  /// Eight hexadecimal digits.
  package static func text(_ sum: UInt32) -> String {
    let digits = String(sum, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
