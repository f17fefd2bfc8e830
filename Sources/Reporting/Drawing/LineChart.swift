import Foundation

/// Lines over a common axis, with a legend: one panel of a figure.
struct LineChart {
  /// A line.
  struct Line {
    var name: String
    /// By rising x.
    var points: [SIMD2<Double>]
    /// Which of the colours, and of the dashes behind them.
    var colour: Int
    /// More than the colour says.
    var dash = 0
  }

  var title: String
  var lines: [Line]

  static let width = 480.0
  private static let plotHeight = 190.0
  private static let (left, right) = (64.0, 16.0)
  private static let rowHeight = 16.0
  /// Names a panel tells; more would leave no room for lines.
  private static let mostNames = 16

  private var shown: [Line] { Array(lines.prefix(Self.mostNames)) }
  private var legendRows: Int { (shown.count + (lines.count > shown.count ? 1 : 0) + 1) / 2 }

  /// With title, legend and axis.
  var height: Double { 34 + Double(legendRows) * Self.rowHeight + Self.plotHeight + 34 }

  /// Draws it with its upper left corner at a point.
  func draw(on figure: inout Figure, x: Double, y: Double) {
    figure.text(title, x: x + 16, y: y + 20, size: 14)
    var top = y + 34
    for (index, line) in shown.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: 2)
      let (legendX, legendY) = (x + 16 + Double(column) * 230, top + Double(row) * Self.rowHeight)
      figure.line(
        [SIMD2(legendX, legendY + 6), SIMD2(legendX + 24, legendY + 6)], Self.colour(line), width: 2,
        dashes: Self.dashes(line))
      figure.text(Self.shortened(line.name), x: legendX + 30, y: legendY + 10, size: 11)
    }
    if lines.count > shown.count {
      let (row, column) = shown.count.quotientAndRemainder(dividingBy: 2)
      figure.text(
        "and \(lines.count - shown.count) more", x: x + 16 + Double(column) * 230,
        y: top + Double(row) * Self.rowHeight + 10, size: 11, Ink.grey)
    }
    top += Double(legendRows) * Self.rowHeight + 6
    let horizontal = Axis(lines.lazy.flatMap { $0.points.lazy.map(\.x) }, ticks: 5)
    let vertical = Axis(lines.lazy.flatMap { $0.points.lazy.map(\.y) }, ticks: 5)
    let (plotX, plotWidth) = (x + Self.left, Self.width - Self.left - Self.right)
    for label in vertical.labels {
      let at = top + Self.plotHeight * (1 - vertical.place(label.value))
      figure.line([SIMD2(plotX, at), SIMD2(plotX + plotWidth, at)], Ink.pale)
      figure.text(label.text, x: plotX - 6, y: at + 4, size: 11, anchor: .end)
    }
    for label in horizontal.labels {
      let at = plotX + plotWidth * horizontal.place(label.value)
      figure.line([SIMD2(at, top + Self.plotHeight), SIMD2(at, top + Self.plotHeight + 4)], Ink.grey)
      figure.text(label.text, x: at, y: top + Self.plotHeight + 18, size: 11, anchor: .middle)
    }
    figure.line(
      [SIMD2(plotX, top + Self.plotHeight), SIMD2(plotX + plotWidth, top + Self.plotHeight)], Ink.grey)
    for line in lines {
      let points = line.points.map {
        SIMD2(
          plotX + plotWidth * horizontal.place($0.x), top + Self.plotHeight * (1 - vertical.place($0.y)))
      }
      figure.line(points, Self.colour(line), width: 1.5, dashes: Self.dashes(line))
      if points.count <= 30 { for point in points { figure.dot(point, radius: 2.5, Self.colour(line)) } }
    }
  }

  private static func colour(_ line: Line) -> SIMD3<UInt8> { Ink.curves[line.colour % Ink.curves.count] }

  private static func dashes(_ line: Line) -> [Double] {
    Ink.dashes[(line.colour / Ink.curves.count + line.dash) % Ink.dashes.count]
  }

  private static func shortened(_ name: String) -> String {
    name.count > 30 ? "…" + name.suffix(29) : name
  }
}
