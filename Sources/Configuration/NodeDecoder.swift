/// Keys of mm that are accepted everywhere and do nothing here.
let keysWithoutEffect: Set<String> = [
  "env_cfg", "vis_backends", "visualizer", "backend_args", "persistent_workers", "pin_memory",
]

extension ConfigurationNode {
  /// Makes a value out of this node. Every key has to be known: a wrong one is an error with the nearest names.
  ///
  /// - Throws: `ConfigurationError` with the place of the mistake.
  public func decode<T: Decodable>(_ type: T.Type) throws -> T {
    try decode(type, observer: nil)
  }

  func decode<T: Decodable>(_ type: T.Type, observer: DecodingObserver?) throws -> T {
    try translatingErrors { try NodeDecoder(self, codingPath: [], observer: observer).decode(type) }
  }

  /// Where keys stand that are accepted and have no effect, `model.visualizer` and the like.
  public var pathsWithoutEffect: [String] {
    switch value {
    case .scalar: []
    case .sequence(let elements): elements.flatMap(\.pathsWithoutEffect)
    case .mapping(let entries):
      entries.flatMap { entry in
        keysWithoutEffect.contains(entry.key) ? [entry.value.keyPath] : entry.value.pathsWithoutEffect
      }
    }
  }

  /// Runs decoding and gives its errors the place of the value they are about.
  private func translatingErrors<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DecodingError {
      func place(_ path: [any CodingKey], _ message: String) -> ConfigurationError {
        var node = self
        var keyPath = self.keyPath
        for key in path {
          keyPath += (keyPath.isEmpty ? "" : ".") + key.stringValue
          if let index = key.intValue, let elements = node.elements, elements.indices.contains(index) {
            node = elements[index]
          } else if let inner = node[key.stringValue] {
            node = inner
          }
        }
        var error = ConfigurationError(location: node.location, keyPath: keyPath, message: message)
        error.isRule = true
        return error
      }
      switch error {
      case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
        throw place(context.codingPath, context.debugDescription)
      case .keyNotFound(let key, let context):
        var error = place(context.codingPath, "the key '\(key.stringValue)' is missing")
        (error.isRule, error.missingKey) = (false, key.stringValue)
        throw error
      @unknown default: throw self.error("\(error)")
      }
    }
  }
}

extension KeyedDecodingContainer {
  /// An error at a key's value, for a rule that a component checks itself; the decoder adds the place.
  public func refusal(_ reason: String, forKey key: Key) -> DecodingError {
    .dataCorruptedError(forKey: key, in: self, debugDescription: reason)
  }

  /// A number within a range.
  ///
  /// - Throws: `DecodingError` that states the range.
  public func decode<T: Decodable & Comparable>(_ type: T.Type, forKey key: Key, in range: ClosedRange<T>)
    throws -> T
  {
    let value = try decode(type, forKey: key)
    guard range.contains(value) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self,
        debugDescription: "\(value) is not in \(range.lowerBound)...\(range.upperBound)")
    }
    return value
  }

  /// A number within a range, if it is there.
  ///
  /// - Throws: `DecodingError` that states the range.
  public func decodeIfPresent<T: Decodable & Comparable>(
    _ type: T.Type, forKey key: Key, in range: ClosedRange<T>
  ) throws -> T? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    return try decode(type, forKey: key, in: range)
  }
}

/// The decoder over nodes; it remembers which keys were asked for.
final class NodeDecoder: Decoder {
  let node: ConfigurationNode
  let codingPath: [any CodingKey]
  let userInfo: [CodingUserInfoKey: Any] = [:]
  fileprivate var asked: Set<String> = []
  /// Set by who keeps the node as it is, to be opened later.
  var isTakenWhole = false
  let observer: DecodingObserver?

  init(_ node: ConfigurationNode, codingPath: [any CodingKey], observer: DecodingObserver?) {
    (self.node, self.codingPath, self.observer) = (node, codingPath, observer)
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    observer?.note(.mapping, at: node.keyPath)
    guard node.entries != nil else { throw node.error("a mapping is expected, not \(node.kind)") }
    return KeyedDecodingContainer(Keyed<Key>(decoder: self))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    observer?.note(.list, at: node.keyPath)
    guard let elements = node.elements else {
      throw node.error("a list is expected, not \(node.kind)", hint: node.listHint)
    }
    return Unkeyed(decoder: self, elements: elements)
  }

