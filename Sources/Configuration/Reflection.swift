/// The stored values of something that was decoded, by their paths: two that are equal were decoded alike.
struct Reflection: Equatable {
  /// A YAML text a path.
  private(set) var values: [String: String] = [:]

  /// Reflects a value. (`Any` is what the standard library's mirrors are of.)
  init(_ value: Any) { add(value, at: "") }

  /// The values that another one does not have at their paths, those near the top first.
  func differences(from other: Reflection) -> [String] {
    values.filter { other.values[$0.key] != $0.value }
      .sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) }.map(\.value)
  }

  private mutating func add(_ value: Any, at path: String) {
    if let text = Self.leaf(value) {
      values[path] = text
      return
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      if let some = mirror.children.first { add(some.value, at: path) } else { values[path] = "null" }
    case .enum where mirror.children.isEmpty: values[path] = ConfigurationNode.text("\(value)")
    case .collection, .set:
      for (index, child) in mirror.children.enumerated() { add(child.value, at: "\(path).\(index)") }
      values[path] = values[path] ?? "\(mirror.children.count) elements"
    case .dictionary:
      for pair in mirror.children {
        let sides = Mirror(reflecting: pair.value).children.map(\.value)
        if sides.count == 2 { add(sides[1], at: "\(path).\(sides[0])") }
      }
      values[path] = mirror.children.isEmpty ? "{}" : "\(mirror.children.count) names"
    default:
      for (index, child) in mirror.children.enumerated() {
        add(child.value, at: "\(path).\(child.label ?? "\(index)")")
      }
      if mirror.children.isEmpty { values[path] = "\(type(of: value))" }
    }
  }

  /// Scalars, and lists of them.
  private static func leaf(_ value: Any) -> String? {
    switch value {
    case let node as ConfigurationNode: return node.yaml()
    case let component as ComponentConfiguration: return component.node.yaml()
    case let value as any Reflecting: return leaf(value.reflected)
    case let value as Bool: return "\(value)"
    case let value as any FixedWidthInteger: return "\(value)"
    case let value as Double: return "\(value)"
    case let value as Float: return "\(value)"
    case let value as String: return ConfigurationNode.text(value)
    case let value as any RawRepresentable: return ConfigurationNode.text(value.word)
    default: break
    }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle == .collection else { return nil }
    let elements = mirror.children.map { leaf($0.value) }
    let texts = elements.compactMap { $0 }
    return texts.count == elements.count ? "[\(texts.joined(separator: ", "))]" : nil
  }
}

extension ConfigurationNode {
  /// A text as it is written in YAML, in quotes where it would be read as something else.
  fileprivate static func text(_ text: String) -> String {
    let means = Scalar.truth(text) != nil || Scalar.nulls.contains(text) || (try? Scalar.number(text)) != nil
    let node = ConfigurationNode(.scalar(text: text, isQuoted: means), at: SourceLocation(file: ""))
    return String(node.yaml().dropLast())
  }
}
