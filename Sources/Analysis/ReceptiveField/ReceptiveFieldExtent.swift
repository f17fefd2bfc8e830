import Foundation

extension ReceptiveField {
  /// How a map's numbers are weighed before its extent is measured.
  public enum Scaling: String, CaseIterable, Sendable, Encodable {
    /// log10(x + 1).
    case log
    /// x to the power of 0.2.
    case power
    /// x.
    case plain

    func callAsFunction(_ value: Double) -> Double {
      switch self {
      case .log: log10(value + 1)
      case .power: pow(value, 0.2)
      case .plain: value
      }
    }
  }

  /// The smallest square around the middle that holds more than a share of a map's sum.
  public struct Extent: Sendable, Equatable {
    /// Pixels a side, before the square is cut at the map's border; 0 where no square holds as much.
    public var side: Int
    /// `side` squared, as a part of the map's area.
    public var area: Double
  }

  /// The map weighed and divided by its maximum; zeros where it has none.
  public func scaled(_ scaling: Scaling) -> [Double] {
    let values = map.map { scaling($0) }
    guard let most = values.max(), most > 0, most.isFinite else {
      return [Double](repeating: 0, count: map.count)
    }
    return values.map { $0 / most }
  }

  /// Squares of 3, 5, ... pixels a side around (H / 2, W / 2), the first that holds more than each share of the sum.
  ///
  /// - Parameters:
  ///   - scaling: How the map's numbers are weighed before.
  ///   - shares: 0 ... 1.
  public func extents(_ scaling: Scaling, shares: [Double]) -> [Extent] {
    let values = scaled(scaling)
    let total = values.reduce(0, +)
    var extents = shares.map { _ in Extent(side: 0, area: 0) }
    guard total > 0 else { return extents }
    let (row, column) = (height / 2, width / 2)
    func sum(_ rows: ClosedRange<Int>, _ columns: ClosedRange<Int>) -> Double {
      var sum = 0.0
      for y in rows.clamped(to: 0...height - 1) where rows.contains(y) {
        for x in columns.clamped(to: 0...width - 1) where columns.contains(x) { sum += values[y * width + x] }
      }
      return sum
    }
    var inside = values[row * width + column]
    for radius in 1..<max(1, height / 2) {
      // The square's rim: whole rows above and below, the rest of the columns left and right.
      let (across, between) = (column - radius...column + radius, row - radius + 1...row + radius - 1)
      inside += sum(row - radius...row - radius, across) + sum(row + radius...row + radius, across)
      inside +=
        sum(between, column - radius...column - radius) + sum(between, column + radius...column + radius)
      for (index, share) in shares.enumerated() where extents[index].side == 0 && inside / total > share {
        let side = 2 * radius + 1
        extents[index] = Extent(side: side, area: Double(side * side) / Double(height * width))
      }
    }
    return extents
  }
}
