/// Rows of texts in columns of one width each, for the terminal.
public struct TextTable: Sendable {
  /// On which side the texts of a column stand.
  public enum Alignment: Sendable {
    /// Words.
    case left
    /// Numbers.
    case right
  }

  /// A column.
  public struct Column: Sendable {
    let alignment: Alignment
    let minimum: Int

    /// Words, in so many letters or more.
    public static func left(_ minimum: Int = 0) -> Column { Column(alignment: .left, minimum: minimum) }
    /// Numbers, in so many letters or more.
    public static func right(_ minimum: Int = 0) -> Column { Column(alignment: .right, minimum: minimum) }
  }

  /// A text an element of each row; a row may be shorter than there are columns.
  public var rows: [[String]]
  private let columns: [Column]
  private let indent: Int

  /// A table.
  ///
  /// - Parameters:
  ///   - columns: On which side the cells of each stand, and how wide it is at least.
  ///   - indent: Spaces in front of each row.
  ///   - rows: The cells; a row may be shorter than there are columns.
  public init(_ columns: [Column], indent: Int = 0, rows: [[String]] = []) {
    (self.columns, self.indent, self.rows) = (columns, indent, rows)
  }

  /// The rows, columns two spaces apart, without spaces at the ends.
  public var lines: [String] {
    let widths = columns.indices.map { column in
      rows.reduce(columns[column].minimum) { max($0, $1.indices.contains(column) ? $1[column].count : 0) }
    }
    return rows.map { row in
      let cells = zip(row, zip(columns, widths)).map { cell, layout in
        let space = String(repeating: " ", count: max(0, layout.1 - cell.count))
        return layout.0.alignment == .left ? cell + space : space + cell
      }
      var line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }

  /// The rows, a line each.
  public var text: String { lines.joined(separator: "\n") }
}
