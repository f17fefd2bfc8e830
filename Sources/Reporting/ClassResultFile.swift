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
  private var rows: [[UInt8]] = []
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
    rows.append([UInt8]((rows.isEmpty ? "" : ",\n").utf8) + [UInt8](try encoder.encode(row)))
  }

  /// Writes the file.
  ///
  /// - Throws: `FileError` with the system's reason.
  func write() throws -> [String] {
    let names = [UInt8](try encoder.encode(classes))
    let head = [UInt8](#"{"classes":"#.utf8) + names + [UInt8](#","images":["#.utf8)
    try AtomicFile.write(to: path, chunks: [head] + rows + [[UInt8]("]}\n".utf8)])
    return [path]
  }
}
