import Data

/// The parts that a data set is split into, and how much of it each shall have.
public struct Shares: Sendable, Equatable {
  /// `train`, `val`, `test`, or others.
  public let names: [String]
  /// Of all pictures; they sum to 1.
  public let values: [Double]

  /// What the parts are called where nobody says.
  public static let usualNames = ["train", "val", "test"]
  /// How far a sum may lie from 1, for shares such as 0.33,0.33,0.33.
  private static let slack = 0.011

  /// Shares of parts; a part of none is left out.
  ///
  /// - Throws: `DataError` that says what would be right.
  public init(_ values: [Double], names: [String]? = nil) throws(DataError) {
    func refusal(_ reason: String) -> DataError { DataError(file: nil, reason) }
    let listed = values.map { "\($0)" }.joined(separator: ",")
    guard values.allSatisfy({ $0 >= 0 && $0 <= 1 }) else {
      throw refusal("\(listed): shares between 0 and 1 are wanted, such as 0.8,0.1,0.1")
    }
    guard values.count > 1 else {
      throw refusal("\(listed): the shares of all parts are wanted, such as 0.8,0.1,0.1")
    }
    let sum = values.reduce(0, +)
    guard abs(sum - 1) <= Self.slack else {
      let scaled = values.map { "\((100 * $0 / max(sum, .leastNonzeroMagnitude)).rounded() / 100)" }
      throw refusal(
        "\(listed) sum to \((1000 * sum).rounded() / 1000), not to 1"
          + (sum > 0 ? "; in this proportion: \(scaled.joined(separator: ","))" : ""))
    }
    guard names != nil || values.count <= 3 else {
      throw refusal(
        "\(values.count) shares: two are train and val, three train, val and test; others need names")
    }
    let names = names ?? Array(Self.usualNames.prefix(values.count))
    guard names.count == values.count else {
      throw refusal("\(values.count) shares, but \(names.count) names (\(names.joined(separator: ",")))")
    }
    guard Set(names).count == names.count, names.allSatisfy(Self.isFileName) else {
      throw refusal("\(names.joined(separator: ",")): each part needs a name of its own that a file can have")
    }
    let used = names.indices.filter { values[$0] > 0 }
    guard used.count > 1 else { throw refusal("\(listed): two parts or more are wanted") }
    self.names = used.map { names[$0] }
    self.values = used.map { values[$0] / sum }
  }

  private static func isFileName(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix(".") && name.utf8.count <= 100
      && name.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 32 && $0.value != 127 }
  }

  /// How many of so many pictures each part gets: the nearest whole numbers by largest remainders, and one at least.
  func sizes(of total: Int) -> [Int] {
    let exact = values.map { $0 * Double(total) }
    var sizes = exact.map { Int($0) }
    let order = exact.indices.sorted { one, other in
      let (left, right) = (exact[one] - exact[one].rounded(.down), exact[other] - exact[other].rounded(.down))
      return (-left, one) < (-right, other)
    }
    for part in order.prefix(max(0, total - sizes.reduce(0, +))) { sizes[part] += 1 }
    for part in sizes.indices where sizes[part] == 0 && total >= sizes.count {
      guard let largest = sizes.indices.max(by: { (sizes[$0], -$0) < (sizes[$1], -$1) }) else { break }
      sizes[largest] -= 1
      sizes[part] += 1
    }
    return sizes
  }
}
