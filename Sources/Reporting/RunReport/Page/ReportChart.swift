import Foundation

/// A panel of lines, as SVG in the page: readable at 320 pixels, with a table below it.
struct ReportChart {
  /// A line.
  struct Line {
    var name: String
    /// By rising x.
    var points: [SIMD2<Double>]
    /// A point that is marked, and what it is: the best of a metric.
    var mark: SIMD2<Double>?
  }

  var title: String
  /// What it says, for those who do not see it.
  var finding: String
  var lines: [Line]
  var horizontal = "iteration"
  /// The ends of the horizontal axis, where it is that of other panels, too.
  var range: ClosedRange<Double>?
  /// Whether it can be read on a logarithmic axis, too.
  var hasLogarithm = false
  /// Whether zero and one are the ends of the vertical axis.
  var isOfShares = false

  private static let (width, height) = (420.0, 230.0)
  private static let (left, right, top, bottom) = (50.0, 10.0, 10.0, 40.0)
  private static let (plotWidth, plotHeight) = (width - left - right, height - top - bottom)
  /// More would be no lines to tell apart: the rest is in the table.
  private static let mostLines = 8
  private static let (mostRows, mostColumns) = (40, 12)
  static let dashes = ["", "7 3", "2 3", "9 3 2 3", "12 4", "5 5", "1 4", "9 3 2 3 2 3"]

  private func place(_ value: Double, in ends: ClosedRange<Double>) -> Double {
    min(1, max(0, (value - ends.lowerBound) / max(1e-300, ends.upperBound - ends.lowerBound)))
  }

  /// The figure as HTML.
  func html() -> String {
    let shown = lines.filter { !$0.points.isEmpty }
    guard !shown.isEmpty else { return "" }
    let drawn = Array(shown.prefix(Self.mostLines))
    let across = Axis(shown.lazy.flatMap { $0.points.lazy.map(\.x) }, ticks: 4)
    let ends = range ?? (isOfShares ? 0...1 : across.range)
    let upright =
      isOfShares ? Axis([0, 1], ticks: 5) : Axis(drawn.lazy.flatMap { $0.points.lazy.map(\.y) }, ticks: 4)
    let ticks =
      isOfShares || range != nil ? Axis([ends.lowerBound, ends.upperBound], ticks: 4).labels : across.labels
    let canLog = hasLogarithm && drawn.allSatisfy { $0.points.contains { $0.y > 0 } }
    var svg =
      "<svg class=\"chart\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
      + "data-x=\"\(ends.lowerBound),\(ends.upperBound)\">"
      + "<title>\(HTML.text(title))</title><desc>\(HTML.text(finding, limit: 600))</desc>\n"
    for tick in ticks where ends.contains(tick.value) {
      let x = Self.left + Self.plotWidth * place(tick.value, in: ends)
      svg +=
        "<text x=\"\(n(x))\" y=\"\(n(Self.height - Self.bottom + 16))\" class=\"tick mid\">\(tick.text)</text>"
    }
    svg +=
      "<text x=\"\(n(Self.left + Self.plotWidth / 2))\" y=\"\(n(Self.height - 5))\" class=\"tick mid\">"
      + "\(HTML.text(horizontal))</text>\n"
    svg += layer(drawn, ends, upright.range, upright.labels, name: canLog ? "lin" : "", isLog: false)
    if canLog {
      let values = drawn.flatMap { $0.points.map(\.y) }.filter { $0 > 0 }.map(log10)
      let (low, high) = ((values.min() ?? 0).rounded(.down), (values.max() ?? 1).rounded(.up))
      let span = low...max(high, low + 1)
      let every = max(1, ((span.upperBound - span.lowerBound) / 5).rounded(.up))
      let labels = stride(from: low, through: span.upperBound, by: every).map {
        (text: Axis.short(pow(10, $0)), value: $0)
      }
      svg += layer(drawn, ends, span, labels, name: "log", isLog: true)
    }
    svg += "<line class=\"cursor\" y1=\"\(n(Self.top))\" y2=\"\(n(Self.top + Self.plotHeight))\"/></svg>\n"
    let legend = drawn.enumerated().map { index, line in
      "<li><svg class=\"key\" viewBox=\"0 0 28 8\" aria-hidden=\"true\"><path d=\"M0 4H28\" \(Self.pen(index))/></svg> "
        + "\(HTML.name(line.name)) <output></output></li>"
    }.joined()
    let more =
      shown.count > drawn.count ? "<li>\(shown.count - drawn.count) more in the table</li>" : ""
    let toggle =
      canLog ? "<label class=\"toggle\"><input type=\"checkbox\" class=\"lg\"> logarithmic</label>" : ""
    return
      "<figure class=\"panel\"><figcaption>\(HTML.text(title))\(toggle)</figcaption>\n\(svg)<ul class=\"legend\">\(legend)\(more)</ul>\n"
      + "\(table(shown))</figure>\n"
  }

