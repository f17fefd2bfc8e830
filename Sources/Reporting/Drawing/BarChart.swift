/// Bars with a name and a number each, one below the other.
struct BarChart {
  var title: String
  var bars: [(name: String, value: Int)]

  static let width = 620.0
  /// More would be a picture that nobody scrolls through: the largest are shown.
  private static let most = 60

  private var shown: [(name: String, value: Int)] {
    guard bars.count > Self.most else { return bars }
    let largest = bars.sorted { $0.value > $1.value }
    let rest = largest.dropFirst(Self.most - 1)
    return largest.prefix(Self.most - 1)
      + [("\(rest.count) others", rest.reduce(0) { $0.addingReportingOverflow($1.value).partialValue })]
  }

  var height: Double { 40 + Double(shown.count) * 20 + 12 }

  /// Draws it with its upper left corner at a point.
  func draw(on figure: inout Figure, x: Double, y: Double) {
    figure.text(title, x: x + 16, y: y + 22, size: 14)
    let largest = Double(max(1, shown.map(\.value).max() ?? 1))
    for (index, bar) in shown.enumerated() {
      let top = y + 40 + Double(index) * 20
      let name = bar.name.count > 22 ? bar.name.prefix(21) + "…" : bar.name[...]
      figure.text(String(name), x: x + 168, y: top + 12, size: 12, anchor: .end)
      let length = 360 * Double(bar.value) / largest
      figure.box(x: x + 176, y: top, width: length, height: 15, Ink.curves[0])
      figure.text("\(bar.value)", x: x + 182 + length, y: top + 12, size: 12)
    }
  }
}
