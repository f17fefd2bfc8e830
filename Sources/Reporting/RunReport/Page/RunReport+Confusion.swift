import Foundation

extension RunReport {
  /// A class that is taken for another.
  struct ConfusedPair {
    var truth, taken: String
    var row, column, count: Int
    /// Of what is of the true class.
    var share: Double
  }

  private static let mostClasses = 40

  /// What is of each class.
  func confusionTotals(_ evaluation: EvaluationFacts) -> [Int] {
    guard let confusion = evaluation.confusion else { return [] }
    var totals = [Int](repeating: 0, count: confusion.names.count)
    for cell in Self.cells(confusion) {
      totals[cell.row] = totals[cell.row].addingReportingOverflow(cell.count).partialValue
    }
    return totals
  }

  /// The counts whose places are those of classes: a file may say anything.
  private static func cells(_ confusion: ConfusionFacts) -> [(row: Int, column: Int, count: Int)] {
    stride(from: 0, to: confusion.cells.count - 2, by: 3).compactMap { at in
      let (row, column, count) = (confusion.cells[at], confusion.cells[at + 1], confusion.cells[at + 2])
      return confusion.names.indices.contains(row) && confusion.names.indices.contains(column) && count > 0
        ? (row, column, count) : nil
    }
  }

  /// The classes that are taken for another most often, by their share of the true class.
  func confusedPairs(_ evaluation: EvaluationFacts, most: Int) -> [ConfusedPair] {
    guard let confusion = evaluation.confusion else { return [] }
    let totals = confusionTotals(evaluation)
    let background = confusion.unit == "objects" ? confusion.names.count - 1 : -1
    let pairs = Self.cells(confusion).filter {
      $0.row != $0.column && $0.row != background && $0.column != background
    }
    .map { cell in
      ConfusedPair(
        truth: confusion.names[cell.row], taken: confusion.names[cell.column], row: cell.row,
        column: cell.column,
        count: cell.count, share: Double(cell.count) / Double(max(1, totals[cell.row])))
    }
    return Array(
      pairs.sorted { ($1.share, $1.count, $0.row, $0.column) < ($0.share, $0.count, $1.row, $1.column) }
        .prefix(most))
  }

  /// The matrix, its cells links to pictures with such a mistake, and the pairs most confused.
  func confusion(_ run: ReportedRun, _ extent: Extent) -> String {
    guard let evaluation = run.facts?.evaluation, let confusion = evaluation.confusion,
      !confusion.cells.isEmpty
    else {
      return ""
    }
    let pairs = confusedPairs(evaluation, most: 20)
    let linked = Set(evaluation.pictures.prefix(extent.pictures).flatMap { pairNames($0, evaluation) })
    var html = HTML.heading("Which classes are taken for which")
    html += matrix(confusion, totals: confusionTotals(evaluation), linked)
    html += HTML.table(
      "The pairs most confused",
      [
        .init(title: "true class", isNumber: false), .init(title: "taken for", isNumber: false),
        .init(title: HTML.text(confusion.unit)), .init(title: "percent of the class"),
      ],
      pairs.map { pair in
        let name = "\(pair.row)-\(pair.column)"
        let taken = HTML.name(pair.taken)
        return [
          HTML.name(pair.truth),
          linked.contains(name) ? "<a href=\"#pictures\" data-pair=\"\(name)\">\(taken)</a>" : taken,
          "\(pair.count)",
          HTML.percent(pair.share),
        ]
      }, sorts: true)
    return html
  }

