/// Decodes a component's settings again and again: what is wrong is noted and left out, what is missing is filled in,
/// until all of it has been read.
struct Completion<Result> {
  /// Decodes the settings.
  typealias Decoding = (ConfigurationNode, DecodingObserver) throws -> Result

  /// The settings, with what was left out or filled in.
  private(set) var node: ConfigurationNode
  /// What is wrong in what was written.
  private(set) var mistakes: [ConfigurationError] = []
  /// The paths of keys that decoding cannot do without.
  private(set) var required: [String] = []
  /// What decoding gave in the end; nil where no values were found that it accepts.
  private(set) var result: Result?
  private let observer: DecodingObserver
  private let firstCandidate: Int
  /// What was filled in, with the number of the candidate.
  private var filled: [String: Int] = [:]
  private var removed: Set<String> = []

  /// - Parameters:
  ///   - firstCandidate: Where to begin among the values that are tried for what is missing.
  ///   - decode: Throws `ConfigurationError`s only.
  init(
    _ node: ConfigurationNode, observer: DecodingObserver, firstCandidate: Int = 0, decode: Decoding
  ) {
    (self.node, self.observer, self.firstCandidate) = (node, observer, firstCandidate)
    for _ in 0..<Self.rounds {
      do {
        result = try decode(self.node, observer)
        return
      } catch let error as ConfigurationError {
        guard goOn(after: error) else { return }
      } catch { return }
    }
  }

  /// More keys than any component has.
  private static var rounds: Int { 300 }

  /// Whether a path was filled in, or is within what was.
  func isFilled(_ path: String) -> Bool { filled.keys.contains { path.isWithin($0) } }

  /// Changes the node so that the error does not come again.
  private mutating func goOn(after error: ConfigurationError) -> Bool {
    if let key = error.missingKey {
      let path = error.keyPath.isEmpty ? key : "\(error.keyPath).\(key)"
      required.append(path)
      if !isFilled(path), !removed.contains(path) { mistakes.append(error) }
      return fill(path)
    }
    let path = error.keyPath
    if filled[path] != nil { return fill(path) }
    if isFilled(path), let place = node.place(of: path), !place.isThere { return fill(path) }
    let related = filled.keys.filter { path.isWithin($0) || $0.isWithin(path) }
    if let near = related.max(by: { $0.count < $1.count }) { return fill(near) }
    // A rule about several keys may be broken by what was left out or filled in: only the first one is sure.
    if !error.isRule || (removed.isEmpty && filled.isEmpty) { mistakes.append(error) }
    guard path != node.keyPath, let place = node.place(of: path) else { return false }
    guard place.isThere else { return fill(path) }
    guard removed.insert(place.path).inserted, let rest = node.replacing(place.path, by: nil) else {
      return false
    }
    node = rest
    leaveOut(error.others)
    return true
  }

  /// Notes other mistakes of the same mapping, and leaves out all that they are about at once.
  private mutating func leaveOut(_ others: [ConfigurationError]) {
    let written = others.filter { other in
      !filled.keys.contains { other.keyPath.isWithin($0) || $0.isWithin(other.keyPath) }
    }
    guard !written.isEmpty else { return }
    mistakes += written
    let paths = Set(written.map(\.keyPath))
    removed.formUnion(paths)
    node = node.removing(paths: paths)
  }

  /// Puts the next candidate at a path.
  private mutating func fill(_ path: String) -> Bool {
    var texts = (observer.types[path] ?? []).flatMap { candidates(for: $0) }
    if observer.shapes[path]?.contains(.mapping) == true {
      // A rule may want one of its keys: most such keys are switches.
      texts.insert(contentsOf: (observer.keys[path] ?? []).map { "{\($0): true}" }, at: min(1, texts.count))
    }
    let choices = texts.isEmpty ? unknownCandidates : texts
    let number = filled[path].map { $0 + 1 } ?? min(firstCandidate, choices.count - 1)
    guard choices.indices.contains(number),
      let value = try? ConfigurationNode.parse(choices[number], file: SourceLocation.madeUp),
      let next = node.replacing(path, by: value)
    else { return false }
    // What was filled in below goes with the old value.
    filled = filled.filter { !$0.key.isWithin(path) }
    filled[path] = number
    node = next
    return true
  }
}

