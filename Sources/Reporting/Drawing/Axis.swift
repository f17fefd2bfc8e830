import Foundation

/// A linear axis: the values that it spans, and round ones among them.
package struct Axis {
  package let range: ClosedRange<Double>
  /// The labels by rising values.
  package let labels: [(text: String, value: Double)]

  /// An axis that shows all of the values: its ends are round.
  package init(_ values: some Sequence<Double>, ticks count: Int = 5, startsAtZero: Bool = false) {
    var (low, high) = (Double.infinity, -Double.infinity)
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    if low > high { (low, high) = (0, 1) }
    if startsAtZero { low = min(0, low) }
    // Far beyond what any figure is, and far from where numbers end.
    (low, high) = (min(max(low, -1e30), 1e30), min(max(high, -1e30), 1e30))
    if high - low < max(abs(low), abs(high)) * 1e-9 || high == low {
      // A figure that is always nothing stands at the bottom.
      (low, high) = high == 0 ? (0, 1) : (low - abs(low) * 0.1, high + abs(high) * 0.1)
    }
    let step = Self.roundStep((high - low) / Double(max(1, count)))
    let first = (low / step).rounded(.down)
    let last = (high / step).rounded(.up)
    range = first * step...max(last * step, first * step + step)
    labels = (0...Int(min(50, max(1, last - first)))).map { number in
      let value = (first + Double(number)) * step
      return (Self.text(value, step: step), value)
    }
  }

  /// Where a value stands, 0 ... 1.
  package func place(_ value: Double) -> Double {
    min(1, max(0, (value - range.lowerBound) / (range.upperBound - range.lowerBound)))
  }

  /// 1, 2 or 5 times a power of ten.
  private static func roundStep(_ rough: Double) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    let lead = rough / power
    return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10)
  }

  /// A number with as many digits as the step has.
  static func text(_ value: Double, step: Double) -> String {
    let value = abs(value) < step * 1e-6 ? 0 : value
    if max(abs(value), step) >= 1e6 || step < 1e-4 { return short(value) }
    return String(format: "%.\(max(0, Int((-log10(step) - 1e-9).rounded(.up))))f", value)
  }

  /// A number in four digits at most: `0.1234`, `1234`, `1.2e-05`, `3e+09`.
  static func short(_ value: Double) -> String {
    if value == 0 { return "0" }
    return abs(value) >= 1e6 || abs(value) < 1e-3
      ? String(format: "%.3g", value) : String(format: "%.4g", value)
  }
}
