import CSimdJSON
import Files
import Foundation

/// A JSON file that is read once, front to back, with a piece of it in memory at a time: simdjson's index of a whole
/// file would be as large as the file.
///
/// The file is read, never mapped: one that shrinks meanwhile gives an error and no signal.
final class JSONPieces {
  /// Containers within each other, simdjson's limit.
  static let depthLimit = 1024
  /// Bytes a file may have.
  static let sizeLimit = 4 << 30
  /// Bytes of a list that are parsed at once, or one element, if that is larger.
  private static let pieceSize = 1 << 20

  private enum Source {
    case file(RegularFile)
    case data(Data)
  }

  /// The file, as errors name it.
  let file: String
  /// How large the file is.
  let count: Int
  /// The next byte, counted from the file's start, as all places are.
  private(set) var position = 0

  private let source: Source
  private let parser: OpaquePointer
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// The place of the first byte in memory, and the one behind the last.
  private var base = 0
  private var end = 0
  /// The line of the first byte in memory, from 1, and the place where that line starts.
  private var line = 1
  private var lineStart = 0

  /// Opens a file.
  ///
  /// - Throws: `CocoError` when there is none, or it is a folder, a pipe or a device, or too large.
  convenience init(contentsOf path: String) throws(CocoError) {
    let opened: RegularFile
    do { opened = try RegularFile(path, wanted: "a JSON file") } catch {
      throw CocoError(error.message, file: path)
    }
    try self.init(.file(opened), count: opened.size, file: path)
  }

  /// Reads bytes in memory.
  convenience init(_ data: Data, file: String) throws(CocoError) {
    try self.init(.data(data), count: data.count, file: file)
  }

  private init(_ source: Source, count: Int, file: String) throws(CocoError) {
    guard let parser = dp_coco_parser_create() else { throw CocoError("no memory is left", file: file) }
    self.parser = parser
    self.source = source
    self.count = count
    self.file = file
    capacity = min(count, 2 * Self.pieceSize) + 2
    bytes = Self.allocated(capacity)
    guard count <= Self.sizeLimit else {
      throw CocoError("has \(count) bytes; files of up to \(Self.sizeLimit) (4 GiB) are read", file: file)
    }
    if Array(try prefix(3)) == [0xEF, 0xBB, 0xBF] {
      throw error("the file begins with a byte-order mark, which JSON does not allow; save it as plain UTF-8")
    }
  }

  deinit {
    dp_coco_parser_free(parser)
    bytes.deallocate()
  }

