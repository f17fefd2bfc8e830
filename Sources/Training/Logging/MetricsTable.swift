import Files

/// Figures of validations as a spreadsheet reads them: a row a validation, a column a figure (RFC 4180).
public struct MetricsTable: Sendable, Equatable {
  /// The first columns: iterations done, and passes over the data done.
  static let places = ["step", "epoch"]

  /// Names of the columns, in the order in which they came up; `step` and `epoch` first.
  public private(set) var columns: [String] = Self.places
  /// The cells of each row, by column; what a validation does not give is missing.
  public private(set) var rows: [[String: String]] = []

  /// No rows yet.
  public init() {}

  /// Adds a validation behind those of earlier steps; rows of this step and later ones go.
  ///
  /// - Parameters:
  ///   - step: Iterations done.
  ///   - epoch: Passes over the data done.
  ///   - values: Figures by their names; one that is not finite is an empty cell.
  public mutating func add(step: Int, epoch: Int, _ values: [(name: String, value: Double)]) {
    keep(before: step)
    var row = ["step": "\(step)", "epoch": "\(epoch)"]
    for (name, value) in values where !Self.places.contains(name) {
      if !known.contains(name) { columns.append(name) }
      known.insert(name)
      row[name] = value.isFinite ? "\(value)" : ""
    }
    rows.append(row)
  }

  /// Drops the rows of a step and later ones.
  public mutating func keep(before step: Int) {
    rows.removeAll { row in row["step"].flatMap { Int($0) }.map { $0 >= step } ?? true }
  }

  private var known: Set<String> = Set(Self.places)

  /// The table as text: the names, then the rows.
  public var text: String {
    ([columns] + rows.map { row in columns.map { row[$0] ?? "" } })
      .map { $0.map(Self.cell).joined(separator: ",") + "\n" }.joined()
  }

  private static func cell(_ text: String) -> String {
    text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
      ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }

  /// A table that was written; nil for a text that is none.
  public init?(_ text: String) {
    var lines = Self.cells(of: text)[...]
    guard let names = lines.popFirst(), names.starts(with: Self.places) else { return nil }
    columns = names
    known = Set(names)
    // A row that was cut short is none.
    rows = lines.filter { $0.count == names.count }.map { cells in
      Dictionary(zip(names, cells).filter { !$0.1.isEmpty }) { first, _ in first }
    }
  }

  private static func cells(of text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var cell = ""
    var isQuoted = false
    var rest = text.unicodeScalars[...]
    while let next = rest.popFirst() {
      switch next {
      case "\"" where isQuoted && rest.first == "\"":
        rest.removeFirst()
        cell.unicodeScalars.append(next)
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        row.append(cell)
        cell = ""
      case "\n" where !isQuoted:
        rows.append(row + [cell])
        (row, cell) = ([], "")
      case "\r" where !isQuoted: break
      default: cell.unicodeScalars.append(next)
      }
    }
    return row.isEmpty && cell.isEmpty ? rows : rows + [row + [cell]]
  }
}
