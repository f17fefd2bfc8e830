/// The checksum of TensorBoard's records: CRC-32C (Castagnoli), and its masked form.
package enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0x82F6_3B78 : rest >> 1 }
  }

  package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  /// A checksum of bytes that hold checksums themselves would be weak: so it is turned and moved.
  package static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let plain = checksum(bytes)
    return (plain >> 15 | plain << 17) &+ 0xA282_EAD8
  }
}
