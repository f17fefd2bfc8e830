// COCO's compressed run lengths: from the fourth on, a run is written as its difference to the run two places
// before; a number is cut into groups of five bits, lowest first, each a character of 48 + bits, with 32 added
// when more follow (cocoapi, common/maskApi.c).

extension RunLengthMask {
  /// Expands COCO's compressed run lengths.
  ///
  /// - Throws: `MaskError` for illegal characters, a cut string, and runs that do not cover height x width.
  public init(compressed: String, height: Int, width: Int) throws(MaskError) {
    var compressed = compressed
    let outcome = compressed.withUTF8 { bytes -> Result<RunLengthMask, MaskError> in
      do throws(MaskError) {
        return .success(try RunLengthMask(compressed: bytes, height: height, width: width))
      } catch {
        return .failure(error)
      }
    }
    self = try outcome.get()
  }

  /// Expands COCO's compressed run lengths, given as bytes.
  ///
  /// - Throws: `MaskError` as for a string.
  public init(
    compressed bytes: UnsafeBufferPointer<UInt8>, height: Int, width: Int
  ) throws(MaskError) {
    let area = try Self.checkedArea(height: height, width: width)
    var lengths: [Int] = []
    lengths.reserveCapacity(bytes.count)
    var value = 0
    var shift = 0
    for position in bytes.indices {
      let byte = bytes[position]
      guard byte >= 48, byte < 112 else { throw .illegalCharacter(byte: byte, position: position) }
      let bits = Int(byte) - 48
      guard shift < 60 else { throw .illegalRun(index: lengths.count, length: value) }
      value |= (bits & 31) << shift
      shift += 5
      if bits & 32 != 0 { continue }
      if bits & 16 != 0 { value |= -1 << shift }
      if lengths.count > 2 { value += lengths[lengths.count - 2] }
      guard value >= 0, value <= area else { throw .illegalRun(index: lengths.count, length: value) }
      lengths.append(value)
      value = 0
      shift = 0
    }
    guard shift == 0 else { throw .unterminated }
    try self.init(lengths: lengths, height: height, width: width)
  }

  /// The runs in COCO's compressed form.
  public var compressed: String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(2 * counts.count)
    for (index, count) in counts.enumerated() {
      var value = Int(count) - (index > 2 ? Int(counts[index - 2]) : 0)
      var more = true
      while more {
        let bits = value & 31
        value >>= 5
        more = bits & 16 != 0 ? value != -1 : value != 0
        bytes.append(UInt8(48 + bits + (more ? 32 : 0)))
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
