import Data
import Imaging

/// What is in a data set: objects (or images, or pixels) a class, and how large the objects are.
public struct LabelsFigure {
  private let figure: Figure

  /// Counts what a data set says of its images, before any pipeline.
  ///
  /// - Returns: Nil where it says nothing.
  /// - Throws: Errors of the data set's files.
  public init?(_ dataset: any Dataset) throws { self.init(try LabelCounts(dataset)) }

  /// Draws counts.
  ///
  /// - Returns: Nil where there are none.
  package init?(_ labels: LabelCounts) {
    guard !labels.isEmpty else { return nil }
    let (names, counts, unit) = (labels.classes, labels.counts, labels.unit)
    var charts = [
      BarChart(title: "\(unit) of a class\(labels.part)", bars: Array(zip(names, counts.map(Double.init))))
    ]
    if unit == "objects" {
      charts.append(
        BarChart(
          title: "sizes: root of the box's area, in pixels of the file",
          bars: Array(zip(LabelCounts.sizeNames, labels.sizes.map(Double.init)))))
    }
    let largest = zip(names, counts).max { $0.1 < $1.1 }
    var drawn = Figure(
      width: Int(BarChart.width), height: Int(charts.reduce(0) { $0 + $1.height }) + 12,
      title: "Labels of the training data",
      summary: "\(counts.reduce(0, +)) \(unit) of \(names.count) classes; most are \(largest?.0 ?? "none").")
    var y = 0.0
    for chart in charts {
      chart.draw(on: &drawn, x: 0, y: y)
      y += chart.height
    }
    figure = drawn
  }

  /// As an SVG file.
  public var svg: String { figure.svg }
  /// As a picture.
  public var picture: Image { figure.picture }
}
