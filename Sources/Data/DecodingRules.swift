import Configuration

extension KeyedDecodingContainer {
  /// Two numbers, or one that stands for both.
  func decodePair<Number: Decodable>(_ type: Number.Type, forKey key: Key) throws -> (Number, Number)? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    if let one = try? decode(Number.self, forKey: key) { return (one, one) }
    let numbers = try decode([Number].self, forKey: key)
    guard numbers.count == 2 else {
      throw refusal("two numbers are wanted, not \(numbers.count)", forKey: key)
    }
    return (numbers[0], numbers[1])
  }
}

/// A key whose only legal value is null: what it would switch on is not there.
struct Nothing: Decodable {
  init(from decoder: any Decoder) throws {
    guard try decoder.singleValueContainer().decodeNil() else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "only null is known"))
    }
  }
}