  private func matrix(_ confusion: ConfusionFacts, totals: [Int], _ linked: Set<String>) -> String {
    let count = confusion.names.count
    var kept = Array(0..<count)
    if count > Self.mostClasses {
      // The background of objects is always shown.
      let last = confusion.unit == "objects" ? count - 1 : -1
      kept = kept.filter { $0 != last }.sorted { (totals[$1], $0) < (totals[$0], $1) }
      kept = Array(kept.prefix(Self.mostClasses - 1)).sorted() + (last >= 0 ? [last] : [])
    }
    var place = [Int](repeating: kept.count, count: count)
    for (index, label) in kept.enumerated() { place[label] = index }
    let side = kept.count + (count > kept.count ? 1 : 0)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: side), count: side)
    for cell in Self.cells(confusion) {
      counts[place[cell.row]][place[cell.column]] =
        counts[place[cell.row]][place[cell.column]].addingReportingOverflow(cell.count).partialValue
    }
    let names =
      kept.map { confusion.names[$0] } + (count > kept.count ? ["\(count - kept.count) others"] : [])
    let cell = side <= 12 ? 40 : side <= 24 ? 26 : 16
    let (left, top) = (150, 24)
    let all = counts.reduce(0) { $0 + $1.reduce(0, +) }
    let right = counts.indices.reduce(0) { $0 + counts[$1][$1] }
    var svg =
      "<svg class=\"matrix\" viewBox=\"0 0 \(left + side * cell + 4) \(top + side * cell + 4)\" role=\"img\">"
      + "<title>Confusion matrix of \(HTML.text(confusion.unit))</title><desc>\(right) of \(all) are on the diagonal. Rows are true "
      + "classes, columns predicted ones in the same order.</desc>\n"
    for (row, name) in names.enumerated() {
      let sum = counts[row].reduce(0, +)
      let y = top + row * cell
      svg +=
        "<text x=\"\(left - 6)\" y=\"\(y + cell / 2 + 4)\" class=\"end\">\(row + 1) \(HTML.text(name, limit: 20))</text>"
      svg += "<text x=\"\(left + row * cell + cell / 2)\" y=\"\(top - 6)\" class=\"mid\">\(row + 1)</text>"
      for column in names.indices where sum > 0 && (counts[row][column] > 0 || side <= 12) {
        let share = Double(counts[row][column]) / Double(sum)
        let title =
          "\(HTML.text(name, limit: 60)) as \(HTML.text(names[column], limit: 60)): \(counts[row][column]), \(HTML.percent(share)) %"
        var body =
          "<rect x=\"\(left + column * cell)\" y=\"\(y)\" width=\"\(cell - 1)\" height=\"\(cell - 1)\""
          + (share == 0 ? " class=\"zero\"" : " fill-opacity=\"\(HTML.number(0.08 + 0.92 * share, 2))\"")
          + "><title>\(title)</title></rect>"
        if cell >= 26, share >= 0.005 {
          body +=
            "<text x=\"\(left + column * cell + cell / 2)\" y=\"\(y + cell / 2 + 4)\" class=\"mid\(share > 0.6 ? " on" : "")\">"
            + "\(HTML.number(100 * share, 0))</text>"
        }
        if kept.indices.contains(row), kept.indices.contains(column),
          linked.contains("\(kept[row])-\(kept[column])")
        {
          let pair = "\(kept[row])-\(kept[column])"
          body = "<a href=\"#pictures\" data-pair=\"\(pair)\" aria-label=\"\(title): pictures\">\(body)</a>"
        }
        svg += body
      }
      svg += "\n"
    }
    let columns = [
      HTML.Column(title: "true class", isNumber: false), .init(title: "right, in percent"),
      .init(title: "number"),
    ]
    let rows = names.indices.map { row -> [String] in
      let sum = counts[row].reduce(0, +)
      return [
        "\(row + 1) \(HTML.name(names[row]))",
        sum == 0 ? "–" : HTML.percent(Double(counts[row][row]) / Double(sum)), "\(sum)",
      ]
    }
    return HTML.paragraph(
      "Percent of each row: true classes down, predicted ones across by number."
        + (linked.isEmpty ? "" : " A cell that is a link shows its pictures."),
      class: "note") + svg + "</svg>\n<details class=\"t\"><summary>As a table</summary>\n"
      + HTML.table("Right of each class", columns, rows) + "</details>\n"
  }

  /// The mistakes that a picture shows, as `true-predicted`, places in the confusion matrix.
  func pairNames(_ picture: PictureFacts, _ evaluation: EvaluationFacts) -> [String] {
    let background = (evaluation.confusion?.names.count ?? 1) - 1
    var names: [String] = []
    if let label = picture.trueClass, let best = picture.best.first?.label, best != label {
      names.append("\(label)-\(best)")
    }
    for shape in picture.predictions where shape.outcome == .swapped || shape.outcome == .vain {
      names.append("\(shape.trueLabel ?? background)-\(shape.label)")
    }
    for shape in picture.truths where shape.outcome == .missed {
      names.append("\(shape.label)-\(background)")
    }
    var seen = Set<String>()
    return names.filter { seen.insert($0).inserted }
  }
}
