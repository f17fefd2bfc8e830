import Files
import Foundation
import Segmentation

/// A confusion matrix as a picture (SVG) and as JSON.
///
/// Rows are labels, columns predictions; a cell is the darker the more of its row's pixels it holds, on the diagonal
/// green, elsewhere red.
public struct ConfusionPlot: Sendable {
  private let names: [String]
  private let rows: [[Int]]

  /// The matrix of a summary.
  public init(_ summary: SegmentationSummary) {
    names = summary.perClass.map(\.name)
    rows = summary.confusion.rows
  }

  private struct Document: Encodable {
    var classes: [String]
    var confusion_matrix: [[Int]]
  }

  /// Writes `confusion_matrix.svg` and `confusion_matrix.json`.
  ///
  /// - Throws: `FileError` with the system's reason.
  public func write(into folder: String) throws {
    try AtomicFile.write(Array(svg.utf8), to: Folder.join(folder, "confusion_matrix.svg"))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let json = try encoder.encode(Document(classes: names, confusion_matrix: rows))
    try AtomicFile.write([UInt8](json) + [0x0a], to: Folder.join(folder, "confusion_matrix.json"))
  }

  /// The picture.
  public var svg: String {
    let cell = max(8, min(28, 1400 / max(1, rows.count)))
    let font = max(6, min(12, cell - 2))
    let margin = 20 + (names.map(\.count).max() ?? 0) * font * 2 / 3
    let (side, top) = (cell * rows.count, margin)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(margin + side + 20)\" height=\"\(top + side + 20)\" "
        + "font-family=\"sans-serif\" font-size=\"\(font)\">",
      "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
      "<text x=\"4\" y=\"\(font + 2)\">rows: labels, columns: predictions</text>",
    ]
    for (index, name) in names.enumerated() {
      let middle = cell * index + cell / 2 + font / 3
      lines.append(
        "<text x=\"\(margin - 4)\" y=\"\(top + middle)\" text-anchor=\"end\">\(name.escaped)</text>")
      lines.append(
        "<text transform=\"translate(\(margin + middle),\(top - 4)) rotate(-90)\">\(name.escaped)</text>")
    }
    for (label, row) in rows.enumerated() {
      let total = row.reduce(0, +)
      for (prediction, count) in row.enumerated() where count > 0 {
        let share = Double(count) / Double(total)
        let fade = 255 - Int((share.squareRoot() * 200).rounded())
        let colour = label == prediction ? "rgb(\(fade),\(230),\(fade))" : "rgb(255,\(fade),\(fade))"
        let title =
          "\(names[label].escaped) as \(names[prediction].escaped): \(count) pixels, "
          + String(format: "%.1f %%", 100 * share)
        lines.append(
          "<rect x=\"\(margin + cell * prediction)\" y=\"\(top + cell * label)\" width=\"\(cell)\" height=\"\(cell)\" "
            + "fill=\"\(colour)\"><title>\(title)</title></rect>")
        if cell >= 24 {
          lines.append(
            "<text x=\"\(margin + cell * prediction + cell / 2)\" y=\"\(top + cell * label + cell / 2 + 4)\" "
              + "text-anchor=\"middle\" font-size=\"9\">\(Int((100 * share).rounded()))</text>")
        }
      }
    }
    lines.append(
      "<rect x=\"\(margin)\" y=\"\(top)\" width=\"\(side)\" height=\"\(side)\" fill=\"none\" stroke=\"black\"/>"
    )
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }
}

extension String {
  /// As text of an XML document; what such a document cannot hold is left out.
  fileprivate var escaped: String {
    String(unicodeScalars.filter { $0.value >= 0x20 }.map(Character.init))
      .replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
  }
}
