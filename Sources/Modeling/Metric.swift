import Data
import Foundation

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
  /// The figures of each class, for files of figures; empty where a metric has none.
  public var perClass: [ClassFigures] = []
  /// Which classes were taken for which, where the metric counts that.
  public var confusion: ClassConfusion?

  /// Figures in three forms.
  public init(values: [(name: String, value: Double)], table: String, json: any Encodable & Sendable) {
    self.values = values
    self.table = table
    self.json = json
  }
}

/// Judges predictions one by one and keeps sums only: neither images nor masks.
public protocol Metric {
  /// What is kept of predictions.
  associatedtype State: Codable & Sendable
  /// What is kept of the predictions so far: it can be stored, and merged with that of another part of the data set.
  var state: State { get }
  /// Takes in what another instance of the metric kept over other samples: merged in any split and order, the figures
  /// have the same bits.
  ///
  /// - Throws: An error when it is of another data set or of samples that were added already.
  mutating func merge(_ state: State) throws
  /// The figures it gives, known before anything is judged: what `save_best` may name.
  var figures: [MetricFigure] { get }
  /// Takes in the prediction for one sample of a data set.
  mutating func add(_ prediction: Prediction, for sample: Sample) throws
  /// The figures over all that was added.
  func summary() throws -> MetricSummary
}

extension Metric {
  /// The state as bytes: JSON, exact for every number.
  ///
  /// - Throws: What `JSONEncoder` makes of a state that it cannot write.
  public func storedState() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return [UInt8](try encoder.encode(StoredState(state: state)))
  }

  /// Merges a state that was stored.
  ///
  /// - Throws: `DataError` for bytes that are no state of this metric; as `merge(_:)`.
  public mutating func merge(stored: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let stored = Foundation.Data(stored)
    guard let state = try? decoder.decode(StoredState<State>.self, from: stored).state else {
      throw DataError(file: nil, "\(stored.count) bytes that are no stored state of \(Self.self)")
    }
    try merge(state)
  }
}

/// A state may be a number only, and JSON's outermost value is an object.
private struct StoredState<State: Codable>: Codable {
  var state: State
}
