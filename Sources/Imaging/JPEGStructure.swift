import Foundation

/// The markers of a JPEG file (ITU-T T.81, annex B).
extension BytesReader {
  /// The size in the frame header.
  func sizeOfJPEG() throws(DamagedPicture) -> (height: Int, width: Int) {
    var position = 2
    while let (marker, start) = nextMarker(at: position) {
      if Self.isFrame(marker) {
        let precision = try number(1, at: start + 2, bigEndian: true)
        guard precision == 8 else {
          throw DamagedPicture(reason: "\(precision) bits a sample are not read; convert it to 8 bits")
        }
        return (
          try number(2, at: start + 3, bigEndian: true), try number(2, at: start + 5, bigEndian: true)
        )
      }
      if marker == Self.endOfImage || marker == Self.startOfScan { break }
      position = Self.isAlone(marker) ? start : start + (try number(2, at: start, bigEndian: true))
    }
    throw DamagedPicture(reason: "it has no frame header", isTruncated: position >= bytes.count - 1)
  }

  /// Walks markers and coded data up to the end marker.
  ///
  /// - Returns: What is wrong, or nil.
  func damageOfJPEG() -> DamagedPicture? {
    var position = 2
    var scans = 0
    while let (marker, start) = nextMarker(at: position) {
      if marker == Self.endOfImage {
        return scans > 0 ? nil : DamagedPicture(reason: "it ends without coded pixels")
      }
      if Self.isAlone(marker) {
        position = start
        continue
      }
      guard let length = try? number(2, at: start, bigEndian: true), length >= 2,
        start + length <= bytes.count
      else {
        position = bytes.count
        break
      }
      position = start + length
      guard marker == Self.startOfScan else { continue }
      scans += 1
      guard scans <= Self.scanLimit else {
        return DamagedPicture(
          reason: "it has more than \(Self.scanLimit) scans: decoding would take very long")
      }
      switch endOfScan(from: position) {
      case .success(let end): position = end
      case .failure(let damage): return damage
      }
    }
    return position >= bytes.count - 1
      ? DamagedPicture(
        reason: "it ends after \(bytes.count) bytes, before its end marker", isTruncated: true)
      : DamagedPicture(reason: "there is no marker at byte \(position), where one has to be")
  }

  /// EXIF's orientation; 1 where there is none.
  var orientationOfJPEG: Int {
    var position = 2
    while let (marker, start) = nextMarker(at: position), marker != Self.startOfScan {
      if Self.isAlone(marker) {
        position = start
        continue
      }
      guard let length = try? number(2, at: start, bigEndian: true), length >= 2,
        start + length <= bytes.count
      else { break }
      if marker == 0xe1, length >= 8, bytes[(start + 2)...].starts(with: Array("Exif".utf8) + [0, 0]) {
        return Self.orientation(ofEXIF: bytes[start + 8..<start + length])
      }
      position = start + length
    }
    return 1
  }

  /// Where the coded data of a scan ends. Restart markers within it count from 0 to 7 and around.
  private func endOfScan(from start: Int) -> Result<Int, DamagedPicture> {
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return .success(start) }
      var position = start
      var restarts: UInt8 = 0
      while position < buffer.count {
        guard let found = memchr(base + position, 0xff, buffer.count - position) else { break }
        position = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
        guard position + 1 < buffer.count else { break }
        switch buffer[position + 1] {
        case 0: position += 2
        case 0xff: position += 1
        case 0xd0...0xd7:
          guard buffer[position + 1] == 0xd0 + restarts % 8 else {
            return .failure(
              DamagedPicture(
                reason: "a part of its pixels is missing at byte \(position) (restart markers out of order)"))
          }
          restarts &+= 1
          position += 2
        default: return .success(position)
        }
      }
      return .success(buffer.count)
    }
  }

  /// The marker at a place, and where its contents begin. Fill bytes may stand before it.
  private func nextMarker(at position: Int) -> (marker: UInt8, start: Int)? {
    guard position < bytes.count, bytes[position] == 0xff else { return nil }
    var place = position
    while place < bytes.count, bytes[place] == 0xff { place += 1 }
    guard place < bytes.count, bytes[place] != 0 else { return nil }
    return (bytes[place], place + 1)
  }

  private static let endOfImage: UInt8 = 0xd9
  private static let startOfScan: UInt8 = 0xda
  /// Progressive pictures have a dozen scans; each costs a walk over the whole picture.
  private static let scanLimit = 500

  /// Frame headers, but tables of codes (C4), extensions (C8) and arithmetic conditioning (CC).
  private static func isFrame(_ marker: UInt8) -> Bool {
    (0xc0...0xcf).contains(marker) && ![0xc4, 0xc8, 0xcc].contains(marker)
  }

  /// Markers without contents.
  private static func isAlone(_ marker: UInt8) -> Bool { marker == 1 || (0xd0...0xd8).contains(marker) }
}
