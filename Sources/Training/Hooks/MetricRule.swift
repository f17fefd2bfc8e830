import Modeling

/// Whether more or less of a figure is better (mm's `rule`).
enum MetricRule: String, Decodable, CaseIterable, Sendable {
  case greater
  case less

  /// Whether one value is better than another.
  func prefers(_ value: Double, to other: Double) -> Bool {
    self == .greater ? value > other : value < other
  }
}
