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
    if !classes.isEmpty { text += "\n\(classTable())\n\n" }
    guard !faults.isEmpty else { return text + "nothing is wrong\n" }
    return text + Self.text(of: kinds)
      + "\n\(faults.count) faults: \(errorCount) errors, \(faults.count - errorCount) notes\n"
  }

  /// Faults by their kinds, a line each.
  public static func text(of faults: [DataFault]) -> String {
    var report = DatasetCheckReport()
    report.add(faults)
    return text(of: report.kinds)
  }

  private static func text(of kinds: [Kind]) -> String {
    var text = ""
    for kind in kinds {
      text += "\n\(kind.name): \(kind.faults.count)\(kind.severity == .note ? " (note)" : "")\n"
      for fault in kind.faults.prefix(rows) {
        let id = fault.id.map { " [\($0)]" } ?? ""
        text += "  \(fault.file.printedWhole)\(id): \(fault.message.printedWhole)\n"
      }
      if kind.faults.count > rows {
        text += "  … \(kind.faults.count - rows) more; --json lists all\n"
      }
      if !kind.effect.isEmpty { text += "  → \(kind.effect)\n" }
    }
    return text
  }

  private func classTable() -> String {
    let rows = classes.map { [$0.name.printedWhole, "\($0.images)"] }
    return TextTable([.left(5), .right(6)], rows: [["class", "images"]] + rows).text
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
