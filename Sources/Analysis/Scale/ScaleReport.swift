import Files
import Foundation

/// What a model takes and what it comes to over sizes of pictures (VMamba's `get_scaleup` and `scaleup_show`).
public struct ScaleReport: Sendable, Encodable {
  /// One size.
  public struct Point: Sendable, Encodable {
    /// Height and width in pixels.
    public var shape: [Int]
    /// Multiply-accumulates of a picture; nil for a model that is not counted.
    public var flops: Int?
    /// Of a picture of noise, from pixels to predictions: the median.
    public var milliseconds: Double
    /// The most bytes that tensors hold at once for a picture, weights included.
    public var peakMemory: Int
    /// Figures of the test data by their names; empty without a checkpoint, and NaN is left out.
    public var metrics: [String: Double]

    enum CodingKeys: String, CodingKey {
      case shape, flops, milliseconds, metrics
      case peakMemory = "peak_memory"
    }

    /// A size with what was measured.
    public init(
      shape: [Int], flops: Int?, milliseconds: Double, peakMemory: Int, metrics: [String: Double] = [:]
    ) {
      (self.shape, self.flops, self.milliseconds) = (shape, flops, milliseconds)
      (self.peakMemory, self.metrics) = (peakMemory, metrics)
    }

    /// The side of a square of as many pixels.
    public var side: Double { Double(shape.reduce(1, *)).squareRoot() }
  }

  /// The checkpoint whose figures these are.
  public var checkpoint: String?
  /// Weights of the model.
  public var parameters: Int
  /// The figures that tables and plots show.
  public var shown: [String]
  /// By rising size, or as they were asked for.
  public var points: [Point]

  enum CodingKeys: String, CodingKey { case checkpoint, parameters, points }

  /// A report.
  public init(checkpoint: String?, parameters: Int, shown: [String], points: [Point]) {
    (self.checkpoint, self.parameters, self.shown, self.points) = (checkpoint, parameters, shown, points)
  }

  /// A table for the terminal.
  public func text() -> String {
    let columns = shown.map { _ in TextTable.Column.right(8) }
    var table = TextTable([.right(), .right(8), .right(10), .right(10), .right(10)] + columns)
    table.rows = [["height x width", "GFLOPs", "ms", "images/s", "MiB"] + shown]
    for point in points {
      table.rows.append(
        [
          point.shape.map(String.init).joined(separator: " x "),
          point.flops.map { String(format: "%.2f", Double($0) / 1e9) } ?? "-",
          String(format: "%.1f", point.milliseconds),
          String(format: "%.2f", 1000 / max(1e-9, point.milliseconds)),
          String(format: "%.0f", Double(point.peakMemory) / 1_048_576),
        ]
          + shown.map { name in point.metrics[name].map { String(format: "%.4f", $0) } ?? "-" })
    }
    return String(format: "%.2f", Double(parameters) / 1e6) + " million parameters\n" + table.text
  }

  /// Those of a metric's figures that sum it up: mAP, mIoU, accuracy; where none of them is known, the first.
  public static func main(of names: [String]) -> [String] {
    let known = names.filter { name in ["mAP", "mIoU", "top1", "mAcc"].contains { name.hasSuffix($0) } }
    return known.isEmpty ? Array(names.prefix(1)) : Array(known.prefix(4))
  }
}