extension SourceLocation {
  /// The file of what no config has.
  static var madeUp: String { "(made up)" }

  /// Whether it is the place of a value that was filled in, so that decoding could go on.
  public var isMadeUp: Bool { file == Self.madeUp }
}

extension String {
  /// Whether this key path is another one or begins with it.
  fileprivate func isWithin(_ path: String) -> Bool { self == path || hasPrefix(path + ".") }
}

extension ConfigurationNode {
  /// The same tree without some keys of its mappings, by their paths.
  fileprivate func removing(paths: Set<String>) -> ConfigurationNode {
    switch value {
    case .scalar: self
    case .sequence(let elements):
      ConfigurationNode(
        .sequence(elements.map { $0.removing(paths: paths) }), at: location, keyPath: keyPath)
    case .mapping(let entries):
      ConfigurationNode(
        .mapping(
          entries.filter { !paths.contains($0.value.keyPath) }.map {
            Entry(key: $0.key, location: $0.location, value: $0.value.removing(paths: paths))
          }), at: location, keyPath: keyPath)
    }
  }

  /// The longest path down to a key of a mapping that leads towards a key path, and whether its value is there.
  ///
  /// Within a list of values it is that of the list: an element that is left out would move the others.
  fileprivate func place(of path: String) -> (path: String, isThere: Bool)? {
    guard var rest = path.droppingPath(keyPath) else { return nil }
    var node = self
    var found: String?
    while !rest.isEmpty {
      if let elements = node.elements {
        let step = rest.prefix { $0 != "." }
        guard let index = Int(step), elements.indices.contains(index) else { break }
        node = elements[index]
        rest = String(rest.dropFirst(step.count + 1))
        continue
      }
      // A key may hold dots.
      guard let entry = node.entries?.first(where: { rest == $0.key || rest.hasPrefix($0.key + ".") }) else {
        return node.entries == nil ? found.map { ($0, true) } : (path, false)
      }
      node = entry.value
      found = node.keyPath
      rest = String(rest.dropFirst(entry.key.count + 1))
    }
    return found.map { ($0, true) }
  }

  /// The same tree with another value at a path of keys, or without it; nil where the path leads nowhere.
  func replacing(_ path: String, by value: ConfigurationNode?) -> ConfigurationNode? {
    guard let rest = path.droppingPath(keyPath), !rest.isEmpty else { return nil }
    switch self.value {
    case .scalar: return nil
    case .sequence(var elements):
      let step = rest.prefix { $0 != "." }
      guard let index = Int(step), elements.indices.contains(index) else { return nil }
      if step.count == rest.count {
        guard let value else { return nil }
        elements[index] = value.rooted(at: elements[index].keyPath)
      } else {
        guard let inner = elements[index].replacing(path, by: value) else { return nil }
        elements[index] = inner
      }
      return ConfigurationNode(.sequence(elements), at: location, keyPath: keyPath)
    case .mapping(let entries):
      if let entry = entries.first(where: { rest == $0.key || rest.hasPrefix($0.key + ".") }) {
        guard entry.key != rest else {
          return value.map { setting(entry.key, to: $0.rooted(at: path)) } ?? removing([entry.key])
        }
        return entry.value.replacing(path, by: value).map { setting(entry.key, to: $0) }
      }
      guard let value, !rest.contains(".") else { return nil }
      return setting(rest, to: value.rooted(at: path))
    }
  }
}

extension String {
  /// What a key path has below another one.
  fileprivate func droppingPath(_ path: String) -> String? {
    if path.isEmpty || self == path { return path.isEmpty ? self : "" }
    return hasPrefix(path + ".") ? String(dropFirst(path.count + 1)) : nil
  }
}
