import Data
import Files
import Foundation

/// Lines of a text file that a data set is described by.
struct TextLines {
  /// Its name, for errors.
  let file: String
  /// Lines that are not empty, without blanks at their ends, with their numbers from 1.
  let lines: [(number: Int, text: String)]

  /// Reads a file.
  ///
  /// - Parameter what: What it should be: `the list of images (ann_file)`.
  /// - Throws: `DataError` where it is missing, no UTF-8 or empty.
  init(_ file: String, what: String) throws {
    let bytes: [UInt8]
    do { bytes = try RegularFile(file, wanted: what).whole() } catch {
      throw DataError(file: file, "\(what) \(error.message)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(file: file, "\(what) is no text in UTF-8")
    }
    self.file = file
    lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated().compactMap
    {
      let line = $1.trimmingCharacters(in: .whitespaces).drop { $0 == "\u{feff}" }
      return line.isEmpty ? nil : ($0 + 1, String(line))
    }
    guard !lines.isEmpty else { throw DataError(file: file, "\(what) is empty") }
  }
}