  private func layer(
    _ drawn: [Line], _ ends: ClosedRange<Double>, _ span: ClosedRange<Double>,
    _ labels: [(text: String, value: Double)], name: String, isLog: Bool
  ) -> String {
    var svg = name.isEmpty ? "<g>" : "<g class=\"\(name)\">"
    func y(_ value: Double) -> Double { Self.top + Self.plotHeight * (1 - place(value, in: span)) }
    for label in labels where span.contains(label.value) {
      let at = y(label.value)
      svg +=
        "<path class=\"grid\" d=\"M\(n(Self.left)) \(n(at))H\(n(Self.left + Self.plotWidth))\"/>"
        + "<text x=\"\(n(Self.left - 5))\" y=\"\(n(at + 4))\" class=\"tick end\">\(label.text)</text>"
    }
    for (index, line) in drawn.enumerated() {
      let points = line.points.filter { !isLog || $0.y > 0 }.map {
        SIMD2(Self.left + Self.plotWidth * place($0.x, in: ends), y(isLog ? log10($0.y) : $0.y))
      }
      let text = points.map { "\(n($0.x)),\(n($0.y))" }.joined(separator: " ")
      svg +=
        "<polyline data-k=\"\(index)\" data-y=\"\(span.lowerBound),\(span.upperBound)\(isLog ? ",1" : "")\" "
        + "points=\"\(text)\" \(Self.pen(index))/>"
      if points.count <= 30 {
        for point in points {
          svg += "<circle cx=\"\(n(point.x))\" cy=\"\(n(point.y))\" r=\"2.5\" class=\"f\(index % 4)\"/>"
        }
      }
      if let mark = line.mark, !isLog || mark.y > 0 {
        let (cx, cy) = (
          Self.left + Self.plotWidth * place(mark.x, in: ends), y(isLog ? log10(mark.y) : mark.y)
        )
        svg +=
          "<path class=\"best\" d=\"M\(n(cx)) \(n(cy - 7))l5 7l-5 7l-5-7z\"><title>best: \(Axis.short(mark.y)) at \(Axis.short(mark.x))</title></path>"
      }
    }
    return svg + "</g>\n"
  }

  /// How the line of a number is drawn: colour and dash, so that neither tells it alone.
  static func pen(_ index: Int) -> String {
    let dash = dashes[index % dashes.count]
    return "class=\"s\(index % 4)\"\(dash.isEmpty ? "" : " stroke-dasharray=\"\(dash)\"")"
  }

  private func n(_ value: Double) -> String {
    let tenths = (value * 10).rounded()
    guard abs(tenths) < 1e9 else { return "0" }
    let whole = Int(tenths)
    return whole % 10 == 0 ? "\(whole / 10)" : "\(Double(whole) / 10)"
  }

  private func table(_ shown: [Line]) -> String {
    let shown = Array(shown.prefix(Self.mostColumns))
    let all = Set(shown.flatMap { $0.points.map(\.x) }).sorted()
    let stride = max(1, (all.count + Self.mostRows - 1) / Self.mostRows)
    let steps = all.indices.filter { $0 % stride == 0 || $0 == all.count - 1 }.map { all[$0] }
    let values = shown.map { line in Dictionary(line.points.map { ($0.x, $0.y) }) { first, _ in first } }
    let rows = steps.map { step in
      [Axis.short(step)] + values.map { $0[step].map(Axis.short) ?? "–" }
    }
    let body = HTML.table(
      HTML.text(title),
      [HTML.Column(title: HTML.text(horizontal))]
        + shown.enumerated().map { HTML.Column(title: HTML.name($1.name), isExtra: $0 > 3) }, rows)
    return "<details class=\"t\"><summary>As a table</summary>\n\(body)</details>\n"
  }
}