  private static func allocated(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let padded = capacity + dp_coco_padding()
    let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: padded)
    bytes.initialize(repeating: 0, count: padded)
    return bytes
  }

  // MARK: Bytes

  /// Reads on; what stands before `first` may be forgotten.
  ///
  /// - Returns: Whether there was anything left.
  private func more(keeping first: Int) throws(CocoError) -> Bool {
    let forgotten = max(0, first - base)
    if forgotten > 0 {
      var last: Int64 = 0
      line += Int(dp_coco_lines(bytes, Int64(forgotten), &last))
      if last > 0 { lineStart = base + Int(last) }
      memmove(bytes, bytes + forgotten, end - first)
      base = first
    }
    // One byte stays free: a bracket is put behind a value at the end of the file.
    if end - base + 1 >= capacity {
      let larger = Self.allocated(2 * capacity)
      larger.update(from: bytes, count: end - base)
      bytes.deallocate()
      bytes = larger
      capacity *= 2
    }
    let got = try read(into: bytes + (end - base), at: end, room: capacity - (end - base) - 1)
    end += got
    return got > 0
  }

  private func read(into target: UnsafeMutablePointer<UInt8>, at place: Int, room: Int) throws(CocoError)
    -> Int
  {
    switch source {
    case .data(let data):
      let count = min(room, data.count - place)
      let start = data.startIndex + place
      data.copyBytes(to: target, from: start..<start + count)
      return count
    case .file(let opened):
      do {
        return try opened.read(into: UnsafeMutableRawBufferPointer(start: target, count: room), at: place)
      } catch { throw CocoError(error.message, file: file) }
    }
  }

  /// The first so many bytes from here on, or as many as there are.
  private func prefix(_ wanted: Int) throws(CocoError) -> UnsafeBufferPointer<UInt8> {
    while end - position < wanted, try more(keeping: max(base, position - 1)) {}
    return UnsafeBufferPointer(start: bytes + (position - base), count: min(wanted, end - position))
  }

  /// The next byte that is not white space; nil at the end.
  func peek() throws(CocoError) -> UInt8? {
    while true {
      while position < end {
        let byte = bytes[position - base]
        guard byte == 32 || (9...10).contains(byte) || byte == 13 else { return byte }
        position += 1
      }
      guard try more(keeping: max(base, position - 1)) else { return nil }
    }
  }

  /// Passes over the byte that `peek` gave, if it is this one.
  func skip(_ byte: Unicode.Scalar) throws(CocoError) -> Bool {
    guard try peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  // MARK: Errors

  /// An error at a place that is in memory still; at the next byte unless given.
  func error(_ message: String, at place: Int? = nil) -> CocoError {
    let place = max(base, min(place ?? position, end))
    var last: Int64 = 0
    let lines = Int(dp_coco_lines(bytes, Int64(place - base), &last))
    let start = last > 0 ? base + Int(last) : lineStart
    return CocoError(message, file: file, line: line + lines, column: place - start + 1)
  }

  /// An error that says what stands where something else is wanted.
  func unexpected(_ wanted: String, at place: Int? = nil) -> CocoError {
    let place = place ?? position
    guard place < end else { return error("the file ends where \(wanted) should be; it is cut", at: place) }
    return error("\(quoted(bytes[place - base])) where \(wanted) should be", at: place)
  }

  /// The number that stands at a place in memory, as it is written.
  func number(at place: Int) -> String {
    let rest = UnsafeBufferPointer(start: bytes + (place - base), count: min(40, end - place))
    return String(decoding: rest.prefix { "+-.eE0123456789".utf8.contains($0) }, as: UTF8.self)
  }

  // MARK: Values

  /// Reads the value at hand, a list, and hands its rows over piece by piece.
  ///
  /// - Parameters:
  ///   - list: `DP_COCO_IMAGES` and so on.
  ///   - nesting: The containers around it.
  func list(
    _ list: Int, nesting: Int, _ body: (CocoRows) throws(CocoError) -> Void
  ) throws(CocoError) {
    var first = position
    var walk = dp_coco_walk(position: Int64(position), depth: 0, in_string: 0)
    var isFirst = true
    var rowCount = 0
    while true {
      let stop = try advance(
        &walk, goal: first + Self.pieceSize, limit: Self.depthLimit - nesting, keeping: first)
      let last = Int(walk.position)
      if stop == DP_COCO_CLOSED, bytes[last - base] != UInt8(ascii: "]") {
        throw unexpected("',' or ']'", at: last)
      }
      let rows = try parse(list, first...last, firstRow: rowCount)
      if rows.rows.isEmpty, !isFirst || stop == DP_COCO_SEPARATOR {
        throw error(
          stop == DP_COCO_CLOSED
            ? "a comma before ']'; JSON allows none there" : "a value is missing before ','",
          at: last)
      }
      position = last + 1
      try body(rows)
      if stop == DP_COCO_CLOSED { return }
      rowCount += rows.rows.count
      isFirst = false
      first = last
      walk.position += 1
    }
  }

  /// Reads the value at hand, which is no list.
  func value(_ list: Int, nesting: Int) throws(CocoError) -> CocoRows {
    // With the bytes around it, it becomes a list of one.
    let first = position - 1
    var walk = dp_coco_walk(position: Int64(position), depth: 0, in_string: 0)
    switch bytes[position - base] {
    case UInt8(ascii: "{"), UInt8(ascii: "\""):
      _ = try advance(&walk, goal: Int.max, limit: Self.depthLimit - nesting, keeping: first)
    default:
      while try isWithinAtom(Int(walk.position), keeping: first) { walk.position += 1 }
      walk.position -= 1
    }
    let last = Int(walk.position) + 1
    if last == end { _ = try more(keeping: first) }
    let rows = try parse(list, first...last, firstRow: 0)
    guard rows.rows.count == 1 else { throw unexpected("a value") }
    position = last
    return rows
  }

  /// Whether a number or a word goes on at a place.
  private func isWithinAtom(_ place: Int, keeping first: Int) throws(CocoError) -> Bool {
    if place == end { guard try more(keeping: first) else { return false } }
    let byte = bytes[place - base]
    return byte > 32 && !",]}:[{\"".utf8.contains(byte)
  }

  /// Walks on until a value or a piece of a list ends.
  private func advance(
    _ walk: inout dp_coco_walk, goal: Int, limit: Int, keeping first: Int
  ) throws(CocoError) -> Int {
    while true {
      let offset = Int64(base)
      walk.position -= offset
      let stop = Int(dp_coco_advance(bytes, Int64(end - base), Int64(goal) - offset, Int32(limit), &walk))
      walk.position += offset
      switch stop {
      case DP_COCO_MORE:
        guard try more(keeping: first) else {
          throw error("the file ends within a value; it is cut", at: end)
        }
      case DP_COCO_TOO_DEEP:
        throw error("more than \(Self.depthLimit) levels of brackets", at: Int(walk.position))
      default: return stop
      }
    }
  }

  /// Parses a piece whose first and last bytes are replaced by brackets meanwhile.
  private func parse(_ list: Int, _ piece: ClosedRange<Int>, firstRow: Int) throws(CocoError) -> CocoRows {
    let start = bytes + (piece.lowerBound - base)
    let saved = (start[0], start[piece.count - 1])
    start[0] = UInt8(ascii: "[")
    start[piece.count - 1] = UInt8(ascii: "]")
    defer { (start[0], start[piece.count - 1]) = saved }
    var rows = dp_coco_rows()
    var reason = dp_coco_error()
    guard dp_coco_parse(parser, Int32(list), start, piece.count, &rows, &reason) != 0 else {
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
}

/// A byte as errors show it.
func quoted(_ byte: UInt8) -> String {
  let found = UnicodeScalar(byte)
  return "'\(found == "\"" ? "\"" : found.escaped(asASCII: true))'"
}
