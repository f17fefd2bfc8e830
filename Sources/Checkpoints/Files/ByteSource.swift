import Files

/// Bytes that are read piece by piece: those of an open file, or some in memory.
///
/// A file that shrinks while it is read gives an error and no signal; one that is mapped ends the program (`MappedFile`).
final class ByteSource: Sendable {
  /// The file, for errors.
  let name: String
  /// Bytes in all, as they were counted at the start.
  let count: Int
  private let content: Content
  /// The file as memory, where it was opened so.
  let mapping: MappedFile?

  private enum Content {
    case bytes([UInt8])
    case file(RegularFile)
  }

  /// Bytes in memory; `name` is their file in errors.
  init(_ bytes: [UInt8], name: String) {
    (self.name, count, content) = (name, bytes.count, .bytes(bytes))
    mapping = nil
  }

  /// Opens a file.
  ///
  /// - Parameter isMapped: Whether tensors may be the file's own pages.
  /// - Throws: `CheckpointError` when there is none, or it is a folder, a pipe or a device.
  init(file path: String, isMapped: Bool = false) throws {
    do {
      let file = try RegularFile(path, wanted: "a checkpoint")
      (name, count, content) = (path, file.size, .file(file))
      mapping = isMapped ? try file.mapped() : nil
    } catch { throw CheckpointError(file: path, error.message) }
  }

  /// An error about this file.
  func failure(_ message: String) -> CheckpointError { CheckpointError(file: name, message) }

  /// Reads a range, all of it.
  ///
  /// - Throws: `CheckpointError` when the file has no such range (any more).
  func read(_ range: Range<Int>) throws -> [UInt8] {
    guard range.lowerBound >= 0, range.upperBound <= count else {
      throw failure("ends at byte \(count), but bytes up to \(range.upperBound) are needed: it is cut short")
    }
    guard !range.isEmpty else { return [] }
    switch content {
    case .bytes(let bytes): return Array(bytes[range])
    case .file(let file):
      do { return try file.read(range) } catch { throw failure(error.message) }
    }
  }
}

/// Bytes of a part of a source, one after the other.
struct ByteStream {
  /// Where they are from.
  let source: ByteSource
  /// What their places are counted from in messages.
  private let origin: Int
  /// The next byte, counted from the start of the source.
  private(set) var position: Int
  private let end: Int
  private var window: [UInt8] = []
  private var windowStart = 0

  /// The bytes of a range; places in messages are counted from `origin`.
  init(_ source: ByteSource, _ range: Range<Int>, origin: Int) {
    (self.source, position, end, self.origin) = (source, range.lowerBound, range.upperBound, origin)
  }

  /// The next byte's place, for messages.
  var place: Int { position - origin }
  /// Bytes that are left.
  var remaining: Int { end - position }

  /// - Throws: `CheckpointError` at the end.
  mutating func byte() throws -> UInt8 {
    let index = position - windowStart
    if index < window.count {
      position += 1
      return window[index]
    }
    guard remaining > 0 else { throw source.failure("byte \(place): ends in the middle") }
    window = try source.read(position..<position + min(remaining, 1 << 16))
    windowStart = position
    position += 1
    return window[0]
  }

  /// - Throws: `CheckpointError` when there are fewer.
  mutating func bytes(_ count: Int) throws -> [UInt8] {
    guard count >= 0, count <= remaining else {
      throw source.failure("byte \(place): \(count) bytes are announced, \(remaining) are left")
    }
    let index = position - windowStart
    defer { position += count }
    if index + count <= window.count { return Array(window[index..<index + count]) }
    return try source.read(position..<position + count)
  }

  /// A little-endian number.
  mutating func integer<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
    var number: Number = 0
    for index in 0..<Number.bitWidth / 8 { number |= Number(truncatingIfNeeded: try byte()) << (8 * index) }
    return number
  }

  /// The bytes up to a line feed, without it.
  mutating func line(limit: Int) throws -> [UInt8] {
    var line: [UInt8] = []
    while true {
      let byte = try byte()
      if byte == 0x0a { return line }
      guard line.count < limit else {
        throw source.failure("byte \(place): a line of more than \(limit) bytes")
      }
      line.append(byte)
    }
  }
}

extension ByteSource {
  /// All bytes, or those of a range.
  func stream(_ range: Range<Int>? = nil, origin: Int? = nil) -> ByteStream {
    let range = range ?? 0..<count
    return ByteStream(self, range, origin: origin ?? range.lowerBound)
  }
}

extension Array where Element == UInt8 {
  /// The little-endian number that begins at an index; the caller has checked that it is there.
  func number<Number: FixedWidthInteger>(at index: Int, _: Number.Type) -> Number {
    (0..<Number.bitWidth / 8).reduce(0) { $0 | Number(truncatingIfNeeded: self[index + $1]) << (8 * $1) }
  }

  /// Adds a number, little-endian.
  mutating func append<Number: FixedWidthInteger>(number: Number) {
    for index in 0..<Number.bitWidth / 8 { append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }
}
