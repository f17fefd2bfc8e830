/// Bytes of a protocol buffer, field by field.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  private mutating func key(_ field: UInt64, _ kind: UInt64) { varint(field << 3 | kind) }

  /// `int32`, `int64` and enumerations.
  mutating func add(_ field: UInt64, _ value: Int) {
    key(field, 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// `double`.
  mutating func add(_ field: UInt64, _ value: Double) {
    key(field, 1)
    bytes += value.bitPattern.littleEndianBytes
  }

  /// `float`.
  mutating func add(_ field: UInt64, _ value: Float) {
    key(field, 5)
    bytes += value.bitPattern.littleEndianBytes
  }

  /// `bytes`.
  mutating func add(_ field: UInt64, _ value: [UInt8]) {
    key(field, 2)
    varint(UInt64(value.count))
    bytes += value
  }

  /// `string`.
  mutating func add(_ field: UInt64, _ value: String) { add(field, Array(value.utf8)) }

  /// A message within this one.
  mutating func add(_ field: UInt64, _ fill: (inout ProtocolBuffer) -> Void) {
    var inner = ProtocolBuffer()
    fill(&inner)
    add(field, inner.bytes)
  }
}

extension FixedWidthInteger {
  /// The least significant first.
  var littleEndianBytes: [UInt8] {
    (0..<bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> Self(8 * $0)) }
  }
}
