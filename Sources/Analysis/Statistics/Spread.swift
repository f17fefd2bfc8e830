/// How numbers are spread: the least, the largest, the middle and the mean.
public struct Spread: Sendable, Encodable, Equatable {
  /// The least and the largest number; 0 where there are none.
  public var least = 0.0, largest = 0.0
  /// The number that half of them do not exceed.
  public var median = 0.0
  /// Their mean.
  public var mean = 0.0

  /// The spread of some numbers.
  public init(_ numbers: [Double]) {
    guard let first = numbers.first else { return }
    let sorted = numbers.sorted()
    (least, largest) = (sorted.first ?? first, sorted.last ?? first)
    median = sorted[(sorted.count - 1) / 2]
    mean = numbers.reduce(0, +) / Double(numbers.count)
  }

  enum CodingKeys: String, CodingKey {
    case median, mean
    case least = "min"
    case largest = "max"
  }
}
