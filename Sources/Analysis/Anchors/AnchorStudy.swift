import Data
import Files
import Foundation

/// The anchors of a config beside such as fit the data better.
public struct AnchorStudy: Sendable, Encodable {
  /// Settings of mm's `AnchorGenerator`.
  public struct Settings: Sendable, Encodable, Equatable {
    /// Sides over strides.
    public var scales: [Double]
    /// Heights over widths.
    public var ratios: [Double]
    /// Pixels of the image a cell.
    public var strides: [Int]

    /// Scales, ratios and strides.
    public init(scales: [Double], ratios: [Double], strides: [Int]) {
      (self.scales, self.ratios, self.strides) = (scales, ratios, strides)
    }

    /// The anchors of all levels, as sizes.
    public var anchors: [BoxSides] {
      strides.flatMap { stride in
        ratios.flatMap { ratio in
          scales.map { scale in
            let side = Double(stride) * scale
            return BoxSides(side / ratio.squareRoot(), side * ratio.squareRoot())
          }
        }
      }
    }
  }

  /// Settings with their fit.
  public struct Candidate: Sendable, Encodable {
    /// What the generator would be told.
    public var settings: Settings
    /// How well it fits.
    public var fit: AnchorFit
  }

  /// Images and boxes that were looked at, behind the training pipeline.
  public let images, boxes: Int
  /// The config's anchors.
  public let current: Candidate
  /// As many scales and ratios, fitted to the boxes; strides stay.
  public let fitted: Candidate
  /// As many free shapes as the config has anchors of all levels, in pixels: no generator has them, but none fits better.
  public let shapes: [[Double]]
  /// Their fit.
  public let shapesFit: AnchorFit

  enum CodingKeys: String, CodingKey {
    case images, boxes, current, fitted, shapes
    case shapesFit = "shapes_fit"
  }

  /// Fits anchors.
  ///
  /// - Parameters:
  ///   - current: The config's.
  ///   - boxes: Of the objects, behind the training pipeline.
  ///   - images: How many images they are from, for the report.
  public init(_ current: Settings, boxes: [BoxSides], images: Int) {
    let boxes = boxes.filter { $0.x > 0 && $0.y > 0 }
    (self.images, self.boxes) = (images, boxes.count)
    self.current = Candidate(settings: current, fit: AnchorFit(current.anchors, to: boxes))
    // What cannot be told from its sizes alone: the config's own stays in the race.
    let better = Self.fitted(current, to: boxes)
    let fit = AnchorFit(better.anchors, to: boxes)
    fitted = fit.meanIoU > self.current.fit.meanIoU ? Candidate(settings: better, fit: fit) : self.current
    let shapes = AnchorFit.clusters(boxes, count: current.anchors.count)
    self.shapes = shapes.map { [$0.x, $0.y].map { ($0 * 10).rounded() / 10 } }
    shapesFit = AnchorFit(shapes, to: boxes)
  }

  /// Sides of the boxes of a data set, as training sees them.
  ///
  /// - Parameters:
  ///   - dataset: That of training: its pipeline is run.
  ///   - limit: At most so many images, spread over the data set.
  ///   - seed: Of the pipeline's random numbers.
  ///   - progress: Told before each image how many are done, and of how many.
  /// - Throws: Errors of the data set's files.
  public static func boxes(
    of dataset: any Dataset, limit: Int, seed: UInt64, progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> (sides: [BoxSides], images: Int) {
    let step = max(1, (dataset.count + max(1, limit) - 1) / max(1, limit))
    let places = Array(stride(from: 0, to: dataset.count, by: step))
    var sides: [BoxSides] = []
    for (number, place) in places.enumerated() {
      progress(number, places.count)
      let sample = try dataset.load(index: place, number: place, seed: seed)
      guard let instances = sample.instances else { continue }
      for index in 0..<instances.boxes.count where !instances.isIgnored[index] {
        let box = instances.boxes[index]
        sides.append(BoxSides(Double(box[2] - box[0]), Double(box[3] - box[1])))
      }
    }
    return (sides, places.count)
  }

  /// Ratios are the centres of the boxes' own; scales are tried in steps of an eighth of an octave, evenly over an octave
  /// where there are several.
  private static func fitted(_ current: Settings, to boxes: [BoxSides]) -> Settings {
    guard !boxes.isEmpty else { return current }
    let logs = boxes.map { log($0.y / $0.x) }.sorted()
    let ratios = centres(of: logs, count: current.ratios.count).map { (exp($0) * 100).rounded() / 100 }
      .map { max(0.01, $0) }
    let sample =
      boxes.count > 4000
      ? stride(from: 0, to: boxes.count, by: boxes.count / 4000 + 1).map { boxes[$0] } : boxes
    let count = current.scales.count
    var best = (settings: current, fit: -1.0)
    for ratios in [ratios, current.ratios] {
      for eighth in -16...48 {
        let first = exp2(Double(eighth) / 8)
        let scales = (0..<count).map { (first * exp2(Double($0) / Double(count)) * 100).rounded() / 100 }
        let settings = Settings(scales: scales, ratios: ratios, strides: current.strides)
        let fit = AnchorFit(settings.anchors, to: sample).meanIoU
        if fit > best.fit { best = (settings, fit) }
      }
    }
    return best.settings
  }

  /// Centres of numbers in rising order, by k-means from even quantiles.
  private static func centres(of sorted: [Double], count: Int) -> [Double] {
    var centres = (0..<count).map { sorted[min(sorted.count - 1, (2 * $0 + 1) * sorted.count / (2 * count))] }
    for _ in 0..<100 {
      var (sums, counts) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
      for value in sorted {
        let owner = centres.indices.min { abs(centres[$0] - value) < abs(centres[$1] - value) } ?? 0
        sums[owner] += value
        counts[owner] += 1
      }
      let next = centres.indices.map { counts[$0] > 0 ? sums[$0] / counts[$0] : centres[$0] }
      if next == centres { break }
      centres = next
    }
    return centres.sorted()
  }

  /// A table for the terminal, and what to write into the config.
  public func text() -> String {
    func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
    func row(_ name: String, _ fit: AnchorFit, _ settings: Settings?) -> [String] {
      [name, String(format: "%.3f", fit.meanIoU), percent(fit.above50), percent(fit.above70)]
        + [
          settings.map { "scales \(Self.list($0.scales)), ratios \(Self.list($0.ratios))" }
            ?? "\(shapes.count) shapes"
        ]
    }
    let table = TextTable(
      [.left(), .right(), .right(), .right(), .left()],
      rows: [
        ["anchors", "mean IoU", "IoU >= 0.5", "IoU >= 0.7", ""],
        row("of the config", current.fit, current.settings),
        row("fitted", fitted.fit, fitted.settings), row("k-means", shapesFit, nil),
      ])
    let head = "\(boxes) boxes in \(images) images, strides \(current.settings.strides)"
    guard fitted.settings != current.settings else {
      return head + "\n" + table.text + "\nnothing fits better"
    }
    let key = "model.rpn_head.anchor_generator"
    return head + "\n" + table.text
      + "\n--cfg-options \(key).scales=\(Self.list(fitted.settings.scales)) \(key).ratios=\(Self.list(fitted.settings.ratios))"
  }

  private static func list(_ numbers: [Double]) -> String {
    "[" + numbers.map { String(format: "%g", $0) }.joined(separator: ",") + "]"
  }
}
