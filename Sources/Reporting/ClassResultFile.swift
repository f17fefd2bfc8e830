import Classification
import Data
import Files
import Foundation
import Modeling

/// A classifier's results in one JSON file: `{"classes": [...], "images": [{"file", "category", "score", "scores"}]}`, the
/// probabilities of an image in the order of the classes.
struct ClassResultFile {
  private struct Row: Encodable {
    var file: String
    var category: String?
    var score: Float?
    var scores: [Float]
  }

  let path: String
  private let classes: [String]
  /// Of each image, with its number.
  private var rows: [Numbered] = []

  private struct Numbered: Codable {
    var number: Int
    var row: [UInt8]
  }
  private let encoder = JSONEncoder()

  /// A file of the results over a data set.
  init(path: String, classes: [String]) {
    (self.path, self.classes) = (path, classes)
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // JSON has no NaN: a model whose scores overflow says so by a text.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  }

  /// Adds what was predicted of an image.
  mutating func add(_ scores: [Float], for sample: Sample) throws {
    let best = ClassRanking.best(1, in: scores).first
    let name = best.map { classes.indices.contains($0) ? classes[$0] : "\($0)" }
    let row = Row(file: sample.imagePath, category: name, score: best.map { scores[$0] }, scores: scores)
    rows.append(Numbered(number: sample.number, row: [UInt8](try encoder.encode(row))))
  }

  /// What was added, for `merging`.
  func stored() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(rows)) }

  /// A file of what several have added, in the order of the images.
  func merging(_ parts: [[UInt8]]) throws -> ClassResultFile {
    var merged = self
    merged.rows = try parts.flatMap { try JSONDecoder().decode([Numbered].self, from: Foundation.Data($0)) }
      .sorted { $0.number < $1.number }
    return merged
  }

  /// Writes the file.
  ///
  /// - Throws: `FileError` with the system's reason.
  func write() throws -> [String] {
    let names = [UInt8](try encoder.encode(classes))
    let head = [UInt8](#"{"classes":"#.utf8) + names + [UInt8](#","images":["#.utf8)
    let separator = [UInt8](",\n".utf8)
    let chunks = rows.enumerated().map { ($0.offset == 0 ? [] : separator) + $0.element.row }
    try AtomicFile.write(to: path, chunks: [head] + chunks + [[UInt8]("]}\n".utf8)])
    return [path]
  }
}
