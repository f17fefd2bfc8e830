import Imaging
import Modeling

/// A confusion matrix: a row a true class, a column a predicted one, cells tinted by their share of the row.
public struct ConfusionFigure {
  private let figure: Figure

  /// Classes that are shown one by one; the rest goes together.
  private static let most = 40
  private static let cell = 34.0

  /// Draws a matrix; of more than 40 classes the most frequent ones, and the rest as one.
  public init(_ confusion: ClassConfusion) {
    let (names, counts) = Self.condensed(confusion)
    let (left, top) = (190.0, 70.0)
    let side = Double(names.count) * Self.cell
    let totals = counts.map { $0.reduce(0, +) }
    let right = names.indices.reduce(0) { $0 + counts[$1][$1] }
    let all = totals.reduce(0, +)
    var drawn = Figure(
      width: Int(left + side) + 20, height: Int(top + side) + 20,
      title: "Confusion matrix in percent of \(confusion.unit) of a class",
      summary:
        "\(right) of \(all) \(confusion.unit) are on the diagonal; rows are true classes, columns predicted ones."
    )
    drawn.text(drawn.title, x: 16, y: 22, size: 14)
    drawn.text("rows: true; columns: predicted, by number", x: 16, y: 42, size: 12, Ink.grey)
    for (row, name) in names.enumerated() {
      let y = top + Double(row) * Self.cell
      let text = "\(row) \(name)"
      drawn.text(
        text.count > 24 ? text.prefix(23) + "…" : text, x: left - 8, y: y + 21, size: 12, anchor: .end)
      drawn.text(
        "\(row)", x: left + (Double(row) + 0.5) * Self.cell, y: top - 6, size: 12, anchor: .middle)
      for column in names.indices {
        let share = totals[row] == 0 ? 0 : Double(counts[row][column]) / Double(totals[row])
        let x = left + Double(column) * Self.cell
        let ground = Ink.shade(share)
        drawn.box(
          x: x, y: y, width: Self.cell - 1, height: Self.cell - 1, totals[row] == 0 ? Ink.pale : ground)
        guard share >= 0.005 else { continue }
        drawn.text(
          "\(Int((100 * share).rounded()))", x: x + Self.cell / 2, y: y + 21, size: 11, anchor: .middle,
          share > 0.55 ? Ink.white : Ink.black, ground: ground)
      }
    }
    figure = drawn
  }

  /// As an SVG file.
  public var svg: String { figure.svg }
  /// As a picture.
  public var picture: Image { figure.picture }

  private static func condensed(_ confusion: ClassConfusion) -> (names: [String], counts: [[Int]]) {
    let count = confusion.names.count
    guard count > 0 else { return ([], []) }
    var totals = [Int](repeating: 0, count: count)
    for (cell, value) in confusion.counts where cell >= 0 && cell / count < count {
      totals[cell / count] += value
    }
    var kept = Array(0..<count)
    if count > most {
      kept = kept.sorted { (totals[$1], $0) < (totals[$0], $1) }.prefix(most - 1).sorted()
    }
    var place = [Int](repeating: kept.count, count: count)
    for (index, label) in kept.enumerated() { place[label] = index }
    let side = kept.count + (count > kept.count ? 1 : 0)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: side), count: side)
    for (cell, value) in confusion.counts where cell >= 0 && cell / count < count {
      counts[place[cell / count]][place[cell % count]] += value
    }
    let names = kept.map { confusion.names[$0] }
    return (count > kept.count ? names + ["\(count - kept.count) others"] : names, counts)
  }
}
