import CSimdJSON
import Files
import Foundation

/// A JSON file that is read once, front to back, with a few pieces of it in memory at a time: simdjson's index of a whole
/// file would be as large as the file.
///
/// The file is read, never mapped: one that shrinks meanwhile gives an error and no signal.
///
/// `@unchecked Sendable`: one thread at a time reads on; while others parse pieces, `list` alone looks for the next ones.
final class JSONPieces: @unchecked Sendable {
  /// Containers within each other, simdjson's limit.
  static let depthLimit = 1024
  /// Bytes a file may have.
  static let sizeLimit = 4 << 30
  /// Bytes of a list that are parsed at once, or one element, if that is larger.
  static let pieceSize = 256 << 10
  /// Bytes of a block: a piece, and what is read beyond its end.
  private static let blockSize = pieceSize + pieceSize / 8

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
  /// A parser for values and for pieces that one thread reads.
  let parser: CocoParser

  private let source: Source
  private var block: JSONBlock
  /// Blocks whose pieces are read.
  private var free: [JSONBlock] = []

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
    parser = try CocoParser(file: file)
    self.source = source
    self.count = count
    self.file = file
    block = JSONBlock(file: file, capacity: min(count, Self.blockSize) + 2)
    guard count <= Self.sizeLimit else {
      throw CocoError("has \(count) bytes; files of up to \(Self.sizeLimit) (4 GiB) are read", file: file)
    }
    if Array(try prefix(3)) == [0xEF, 0xBB, 0xBF] {
      throw error("the file begins with a byte-order mark, which JSON does not allow; save it as plain UTF-8")
    }
  }

  // MARK: Bytes

  /// Reads on; what stands before `first` may be forgotten.
  ///
  /// - Returns: Whether there was anything left.
  private func more(keeping first: Int) throws(CocoError) -> Bool {
    try block.more(keeping: first) { target, place throws(CocoError) in
      switch source {
      case .data(let data):
        let count = min(target.count, data.count - place)
        let start = data.startIndex + place
        data.copyBytes(to: target, from: start..<start + count)
        return count
      case .file(let opened):
        do throws(FileError) { return try opened.read(into: target, at: place) } catch {
          throw CocoError(error.message, file: file)
        }
      }
    }
  }

  /// The first so many bytes from here on, or as many as there are.
  private func prefix(_ wanted: Int) throws(CocoError) -> UnsafeBufferPointer<UInt8> {
    while block.end - position < wanted, try more(keeping: max(block.base, position - 1)) {}
    return block.prefix(wanted, from: position)
  }

  /// The next byte that is not white space; nil at the end.
  func peek() throws(CocoError) -> UInt8? {
    while true {
      while position < block.end {
        let byte = block[position]
        guard byte == 32 || (9...10).contains(byte) || byte == 13 else { return byte }
        position += 1
      }
      guard try more(keeping: max(block.base, position - 1)) else { return nil }
    }
  }

  /// Passes over the byte that `peek` gave, if it is this one.
  func skip(_ byte: Unicode.Scalar) throws(CocoError) -> Bool {
    guard try peek() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// An error at a place that is in memory still; at the next byte unless given.
  func error(_ message: String, at place: Int? = nil) -> CocoError {
    block.error(message, at: place ?? position)
  }

  /// An error that says what stands where something else is wanted.
  func unexpected(_ wanted: String, at place: Int? = nil) -> CocoError {
    block.unexpected(wanted, at: place ?? position)
  }

  // MARK: Values

  /// Reads the value at hand, which is no list.
  func value(_ list: Int, nesting: Int) throws(CocoError) -> CocoRows {
    // With the bytes around it, it becomes a list of one.
    let first = position - 1
    var walk = dp_coco_walk(position: Int64(position), depth: 0, in_string: 0)
    switch block[position] {
    case UInt8(ascii: "{"), UInt8(ascii: "\""):
      _ = try advance(&walk, goal: Int.max, limit: Self.depthLimit - nesting, keeping: first)
    default:
      while try isWithinAtom(Int(walk.position), keeping: first) { walk.position += 1 }
      walk.position -= 1
    }
    let last = Int(walk.position) + 1
    if last == block.end { _ = try more(keeping: first) }
    let rows = try block.parse(list, first...last, firstRow: 0, parser)
    guard rows.rows.count == 1 else { throw unexpected("a value") }
    position = last
    return rows
  }

  /// Whether a number or a word goes on at a place.
  private func isWithinAtom(_ place: Int, keeping first: Int) throws(CocoError) -> Bool {
    if place == block.end { guard try more(keeping: first) else { return false } }
    let byte = block[place]
    return byte > 32 && !",]}:[{\"".utf8.contains(byte)
  }

  /// Walks on until a value or a piece of a list ends.
  private func advance(
    _ walk: inout dp_coco_walk, goal: Int, limit: Int, keeping first: Int
  ) throws(CocoError) -> Int {
    while true {
      let stop = block.advance(&walk, goal: goal, limit: limit)
      switch stop {
      case DP_COCO_MORE:
        guard try more(keeping: first) else {
          throw error("the file ends within a value; it is cut", at: block.end)
        }
      case DP_COCO_TOO_DEEP:
        throw error("more than \(Self.depthLimit) levels of brackets", at: Int(walk.position))
      default: return stop
      }
    }
  }

  // MARK: Pieces of lists

  /// A piece of a list, in a block of its own.
  struct Piece: Sendable {
    var block: JSONBlock
    /// From the bracket or comma before its first element to the one behind its last.
    var range: ClosedRange<Int>
    var isFirst: Bool
    var isLast: Bool

    /// The elements of the piece.
    ///
    /// - Parameter firstRow: How many came before.
    func rows(_ list: Int, firstRow: Int, _ parser: CocoParser) throws(CocoError) -> CocoRows {
      let rows = try block.parse(list, range, firstRow: firstRow, parser)
      if rows.rows.isEmpty, !(isFirst && isLast) {
        throw block.error(
          isLast ? "a comma before ']'; JSON allows none there" : "a value is missing before ','",
          at: range.upperBound)
      }
      return rows
    }
  }

  /// Looks for the next piece of the list at hand, whose bracket or comma is at `position`; nil behind its end.
  ///
  /// - Parameters:
  ///   - walk: Where the last piece ended.
  ///   - nesting: The containers around the list.
  func nextPiece(_ walk: inout dp_coco_walk, nesting: Int) throws(CocoError) -> Piece {
    let first = position
    let isFirst = walk.depth == 0
    let stop = try advance(
      &walk, goal: first + Self.pieceSize, limit: Self.depthLimit - nesting, keeping: first)
    let last = Int(walk.position)
    let isLast = stop == DP_COCO_CLOSED
    if isLast, block[last] != UInt8(ascii: "]") { throw unexpected("',' or ']'", at: last) }
    let next =
      free.popLast() ?? JSONBlock(file: file, capacity: min(count - last, Self.blockSize) + 2)
    block.copy(from: last, into: next)
    let piece = Piece(block: block, range: first...last, isFirst: isFirst, isLast: isLast)
    block = next
    position = isLast ? last + 1 : last
    walk.position += 1
    return piece
  }

  /// Takes the block of a piece that is not needed any more.
  func recycle(_ piece: Piece) { free.append(piece.block) }
}
