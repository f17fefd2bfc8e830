import Data
import Files

/// Rows of texts between commas (RFC 4180): cells in quotation marks may hold commas, line breaks and doubled marks.
struct CommaSeparated {
  /// A row and the line of the file on which it begins, from 1.
  struct Row {
    var line: Int
    var cells: [String]
  }

  /// The first row, without a `#` or byte-order mark before it.
  let header: [String]
  /// The others; empty lines are left out.
  let rows: [Row]

  /// Reads a file.
  ///
  /// - Throws: `FileError`, or `DataError` where it is no text, ends within a cell, or has no row.
  init(contentsOf path: String) throws {
    let bytes = try RegularFile(path, wanted: "a CSV file").whole(limit: Int(Int32.max))
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw DataError(file: path, "is no UTF-8 text")
    }
    var rows: [Row] = []
    var row = Row(line: 1, cells: [])
    var cell: [UInt8] = []
    var line = 1
    var isQuoted = false
    var place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    func isNext(_ byte: UInt8) -> Bool { place + 1 < bytes.count && bytes[place + 1] == byte }
    func endCell() {
      row.cells.append(String(decoding: cell, as: UTF8.self))
      cell = []
    }
    func endRow() {
      endCell()
      if row.cells != [""] { rows.append(row) }
      row = Row(line: line, cells: [])
    }
    while place < bytes.count {
      let byte = bytes[place]
      if byte == 10 { line += 1 }
      switch byte {
      case UInt8(ascii: "\"") where isQuoted:
        if isNext(byte) {
          cell.append(byte)
          place += 1
        } else {
          isQuoted = false
        }
      case UInt8(ascii: "\"") where cell.isEmpty: isQuoted = true
      case UInt8(ascii: ",") where !isQuoted: endCell()
      case 10 where !isQuoted: endRow()
      case 13 where !isQuoted && isNext(10): break
      default: cell.append(byte)
      }
      place += 1
    }
    guard !isQuoted else {
      throw DataError(
        file: path, "line \(row.line): the file ends within a cell in quotation marks; it is cut")
    }
    endRow()
    guard var header = rows.first?.cells else { throw DataError(file: path, "is empty") }
    if header[0].hasPrefix("#") { header[0].removeFirst() }
    (self.header, self.rows) = (
      header.map { String($0.trimming(while: \.isWhitespace)) }, Array(rows.dropFirst())
    )
  }
}