  func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

  /// Decodes the node and refuses keys that nobody asked for.
  func decode<T: Decodable>(_ type: T.Type) throws -> T {
    observer?.note(type, at: node.keyPath)
    if let value = try scalar(type) { return value }
    do {
      let value = try T(from: self)
      try refuseUnknownKeys()
      return value
    } catch let error as DecodingError {
      // An enumeration's word that is not one of its cases: say which there are.
      guard let words = (type as? any CaseIterable.Type)?.words, let text = node.string, !words.contains(text)
      else {
        throw error
      }
      throw node.error("'\(text.shown)' is not known", hint: hint(for: text, among: words))
    }
  }

  /// Numbers, texts, truth values and nodes themselves.
  private func scalar<T>(_ type: T.Type) throws -> T? {
    switch type {
    case is ConfigurationNode.Type: return node as? T
    case is Bool.Type: return try single().decode(Bool.self) as? T
    case is String.Type: return try single().decode(String.self) as? T
    case is Double.Type: return try single().decode(Double.self) as? T
    case is Float.Type: return try single().decode(Float.self) as? T
    case let integer as any FixedWidthInteger.Type: return try whole(integer) as? T
    default: return nil
    }
  }

  /// A whole number that the type can hold.
  private func whole<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
    // Numbers that only a type without a sign can hold.
    if case .scalar(let text, false) = node.value, let number = try? Scalar.integer(text, as: UInt64.self),
      let value = T(exactly: number)
    {
      observer?.note(.int, at: node.keyPath)
      return value
    }
    let number = try single().decode(Int.self)
    guard let value = T(exactly: number) else {
      throw node.error("\(number) is not in \(T.min)...\(T.max)")
    }
    return value
  }

  private func single() -> Single { Single(decoder: self) }

  private func refuseUnknownKeys() throws {
    guard !isTakenWhole, let entries = node.entries else { return }
    let unknown = entries.filter { entry in
      !asked.contains(entry.key) && !["type", "_scope_"].contains(entry.key)
        && !keysWithoutEffect.contains(entry.key)
    }
    guard let first = unknown.first else { return }
    var error = refusal(of: first, withHint: true)
    // Finding the nearest names takes its time, and nobody reads thousands of them.
    if observer != nil {
      error.others = unknown.enumerated().dropFirst().map { refusal(of: $1, withHint: $0 < Self.hints) }
    }
    throw error
  }

  private static var hints: Int { 50 }

  private func refusal(of entry: ConfigurationNode.Entry, withHint isHinted: Bool) -> ConfigurationError {
    var error = ConfigurationError(
      location: entry.location, keyPath: entry.value.keyPath, message: "unknown key '\(entry.key.shown)'")
    if asked.isEmpty {
      error.hint = "No keys are known here."
    } else if isHinted {
      error.hint = hint(for: entry.key, among: Array(asked), title: "Known keys")
    }
    return error
  }
}

private struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let decoder: NodeDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }
  var allKeys: [Key] { (decoder.node.entries ?? []).compactMap { Key(stringValue: $0.key) } }

  private func find(_ key: Key) -> ConfigurationNode? {
    decoder.asked.insert(key.stringValue)
    decoder.observer?.note(key: key.stringValue, of: decoder.node.keyPath)
    return decoder.node[key.stringValue]
  }

  /// The decoder of a key's value.
  ///
  /// - Parameter type: What is wanted, for the observer.
  private func require(_ key: Key, _ type: any Decodable.Type = [String: ConfigurationNode].self) throws
    -> NodeDecoder
  {
    guard let node = find(key) else {
      let path = decoder.node.keyPath
      decoder.observer?.note(type, at: path.isEmpty ? key.stringValue : "\(path).\(key.stringValue)")
      var error = decoder.node.error("the key '\(key.stringValue)' is missing")
      error.missingKey = key.stringValue
      throw error
    }
    return NodeDecoder(node, codingPath: codingPath + [key], observer: decoder.observer)
  }

  func contains(_ key: Key) -> Bool { find(key) != nil }
  func decodeNil(forKey key: Key) throws -> Bool { find(key)?.isNull ?? true }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try require(key, type).decode(type)
  }
  func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try require(key, type).decode(type) }
  func decode(_ type: String.Type, forKey key: Key) throws -> String { try require(key, type).decode(type) }
  func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try require(key, type).decode(type) }
  func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try require(key, type).decode(type) }
  func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try require(key, type).decode(type) }
  func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<NestedKey> { try require(key).container(keyedBy: type) }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try require(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder { decoder }
  func superDecoder(forKey key: Key) throws -> any Decoder { try require(key) }
}

