import Coco
import Files
import Foundation
import Imaging
import Modeling

/// Pictures of a COCO evaluation, each as PNG and as SVG: precision over recall, the confusion of classes, how far scores
/// can be trusted, and the figures by size, by the number of objects, by kind of error and by class.
public struct CocoAnalysisPlots {
  private let figures: [(name: String, figure: any DrawnFigure)]

  /// Draws what an analysis found.
  public init(_ analysis: CocoAnalysis, _ summary: CocoSummary) {
    let type = summary.iouType.rawValue
    figures = [
      ("\(type)_precision_recall", Self.curves(analysis)),
      ("\(type)_confusion_matrix", ConfusionFigure(Self.confusion(analysis))),
      ("\(type)_calibration", Self.calibration(analysis.calibration)),
      ("\(type)_figures", Self.bars(analysis, summary)),
    ]
  }

  /// Writes the pictures into a folder that exists.
  ///
  /// - Throws: `FileError` with the system's reason.
  public func write(into folder: String) throws {
    for (name, figure) in figures {
      try AtomicFile.write(Array(figure.svg.utf8), to: Folder.join(folder, "\(name).svg"))
      try figure.picture.writePNG(to: Folder.join(folder, "\(name).png"))
    }
  }

  /// The names of the files, without their endings.
  var names: [String] { figures.map(\.name) }

  private static func curves(_ analysis: CocoAnalysis) -> Figure {
    let recalls = (0...100).map { Double($0) / 100 }
    // Classes without an object have no curve.
    let known = analysis.curves.filter { $0.curve.precision.contains { $0 >= 0 } }
    func mean(_ curve: CocoAnalysis.Curve) -> Double {
      curve.curve.precision.reduce(0, +) / Double(curve.curve.precision.count)
    }
    let whole = recalls.indices.map { recall in
      known.reduce(0) { $0 + $1.curve.precision[recall] } / Double(max(1, known.count))
    }
    let best = known.indices.sorted {
      mean(known[$0]) != mean(known[$1]) ? mean(known[$0]) > mean(known[$1]) : $0 < $1
    }
    func points(_ precisions: [Double]) -> [SIMD2<Double>] { zip(recalls, precisions).map { SIMD2($0, $1) } }
    var lines =
      known.isEmpty ? [] : [LineChart.Line(name: "mean of classes", points: points(whole), colour: 6)]
    // Of many classes the best and the worst are drawn: more lines say nothing.
    let shown = best.count > 14 ? best.prefix(7) + best.suffix(7) : best[...]
    for (number, index) in shown.enumerated() {
      let colour = number < 6 ? number : number + 1
      lines.append(
        LineChart.Line(
          name: "\(known[index].name) \(String(format: "%.3f", mean(known[index])))",
          points: points(known[index].curve.precision), colour: colour))
    }
    return chart(
      LineChart(title: "Precision over recall at the overlap 0.5", lines: lines),
      summary: known.isEmpty
        ? "No class has an object."
        : "The mean of \(known.count) classes is \(String(format: "%.3f", whole.reduce(0, +) / 101)).")
  }

  private static func calibration(_ calibration: CocoAnalysis.Calibration) -> Figure {
    let points = calibration.bins.compactMap { bin -> SIMD2<Double>? in
      if let score = bin.score, let right = bin.right { SIMD2(score, right) } else { nil }
    }
    let error = calibration.expectedError.map { String(format: "%.3f", $0) } ?? "not known"
    return chart(
      LineChart(
        title: "Share of right detections over score",
        lines: [
          LineChart.Line(name: "as it should be", points: [SIMD2(0, 0), SIMD2(1, 1)], colour: 6, dash: 1),
          LineChart.Line(name: "detections, error \(error)", points: points, colour: 0),
        ]), summary: "Scores differ from the share of right detections by \(error) in the mean.")
  }

  private static func chart(_ chart: LineChart, summary: String) -> Figure {
    var figure = Figure(
      width: Int(LineChart.width), height: Int(chart.height) + 8, title: chart.title, summary: summary)
    chart.draw(on: &figure, x: 0, y: 0)
    return figure
  }

  private static func confusion(_ analysis: CocoAnalysis) -> ClassConfusion {
    let names = analysis.classes.map(\.name) + ["background"]
    var confusion = ClassConfusion(names: names, unit: "objects")
    for (row, counts) in analysis.confusion.enumerated() {
      for (column, count) in counts.enumerated() { confusion[row, column] = count }
    }
    return confusion
  }

  private static func bars(_ analysis: CocoAnalysis, _ summary: CocoSummary) -> Figure {
    // -1 stands for "no such object".
    func known(_ bars: [(String, Double)]) -> [(name: String, value: Double)] {
      bars.filter { $0.1 >= 0 }.map { (name: $0.0, value: $0.1) }
    }
    let stats = summary.stats
    let charts = [
      BarChart(
        title: "Average precision by size",
        bars: known(
          [("all", stats[0]), ("small", stats[3]), ("medium", stats[4]), ("large", stats[5])]), kind: .shares),
      BarChart(
        title: "AP50 by the number of objects in an image",
        bars: known(
          analysis.crowding.map { group in
            ("\(group.from)\(group.to.map { "-\($0)" } ?? " or more")", group.averagePrecision50 / 100)
          }), kind: .shares),
      BarChart(
        title: "AP50 that mending a kind of error would add",
        bars: known(
          ErrorSplit.Kind.allCases.map { ($0.rawValue, (analysis.errors.gains[$0] ?? 0) / 100) }),
        kind: .shares),
      BarChart(
        title: "Average precision by class",
        bars: known(summary.perClass.map { ($0.name, $0.averagePrecision) }),
        kind: .shares),
    ].filter { !$0.bars.isEmpty }
    var figure = Figure(
      width: Int(BarChart.width), height: Int(charts.reduce(0) { $0 + $1.height }) + 12,
      title: "Figures of \(summary.iouType.rawValue)",
      summary: "Average precision is \(String(format: "%.3f", stats[0])).")
    var y = 0.0
    for chart in charts {
      chart.draw(on: &figure, x: 0, y: y)
      y += chart.height
    }
    return figure
  }
}

/// What can be written as SVG and as a picture.
protocol DrawnFigure {
  /// As an SVG file.
  var svg: String { get }
  /// As a picture.
  var picture: Image { get }
}

extension Figure: DrawnFigure {}
extension ConfusionFigure: DrawnFigure {}
