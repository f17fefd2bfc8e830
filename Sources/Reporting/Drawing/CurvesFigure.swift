import Analysis
import Foundation
import Imaging

/// The curves of one run or of several beside each other: losses, rate, gradient norm, metrics.
public struct CurvesFigure {
  private let figure: Figure

  /// Draws curves.
  ///
  /// - Parameters:
  ///   - runs: In the order of the legend.
  ///   - keys: Names of the curves that are drawn, a panel each; empty: all, grouped.
  public init(_ runs: [RunCurves], keys: [String] = []) {
    let groups = keys.isEmpty ? Self.groups(of: runs) : keys.map { ($0, [$0]) }
    let charts = groups.compactMap { Self.chart($0.title, names: $0.names, runs) }
    let columns = charts.count > 1 ? 2 : 1
    let rows = stride(from: 0, to: charts.count, by: columns).map {
      Array(charts[$0..<min($0 + columns, charts.count)])
    }
    let heights = rows.map { $0.map(\.height).max() ?? 0 }
    var drawn = Figure(
      width: Int(LineChart.width) * columns, height: Int(heights.reduce(36, +)) + 8,
      title: "Curves of \(runs.map(\.name).joined(separator: ", "))", summary: Self.summary(runs, groups))
    drawn.text(drawn.title, x: 16, y: 24, size: 15)
    var y = 36.0
    for (row, height) in zip(rows, heights) {
      for (column, chart) in row.enumerated() {
        chart.draw(on: &drawn, x: Double(column) * LineChart.width, y: y)
      }
      y += height
    }
    figure = drawn
  }

  /// As an SVG file.
  public var svg: String { figure.svg }
  /// As a picture.
  public var picture: Image { figure.picture }

  /// Names of figures by what they are: a panel each.
  static func groups(of runs: [RunCurves]) -> [(title: String, names: [String])] {
    var names: [String] = []
    var percent: Set<String> = []
    var isOfValidation: Set<String> = []
    for curve in runs.flatMap(\.curves) where !curve.points.isEmpty {
      // COCO's figures are -1 where there is nothing to be found.
      if curve.isOfValidation, curve.points.allSatisfy({ $0.value == -1 }) { continue }
      if !names.contains(curve.name) { names.append(curve.name) }
      if curve.points.contains(where: { $0.value > 1 }) { percent.insert(curve.name) }
      if curve.isOfValidation { isOfValidation.insert(curve.name) }
    }
    let speed: Set<String> = ["time", "data_time", "rank_data_time", "iter_time"]
    let ignored: Set<String> = [
      "memory", "eta", "mem", "max_mem", "epoch", "iter", "wd", "loss_scale", "eta_seconds",
    ]
    func kind(_ name: String) -> String? {
      let last = name.split(separator: "/").last.map(String.init) ?? name
      if ignored.contains(name) { return nil }
      if last.contains("loss") { return "Losses" }
      if last == "lr" || last.hasSuffix("_lr") { return "Learning rate" }
      if last.contains("grad_norm") { return "Gradient norm" }
      if speed.contains(last) { return "Seconds an iteration" }
      if isOfValidation.contains(name) {
        return percent.contains(name) ? "Validation, in percent" : "Validation"
      }
      return "Other figures of training"
    }
    let order = [
      "Losses", "Validation", "Validation, in percent", "Learning rate", "Gradient norm",
      "Other figures of training", "Seconds an iteration",
    ]
    let grouped = Dictionary(grouping: names) { kind($0) ?? "" }
    return order.compactMap { title in grouped[title].map { (title, $0) } }
  }

  private static func chart(_ title: String, names: [String], _ runs: [RunCurves]) -> LineChart? {
    var lines: [LineChart.Line] = []
    for (number, run) in runs.enumerated() {
      for (index, name) in names.enumerated() {
        for curve in run[name] where !curve.points.isEmpty {
          // Several runs: a colour a run and dashes a figure; one run: a colour a figure.
          let colour = runs.count > 1 ? number : lines.count
          lines.append(
            LineChart.Line(
              name: runs.count == 1 ? name : names.count == 1 ? run.name : "\(name) of \(run.name)",
              points: curve.thinned().map { SIMD2($0.step, $0.value) }, colour: colour,
              dash: runs.count > 1 ? index : 0))
        }
      }
    }
    return lines.isEmpty ? nil : LineChart(title: "\(title) over iterations", lines: lines)
  }

  /// The newest figure of each group's first curve.
  private static func summary(_ runs: [RunCurves], _ groups: [(title: String, names: [String])]) -> String {
    let findings = runs.flatMap { run in
      groups.compactMap { group -> String? in
        guard let name = group.names.first, let curve = run[name].first, let first = curve.points.first,
          let last = curve.points.last
        else { return nil }
        let of = runs.count > 1 ? " of \(run.name)" : ""
        return
          "\(name)\(of): \(Axis.short(first.value)) at iteration \(Axis.short(first.step)), "
          + "\(Axis.short(last.value)) at \(Axis.short(last.step))"
      }
    }
    return findings.joined(separator: "; ") + (findings.isEmpty ? "No figures yet" : "") + "."
  }
}
