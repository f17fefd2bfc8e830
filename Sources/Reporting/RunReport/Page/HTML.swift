import Foundation

/// Pieces of the report's page. What comes from data is escaped here and nowhere else.
enum HTML {
  /// A text from data: cut where it is very long, and apart from the direction of what is around it.
  static func name(_ text: String, limit: Int = 60) -> String {
    "<bdi>\(short(text, limit).escapedXML)</bdi>"
  }

  /// A text of data without a tag, for attributes and SVG.
  static func text(_ text: String, limit: Int = 200) -> String { short(text, limit).escapedXML }

  private static func short(_ text: String, _ limit: Int) -> String {
    // Counted in scalars: one letter may carry thousands of marks.
    text.unicodeScalars.count > limit
      ? String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 1))) + "…" : text
  }

  /// A section that can be folded away.
  static func section(_ id: String, _ title: String, _ body: String) -> String {
    body.isEmpty
      ? ""
      : "<details open class=\"section\" id=\"\(id)\"><summary><h2>\(title)</h2></summary>\n\(body)\n</details>\n"
  }

  static func heading(_ text: String) -> String { "<h3>\(text)</h3>\n" }

  static func paragraph(_ html: String, class name: String = "") -> String {
    html.isEmpty ? "" : "<p\(name.isEmpty ? "" : " class=\"\(name)\"")>\(html)</p>\n"
  }

  static func list(_ items: [String]) -> String {
    items.isEmpty ? "" : "<ul>\n" + items.map { "<li>\($0)</li>\n" }.joined() + "</ul>\n"
  }

  /// A column of a table.
  struct Column {
    var title: String
    /// What sorts it, and stands to the right.
    var isNumber = true
    /// Left out where there is little room.
    var isExtra = false
  }

  /// A table: the first cell of a row names it. Cells are HTML already.
  ///
  /// - Parameter sorts: Whether readers may sort and filter the rows.
  static func table(
    _ caption: String, _ columns: [Column], _ rows: [[String]], sorts: Bool = false
  ) -> String {
    guard !rows.isEmpty else { return "" }
    func kind(_ column: Column) -> String {
      let names = (column.isNumber ? ["n"] : []) + (column.isExtra ? ["x"] : [])
      return names.isEmpty ? "" : " class=\"\(names.joined(separator: " "))\""
    }
    let head = columns.map { "<th scope=\"col\"\(kind($0))>\($0.title)</th>" }.joined()
    let body = rows.map { row in
      "<tr>"
        + zip(row, columns).enumerated().map { index, cell in
          index == 0
            ? "<th scope=\"row\"\(kind(cell.1))>\(cell.0)</th>" : "<td\(kind(cell.1))>\(cell.0)</td>"
        }.joined() + "</tr>\n"
    }.joined()
    return
      "<table\(sorts ? " class=\"sorted\"" : "")><caption>\(caption)</caption>\n<thead><tr>\(head)</tr></thead>\n"
      + "<tbody>\n\(body)</tbody></table>\n"
  }

  /// Bars with a name and a number each.
  static func bars(_ caption: String, _ rows: [(name: String, value: Double, text: String)]) -> String {
    let largest = rows.map(\.value).filter(\.isFinite).max() ?? 0
    return table(
      caption,
      [
        Column(title: "what", isNumber: false), Column(title: "number"),
        Column(title: "<span class=\"sr\">as a bar</span>", isNumber: false),
      ],
      rows.map { row in
        let share = largest > 0 && row.value.isFinite ? max(0, row.value / largest) : 0
        return [
          name(row.name), row.text, bar(share),
        ]
      }
    ).replacing("<table", with: "<table class=\"bars\"", maxReplacements: 1)
  }

  /// A bar by its share of the longest; nothing for nothing.
  static func bar(_ share: Double) -> String {
    share > 0 ? "<span class=\"bar\" style=\"width:\(number(100 * min(1, share), 1))%\"></span>" : ""
  }

  /// Tables and charts beside each other, as many as there is room for.
  static func panels(_ parts: [String]) -> String {
    let parts = parts.filter { !$0.isEmpty }
    return parts.isEmpty ? "" : "<div class=\"panels\">\n\(parts.joined())</div>\n"
  }

  /// A number with so many digits; a dash where there is none.
  static func number(_ value: Double?, _ digits: Int = 3) -> String {
    guard let value, value.isFinite, abs(value) < 1e15 else { return "–" }
    return String(format: "%.\(digits)f", value)
  }

  /// Of a fraction.
  static func percent(_ value: Double?, _ digits: Int = 1) -> String {
    value.map { number(100 * $0, digits) } ?? "–"
  }

  /// `1:02:03`, `45 s`
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "unknown" }
    if seconds < 120 { return "\(Int(seconds.rounded())) s" }
    let whole = Int(seconds)
    return whole < 7200
      ? "\(whole / 60) min \(whole % 60) s" : "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  /// An iteration.
  static func step(_ value: Double) -> String { number(value, 0) }
}
