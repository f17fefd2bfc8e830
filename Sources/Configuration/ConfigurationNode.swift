/// A YAML value with the place where it was written.
///
/// What kind of scalar a text is (number, truth value, null) is decided by who reads it.
public struct ConfigurationNode: Sendable {
  /// A value.
  public indirect enum Value: Sendable {
    case scalar(text: String, isQuoted: Bool)
    case sequence([ConfigurationNode])
    case mapping([Entry])
  }

  /// A key with its value.
  public struct Entry: Sendable {
    /// The key's text.
    public var key: String
    /// Where the key was written.
    public var location: SourceLocation
    /// What it stands for.
    public var value: ConfigurationNode
  }

  /// The value.
  public var value: Value
  /// Where it was written.
  public var location: SourceLocation
  /// The key, as a path from the top.
  public var keyPath: String

  /// A value at a place.
  public init(_ value: Value, at location: SourceLocation, keyPath: String = "") {
    (self.value, self.location, self.keyPath) = (value, location, keyPath)
  }

  /// Whether it is absent: `null`, `~`, nothing, or Python's `None`.
  public var isNull: Bool { isYAMLNull || isPythonNone }

  private var isYAMLNull: Bool {
    if case .scalar(let text, false) = value { Scalar.nulls.contains(text) } else { false }
  }

  /// Whether it is `None`, as mm's users write: null where a value may be absent, else a text like any other.
  private var isPythonNone: Bool {
    if case .scalar("None", false) = value { true } else { false }
  }

  /// The entries of a mapping.
  public var entries: [Entry]? { if case .mapping(let entries) = value { entries } else { nil } }

  /// The elements of a sequence.
  public var elements: [ConfigurationNode]? {
    if case .sequence(let elements) = value { elements } else { nil }
  }

  /// The text of a scalar that is not null.
  public var string: String? { if case .scalar(let text, _) = value, !isYAMLNull { text } else { nil } }

  /// The whole number of a scalar.
  public var int: Int? { if case .scalar(let text, false) = value { try? Scalar.integer(text) } else { nil } }

  /// The finite number of a scalar.
  public var double: Double? {
    if case .scalar(let text, false) = value { try? Scalar.number(text) } else { nil }
  }

  /// The truth value of a scalar.
  public var bool: Bool? { if case .scalar(let text, false) = value { Scalar.truth(text) } else { nil } }

  /// What a key of a mapping stands for.
  public subscript(key: String) -> ConfigurationNode? { entries?.first { $0.key == key }?.value }

  /// What a path of keys and list positions, `a.b.0.c`, stands for.
  public func node(at path: String) -> ConfigurationNode? {
    path.split(separator: ".").reduce(self as ConfigurationNode?) { node, step in
      if let found = node?[String(step)] { return found }
      guard let elements = node?.elements, let index = Int(step), elements.indices.contains(index) else {
        return nil
      }
      return elements[index]
    }
  }

  /// The same mapping without some of its keys.
  public func removing(_ keys: Set<String>) -> ConfigurationNode {
    guard let entries else { return self }
    return ConfigurationNode(
      .mapping(entries.filter { !keys.contains($0.key) }), at: location, keyPath: keyPath)
  }

  /// The same mapping with a key that stands for something else, or is new.
  public func setting(_ key: String, to node: ConfigurationNode) -> ConfigurationNode {
    var entries = entries ?? []
    if let index = entries.firstIndex(where: { $0.key == key }) {
      entries[index].value = node
    } else {
      entries.append(Entry(key: key, location: node.location, value: node))
    }
    return ConfigurationNode(.mapping(entries), at: location, keyPath: keyPath)
  }

  /// What the value is, for messages.
  var kind: String {
    switch value {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar(let text, let isQuoted):
      if isNull {
        isPythonNone ? "null ('None')" : "null"
      } else {
        isQuoted ? "the text \"\(text.shown)\"" : "'\(text.shown)'"
      }
    }
  }

  /// An error at this place.
  func error(_ message: String, hint: String? = nil) -> ConfigurationError {
    ConfigurationError(location: location, keyPath: keyPath, message: message, hint: hint)
  }

  /// How a list is written, where a text looks like one: `(64, 64)` as Python has it, or `64,64`.
  var listHint: String? {
    guard let text = string, text.contains(",") || text.hasPrefix("(") else { return nil }
    return "Write [\(text.filter { !"()".contains($0) })]."
  }

  /// The same tree with the key paths of its places below `path`.
  func rooted(at path: String) -> ConfigurationNode {
    func below(_ step: String) -> String { path.isEmpty ? step : "\(path).\(step)" }
    switch value {
    case .scalar: return ConfigurationNode(value, at: location, keyPath: path)
    case .sequence(let elements):
      return ConfigurationNode(
        .sequence(elements.enumerated().map { $1.rooted(at: below("\($0)")) }), at: location, keyPath: path)
    case .mapping(let entries):
      return ConfigurationNode(
        .mapping(
          entries.map { Entry(key: $0.key, location: $0.location, value: $0.value.rooted(at: below($0.key))) }
        ),
        at: location, keyPath: path)
    }
  }
}
