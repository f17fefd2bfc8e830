import Analysis
import Imaging

/// What a model takes and comes to over sizes of pictures, a panel a figure.
public struct ScaleFigure {
  private let figure: Figure

  /// Draws a report; several reports are lines of one panel.
  public init(_ reports: [(name: String, report: ScaleReport)]) {
    func lines(_ value: (ScaleReport.Point) -> Double?) -> [LineChart.Line] {
      reports.enumerated().map { number, entry in
        let points = entry.report.points.compactMap { point in value(point).map { SIMD2(point.side, $0) } }
        return LineChart.Line(name: entry.name, points: points.sorted { $0.x < $1.x }, colour: number)
      }
    }
    var names: [String] = []
    for name in reports.flatMap(\.report.shown) where !names.contains(name) { names.append(name) }
    let charts =
      (names.map { name in
        LineChart(title: "\(name) over the side in pixels", lines: lines { $0.metrics[name] })
      } + [
        LineChart(
          title: "GFLOPs over the side in pixels", lines: lines { $0.flops.map { Double($0) / 1e9 } }),
        LineChart(title: "Milliseconds a picture over the side in pixels", lines: lines { $0.milliseconds }),
        LineChart(title: "MiB over the side in pixels", lines: lines { Double($0.peakMemory) / 1_048_576 }),
      ]).filter { $0.lines.contains { !$0.points.isEmpty } }
    let columns = charts.count > 1 ? 2 : 1
    let height = charts.map(\.height).max() ?? 0
    let rows = (charts.count + columns - 1) / columns
    var drawn = Figure(
      width: Int(LineChart.width) * columns, height: Int(36 + Double(rows) * height) + 8,
      title: "Sizes of pictures: \(reports.map(\.name).joined(separator: ", "))",
      summary: reports.map { "\($0.name): \($0.report.points.count) sizes" }.joined(separator: "; ") + ".")
    drawn.text(drawn.title, x: 16, y: 24, size: 15)
    for (number, chart) in charts.enumerated() {
      let (row, column) = number.quotientAndRemainder(dividingBy: columns)
      chart.draw(on: &drawn, x: Double(column) * LineChart.width, y: 36 + Double(row) * height)
    }
    figure = drawn
  }

  /// As an SVG file.
  public var svg: String { figure.svg }
  /// As a picture.
  public var picture: Image { figure.picture }
}
