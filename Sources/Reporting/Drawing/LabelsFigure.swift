import Data
import Imaging

/// What is in a data set: objects (or images, or pixels) a class, and how large the objects are.
public struct LabelsFigure {
  private let figure: Figure

  /// As many images are looked at, spread over the data set: counting all of a million would delay its training.
  private static let (mostImages, mostLabelMaps) = (20_000, 40)

  /// Counts what a data set says of its images, before any pipeline.
  ///
  /// - Returns: Nil where it says nothing.
  /// - Throws: Errors of the data set's files.
  public init?(_ dataset: any Dataset) throws {
    let names = dataset.metainfo.classes
    var counts = [Int](repeating: 0, count: names.count)
    // Sides from 4 pixels on, each twice the one before.
    var sizes = [Int](repeating: 0, count: 9)
    var unit = ""
    var limit = Self.mostImages
    var seen = 0
    var place = 0
    func count(_ label: Int, _ amount: Int = 1) {
      if counts.indices.contains(label) { counts[label] += amount }
    }
    while place < dataset.count {
      let sample = try dataset.sample(at: place)
      if let label = sample.classLabel {
        unit = "images"
        count(label)
      } else if let path = sample.labelMapPath {
        (unit, limit) = ("pixels", Self.mostLabelMaps)
        // Numbers of label maps are of 16 bits.
        var stored = [Int](repeating: 0, count: 65_536)
        for value in try LabelMap.read(file: path).pixels { stored[Int(value) & 0xFFFF] += 1 }
        for (value, amount) in stored.enumerated() where amount > 0 {
          if case .label(let label) = sample.labels.reading(of: Int32(value)) { count(Int(label), amount) }
        }
      } else {
        if !sample.annotations.isEmpty { unit = "objects" }
        for object in sample.annotations where !object.isIgnored {
          count(object.label)
          let area = max(0, object.box[2] - object.box[0]) * max(0, object.box[3] - object.box[1])
          let side = area.squareRoot()
          sizes[(0..<8).first { side < Float(8 << $0) } ?? 8] += 1
        }
      }
      seen += 1
      place += max(1, dataset.count / limit)
    }
    guard !unit.isEmpty, counts.contains(where: { $0 > 0 }) else { return nil }
    let part = seen < dataset.count ? " in \(seen) of \(dataset.count) images" : ""
    var charts = [
      BarChart(title: "\(unit) of a class\(part)", bars: Array(zip(names, counts.map(Double.init))))
    ]
    if unit == "objects" {
      let bars = sizes.enumerated().map { index, count in
        let name = index == 0 ? "below 8" : index == 8 ? "1024 and more" : "\(4 << index) to \(8 << index)"
        return (name: name, value: Double(count))
      }
      charts.append(BarChart(title: "sizes: root of the box's area, in pixels of the file", bars: bars))
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
