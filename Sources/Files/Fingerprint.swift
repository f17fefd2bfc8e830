/// A number made of many, that tells names, shapes and the like apart; FNV-1a (Fowler, Noll and Vo, 1991). It keeps nobody
/// from making two things of one number.
package struct Fingerprint {
  /// The number so far.
  package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  /// That of nothing.
  package init() {}

  /// Takes in a byte, or a larger number in one go.
  package mutating func add(_ number: some FixedWidthInteger) {
    value = (value ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
  }

  /// Takes in a text.
  package mutating func add(_ text: some StringProtocol) {
    for byte in text.utf8 { add(byte) }
  }
}
