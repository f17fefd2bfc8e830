/// A value of a config with the place where it was written, for errors about two places. Equal are equal values,
/// wherever they stand.
public struct Located<Value: Decodable & Hashable & Sendable>: Decodable, Sendable {
  /// The value.
  public var value: Value
  /// Where it was written; nil for a default.
  public let location: SourceLocation?
  /// The key, as a path from the top; empty for a default.
  public let keyPath: String

  /// A value that was not written: a default.
  public init(_ value: Value) {
    self.value = value
    (location, keyPath) = (nil, "")
  }

  /// Decodes the value; its place is known where it comes from a config.
  public init(from decoder: any Decoder) throws {
    value = try decoder.singleValueContainer().decode(Value.self)
    let node = (decoder as? NodeDecoder)?.node
    (location, keyPath) = (node?.location, node?.keyPath ?? "")
  }

  /// The key, and the file and line in which it stands.
  public var place: String { location.map { "\(keyPath) at \($0)" } ?? keyPath }
}

extension Located: Hashable {
  /// Whether the values are equal.
  public static func == (a: Located, b: Located) -> Bool { a.value == b.value }

  /// Hashes the value.
  public func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// What reflects as the value that it holds.
protocol Reflecting {
  var reflected: any Sendable { get }
}

extension Located: Reflecting {
  var reflected: any Sendable { value }
}
