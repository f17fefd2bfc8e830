import CSimdJSON
import Foundation

/// Bytes of a file that are in memory, and where they stand in it.
///
/// `@unchecked Sendable`: a block belongs to one thread at a time, the one that reads it or the one that parses it;
/// between them it is handed over whole.
final class JSONBlock: @unchecked Sendable {
  /// The file, as errors name it.
  let file: String
  /// The place of the first byte in memory, and the one behind the last, counted from the file's start.
  private(set) var base = 0
  private(set) var end = 0
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// The line of the first byte in memory, from 1, and the place where that line starts.
  private var line = 1
  private var lineStart = 0

  /// Room for so many bytes.
  init(file: String, capacity: Int) {
    self.file = file
    self.capacity = capacity
    bytes = Self.allocated(capacity)
  }

  deinit { bytes.deallocate() }

  private static func allocated(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let padded = capacity + dp_coco_padding()
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: padded)
    bytes.initialize(repeating: 0, count: padded)
    return bytes
  }

  /// The byte at a place.
  subscript(place: Int) -> UInt8 { bytes[place - base] }

  /// The bytes from a place on, at most so many.
  func prefix(_ count: Int, from place: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + (place - base), count: min(count, end - place))
  }

  /// Reads on; what stands before `first` may be forgotten.
  ///
  /// - Parameter read: Fills memory from a place of the file on, and answers how many bytes there were.
  /// - Returns: Whether there was anything left.
  func more(
    keeping first: Int, _ read: (UnsafeMutableRawBufferPointer, Int) throws(CocoError) -> Int
  ) throws(CocoError) -> Bool {
    let forgotten = max(0, first - base)
    if forgotten > 0 {
      (line, lineStart) = lineOf(first)
      memmove(bytes, bytes + forgotten, end - first)
      base = first
    }
    // One byte stays free: a bracket is put behind a value at the end of the file.
    if end - base + 1 >= capacity { grow(to: 2 * capacity) }
    let got = try read(
      UnsafeMutableRawBufferPointer(start: bytes + (end - base), count: capacity - (end - base) - 1), end)
    end += got
    return got > 0
  }

  private func grow(to larger: Int) {
    let grown = Self.allocated(larger)
    grown.update(from: bytes, count: end - base)
    bytes.deallocate()
    (bytes, capacity) = (grown, larger)
  }

  /// Puts the bytes from a place on into another block as well, instead of what that holds.
  func copy(from place: Int, into next: JSONBlock) {
    (next.base, next.end) = (place, place)
    (next.line, next.lineStart) = lineOf(place)
    if end - place + 2 > next.capacity { next.grow(to: end - place + 2) }
    next.bytes.update(from: bytes + (place - base), count: end - place)
    next.end = end
  }

  /// Walks on until a value or a piece of a list ends, or the bytes do.
  func advance(_ walk: inout dp_coco_walk, goal: Int, limit: Int) -> Int {
    let offset = Int64(base)
    walk.position -= offset
    defer { walk.position += offset }
    return Int(dp_coco_advance(bytes, Int64(end - base), Int64(goal) - offset, Int32(limit), &walk))
  }

  /// Parses a piece whose first and last bytes are replaced by brackets meanwhile.
  func parse(
    _ list: Int, _ piece: ClosedRange<Int>, firstRow: Int, _ parser: CocoParser
  ) throws(CocoError) -> CocoRows {
    let start = bytes + (piece.lowerBound - base)
    let saved = (start[0], start[piece.count - 1])
    start[0] = UInt8(ascii: "[")
    start[piece.count - 1] = UInt8(ascii: "]")
    defer { (start[0], start[piece.count - 1]) = saved }
    var rows = dp_coco_rows()
    var reason = dp_coco_error()
    guard dp_coco_parse(parser.pointer, Int32(list), start, piece.count, &rows, &reason) != 0 else {
      return CocoRows(rows, in: self, offset: piece.lowerBound, firstRow: firstRow)
    }
    let bytes = UnsafeBufferPointer(start: start, count: piece.count)
    let fault =
      JSONFault(in: bytes)
      ?? JSONFault(place: max(0, Int(reason.offset)), message: "JSON is broken here: \(text(of: reason))")
    let owner = list == DP_COCO_RESULTS ? "result \(firstRow + fault.element), from 0: " : ""
    throw error(owner + fault.message, at: piece.lowerBound + fault.place)
  }

  private func text(of error: dp_coco_error) -> String {
    withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  // MARK: Errors

  /// The line of a place in memory, from 1, and where that line starts.
  private func lineOf(_ place: Int) -> (line: Int, start: Int) {
    var last: Int64 = 0
    let lines = Int(dp_coco_lines(bytes, Int64(place - base), &last))
    return (line + lines, last > 0 ? base + Int(last) : lineStart)
  }

  /// An error at a place that is in memory still.
  func error(_ message: String, at place: Int) -> CocoError {
    let place = max(base, min(place, end))
    let (line, start) = lineOf(place)
    return CocoError(message, file: file, line: line, column: place - start + 1)
  }

  /// An error that says what stands where something else is wanted.
  func unexpected(_ wanted: String, at place: Int) -> CocoError {
    guard place < end else { return error("the file ends where \(wanted) should be; it is cut", at: place) }
    return error("\(quoted(bytes[place - base])) where \(wanted) should be", at: place)
  }

  /// The number that stands at a place in memory, as it is written.
  func number(at place: Int) -> String {
    String(decoding: prefix(40, from: place).prefix { "+-.eE0123456789".utf8.contains($0) }, as: UTF8.self)
  }
}

/// simdjson's parser and the tables that it fills.
///
/// `@unchecked Sendable`: the pointer never changes, and a parser belongs to one thread at a time.
final class CocoParser: @unchecked Sendable {
  fileprivate let pointer: OpaquePointer

  /// - Throws: `CocoError` without memory.
  init(file: String) throws(CocoError) {
    guard let parser = dp_coco_parser_create() else { throw CocoError("no memory is left", file: file) }
    pointer = parser
  }

  deinit { dp_coco_parser_free(pointer) }
}

/// A byte as errors show it.
func quoted(_ byte: UInt8) -> String {
  let found = UnicodeScalar(byte)
  return "'\(found == "\"" ? "\"" : found.escaped(asASCII: true))'"
}
