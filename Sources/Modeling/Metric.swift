import Data

/// One figure of a metric.
public struct MetricFigure: Sendable, Hashable {
  /// Under mm's name: `coco/bbox_mAP`, `mIoU`.
  public var name: String
  /// Whether more of it is better.
  public var isBetterWhenLarger: Bool

  /// A figure and which way it is better.
  public init(_ name: String, isBetterWhenLarger: Bool = true) {
    (self.name, self.isBetterWhenLarger) = (name, isBetterWhenLarger)
  }
}

/// What a metric comes to.
public struct MetricSummary: Sendable {
  /// Under mm's names: `coco/bbox_mAP` as a fraction, `mIoU` in percent; NaN where nothing is defined.
  public var values: [(name: String, value: Double)]
  /// For people, several lines.
  public var table: String
  /// For machines: an object of one key a figure.
  public var json: any Encodable & Sendable

  /// Figures in three forms.
  public init(values: [(name: String, value: Double)], table: String, json: any Encodable & Sendable) {
    self.values = values
    self.table = table
    self.json = json
  }
}

/// Judges predictions one by one and keeps sums only: neither images nor masks.
public protocol Metric {
  /// The figures it gives, known before anything is judged: what `save_best` may name.
  var figures: [MetricFigure] { get }
  /// Takes in the prediction for one sample of a data set.
  mutating func add(_ prediction: Prediction, for sample: Sample) throws
  /// The figures over all that was added.
  func summary() throws -> MetricSummary
}