private struct Unkeyed: UnkeyedDecodingContainer {
  struct Index: CodingKey {
    let intValue: Int?
    var stringValue: String { intValue.map(String.init) ?? "" }
    init(_ index: Int) { intValue = index }
    init?(intValue: Int) { self.init(intValue) }
    init?(stringValue: String) { nil }
  }

  let decoder: NodeDecoder
  let elements: [ConfigurationNode]
  var currentIndex = 0
  var codingPath: [any CodingKey] { decoder.codingPath }
  var count: Int? { elements.count }
  var isAtEnd: Bool { currentIndex >= elements.count }

  private mutating func next() throws -> NodeDecoder {
    guard !isAtEnd else { throw decoder.node.error("\(elements.count) elements are too few") }
    defer { currentIndex += 1 }
    return NodeDecoder(
      elements[currentIndex], codingPath: codingPath + [Index(currentIndex)], observer: decoder.observer)
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, elements[currentIndex].isNull else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next().decode(type) }
  mutating func nestedContainer<NestedKey: CodingKey>(
    keyedBy type: NestedKey.Type
  ) throws -> KeyedDecodingContainer<NestedKey> { try next().container(keyedBy: type) }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    try next().unkeyedContainer()
  }
  mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct Single: SingleValueDecodingContainer {
  let decoder: NodeDecoder
  var codingPath: [any CodingKey] { decoder.codingPath }
  private var node: ConfigurationNode { decoder.node }

  private func note(_ shape: DecodingObserver.Shape) { decoder.observer?.note(shape, at: node.keyPath) }

  private func plain(_ expected: String) throws -> String {
    guard case .scalar(let text, false) = node.value, !node.isNull else {
      throw node.error("\(expected) is expected, not \(node.kind)")
    }
    return text
  }

  private func read<T>(_ expected: String, _ body: (String) throws(Scalar.Refusal) -> T) throws -> T {
    let text = try plain(expected)
    do { return try body(text) } catch {
      throw node.error("'\(text.shown)' \(error.reason)", hint: "Expected: \(expected).")
    }
  }

  func decodeNil() -> Bool { node.isNull }

  func decode(_ type: Bool.Type) throws -> Bool {
    note(.bool)
    let text = try plain("true or false")
    guard let value = Scalar.truth(text) else {
      throw node.error("true or false is expected, not \(node.kind)")
    }
    return value
  }

  func decode(_ type: String.Type) throws -> String {
    note(.text)
    guard let text = node.string else { throw node.error("text is expected, not \(node.kind)") }
    return text
  }

  func decode(_ type: Double.Type) throws -> Double {
    note(.float)
    return try read("a number", Scalar.number)
  }

  func decode(_ type: Float.Type) throws -> Float {
    let value = Float(try decode(Double.self))
    guard value.isFinite else { throw node.error("\(node.kind) is beyond the largest Float32") }
    return value
  }

  func decode(_ type: Int.Type) throws -> Int {
    note(.int)
    return try read("a whole number") { (text: String) throws(Scalar.Refusal) in try Scalar.integer(text) }
  }

  func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type) }
}

extension CaseIterable {
  /// The cases' raw values as written in a config.
  static var words: [String]? {
    let words = allCases.compactMap { ($0 as? any RawRepresentable)?.word }
    return words.isEmpty ? nil : words
  }
}

extension RawRepresentable {
  var word: String { "\(rawValue)" }
}
