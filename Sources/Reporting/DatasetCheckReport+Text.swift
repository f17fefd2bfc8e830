import Data
import Files
import Foundation

extension DatasetCheckReport {
  /// Rows of a kind that are shown; JSON lists all.
  private static var rows: Int { 50 }

  /// Tables for the terminal.
  public func text() -> String {
    var text = "\(images) images, \(annotations) annotations\n"
    if !labels.isEmpty { text += "\n\(labelTable())\n\n" }
    guard !faults.isEmpty else { return text + "nothing is wrong\n" }
    let kinds = Dictionary(grouping: faults, by: \.kind).sorted { $0.key < $1.key }
    for (kind, found) in kinds {
      text += "\n\(kind): \(found.count)\n"
      for fault in found.prefix(Self.rows) {
        let id = fault.id.map { " [\($0)]" } ?? ""
        text += "  \(fault.file.printedWhole)\(id): \(fault.message.printedWhole)\n"
      }
      if found.count > Self.rows { text += "  … \(found.count - Self.rows) more; --json lists all\n" }
    }
    return text + "\n\(faults.count) faults\n"
  }

  private func labelTable() -> String {
    let rows = labels.map { label in
      [
        "\(label.value)", label.isIgnored ? "(ignored)" : label.className?.printedWhole ?? "(no class)",
        String(format: "%.3f %%", 100 * label.share),
      ]
    }
    return TextTable(
      [.right(10), .left(5), .right(11)], rows: [["file value", "class", "pixel share"]] + rows
    ).text
  }
}
