import Foundation

/// Bars with a name and a number each, one below the other.
struct BarChart {
  /// What the numbers are.
  enum Kind {
    /// How many: the largest fills the width, and what is not shown is added up.
    case counts
    /// Shares of 1.
    case shares
  }

  var title: String
  var bars: [(name: String, value: Double)]
  var kind = Kind.counts

  static let width = 620.0
  /// More counts would be a picture that nobody scrolls through: the largest are shown.
  private static let most = 60

  private var shown: [(name: String, value: Double)] {
    guard kind == .counts, bars.count > Self.most else { return bars }
    let largest = bars.sorted { $0.value > $1.value }
    let rest = largest.dropFirst(Self.most - 1)
    return largest.prefix(Self.most - 1) + [("\(rest.count) others", rest.reduce(0) { $0 + $1.value })]
  }

  var height: Double { 40 + Double(shown.count) * 20 + 12 }

  /// Draws it with its upper left corner at a point.
  func draw(on figure: inout Figure, x: Double, y: Double) {
    figure.text(title, x: x + 16, y: y + 22, size: 14)
    let largest = kind == .shares ? 1 : max(1, shown.map(\.value).max() ?? 1)
    for (index, bar) in shown.enumerated() {
      let top = y + 40 + Double(index) * 20
      let name = bar.name.count > 22 ? bar.name.prefix(21) + "…" : bar.name[...]
      figure.text(String(name), x: x + 168, y: top + 12, size: 12, anchor: .end)
      let length = 360 * min(bar.value, largest) / largest
      figure.box(x: x + 176, y: top, width: length, height: 15, Ink.curves[0])
      let text = String(format: kind == .shares ? "%.3f" : "%.0f", bar.value)
      figure.text(text, x: x + 182 + length, y: top + 12, size: 12)
    }
  }
}
