/// A number, or `auto`: the layer's own rule.
public enum AutomaticInt: Decodable, Sendable, Equatable {
  case auto
  case value(Int)

  /// Decodes a positive number or the word `auto`.
  public init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let number = try? value.decode(Int.self) {
      guard (1...65_536).contains(number) else {
        throw DecodingError.dataCorruptedError(in: value, debugDescription: "\(number) is not in 1...65536")
      }
      self = .value(number)
    } else if (try? value.decode(String.self)) == "auto" {
      self = .auto
    } else {
      throw DecodingError.dataCorruptedError(in: value, debugDescription: "neither a whole number nor 'auto'")
    }
  }

  /// The number, or that of the rule.
  func resolved(_ rule: @autoclosure () -> Int) -> Int {
    if case .value(let number) = self { number } else { rule() }
  }
}

extension AutomaticInt: CustomStringConvertible {
  /// As a config has it.
  public var description: String {
    switch self {
    case .auto: "auto"
    case .value(let number): "\(number)"
    }
  }
}
