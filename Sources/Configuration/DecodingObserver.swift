/// What decoding asked of a config: which keys, and values of which types. Paths are those of the nodes.
final class DecodingObserver {
  /// What a value may be.
  enum Shape: Hashable {
    case bool, int, float, text
    case words([String])
    case list, mapping
    /// A mapping whose keys are free.
    case dictionary
    /// A mapping with a `type`, opened by a registry later.
    case component
    /// Kept as it is.
    case any
  }

  /// The keys of a mapping, in the order in which they were asked for.
  private(set) var keys: [String: [String]] = [:]
  /// What was asked for at a path.
  private(set) var shapes: [String: [Shape]] = [:]
  /// The same as types, which say what may be tried.
  private(set) var types: [String: [any Decodable.Type]] = [:]
  /// Components that were kept to be opened later.
  private(set) var components: [ComponentConfiguration] = []

  func note(key: String, of path: String) {
    if !(keys[path]?.contains(key) ?? false) { keys[path, default: []].append(key) }
  }

  func note(_ shape: Shape, at path: String) {
    if !(shapes[path]?.contains(shape) ?? false) { shapes[path, default: []].append(shape) }
  }

  func note(_ type: any Decodable.Type, at path: String) {
    if !(types[path]?.contains { $0 == type } ?? false) { types[path, default: []].append(type) }
    if let words = (type as? any CaseIterable.Type)?.words { note(.words(words), at: path) }
    if type is any DictionaryType.Type { note(.dictionary, at: path) }
    if type == ComponentConfiguration.self { note(.component, at: path) }
    if type == ConfigurationNode.self { note(.any, at: path) }
  }

  func note(_ component: ComponentConfiguration) { components.append(component) }
}

/// Lists, by what is in them.
protocol ListType { static var element: any Decodable.Type { get } }

extension Array: ListType where Element: Decodable {
  static var element: any Decodable.Type { Element.self }
}

/// Mappings with free keys, by what is in them.
protocol DictionaryType { static var element: any Decodable.Type { get } }

extension Dictionary: DictionaryType where Key == String, Value: Decodable {
  static var element: any Decodable.Type { Value.self }
}

/// YAML texts that are worth trying as a value of a type, the likeliest first.
func candidates(for type: any Decodable.Type) -> [String] {
  if let words = (type as? any CaseIterable.Type)?.words { return words }
  switch type {
  case is Bool.Type: return ["true", "false"]
  case is String.Type: return ["x"]
  case is Double.Type, is Float.Type: return ["0.5", "1.0", "0.25", "2.0", "0.0", "-1.0"]
  case is any FixedWidthInteger.Type: return ["1", "2", "0", "3", "4", "8", "32", "256", "-1"]
  case is ComponentConfiguration.Type: return ["{type: x}"]
  case is ConfigurationNode.Type: return ["x", "{}"]
  case let list as any ListType.Type:
    let elements = candidates(for: list.element).prefix(8)
    return elements.flatMap { element in
      [1, 2, 3, 4].map { "[\(Array(repeating: element, count: $0).joined(separator: ", "))]" }
    } + ["[]"]
  case let dictionary as any DictionaryType.Type:
    return candidates(for: dictionary.element).prefix(8).map { "{NAME: \($0)}" }
  default: return ["{}"] + unknownCandidates
  }
}

/// What is tried where no type is known yet.
let unknownCandidates = ["1", "x", "true", "0.5", "[1]", "{}"]
