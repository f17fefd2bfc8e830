/// A component that a config may name, with its settings, found out from the code that decodes them.
public struct ComponentDescription: Sendable, Encodable {
  /// What it is: `backbone`.
  public let kind: String
  /// What `type` is called.
  public let name: String
  /// Other names of the same.
  public let aliases: [String]
  /// `mmdet` or `mmseg`, where the name means something else in the other one.
  public let scope: String?
  /// What it does, in a line.
  public let summary: String
  /// Its keys, in the order in which they are decoded; those of inner mappings follow theirs.
  public let settings: [Setting]

  /// A key of a component.
  public struct Setting: Sendable, Encodable, Equatable {
    /// The key; within a mapping with the keys that lead to it, `loss_mask.loss_weight`. `[]` are a list's elements.
    public let key: String
    /// What its value may be: `int`, `list of float`, `v1 | v2`.
    public let types: [String]
    /// Whether nothing is decoded without it.
    public let isRequired: Bool
    /// What it is when it is left out, as YAML: the value with which decoding gives the same as without the key. Nil
    /// where no such value was found.
    public let defaultValue: String?

    enum CodingKeys: String, CodingKey {
      case key, types
      case isRequired = "required"
      case defaultValue = "default"
    }
  }
}

/// Components of one kind that can be listed and checked without being built: a registry.
public protocol ComponentCatalogue: Sendable {
  /// What its components are: `backbone`.
  var kind: String { get }
  /// The keys of a config under which its components stand, where they are not called like the kind: `pipeline`.
  var keys: [String] { get }
  /// All names, sorted.
  var names: [String] { get }
  /// All components with their settings.
  var components: [ComponentDescription] { get }
  /// What is wrong in a component's own settings, all of it, and the components that stand in it. A bare name is one of
  /// the scope's, `mmdet` or `mmseg`.
  func check(
    _ component: ComponentConfiguration, scope: String?
  ) -> (mistakes: [ConfigurationError], parts: [ComponentConfiguration])
}

/// Finds the settings of a component by decoding them from configs that are made up: which keys are asked for, and
/// what changes when one of them is there.
struct SettingExplorer {
  private typealias Trial = Completion<Reflection>

  private let decode: Trial.Decoding
  private let observer = DecodingObserver()
  private var required: Set<String> = []
  /// Configs with other values of what is required: a default must not depend on them.
  private var others: [Trial] = []
  private var settings: [ComponentDescription.Setting] = []

  static func settings(
    _ decode: @escaping Completion<Reflection>.Decoding
  ) -> [ComponentDescription.Setting] {
    var explorer = SettingExplorer(decode)
    explorer.explore()
    return explorer.settings
  }

  private init(_ decode: @escaping Completion<Reflection>.Decoding) { self.decode = decode }

  private mutating func explore() {
    let empty = ConfigurationNode(.mapping([]), at: SourceLocation(file: SourceLocation.madeUp))
    let start = completed(empty)
    others = (1...3).map { Trial(empty, observer: observer, firstCandidate: $0, decode: decode) }
      .filter { $0.result != nil }
    list(below: "", shownAs: "", in: start, depth: 0)
  }

  private mutating func completed(_ node: ConfigurationNode) -> Trial {
    let completion = Trial(node, observer: observer, decode: decode)
    required.formUnion(completion.required)
    return completion
  }

  /// Adds the keys that were asked for at a path.
  private mutating func list(below path: String, shownAs name: String, in base: Trial, depth: Int) {
    for key in observer.keys[path] ?? [] where key != "type" || depth > 0 {
      let (own, shown) = path.isEmpty ? (key, key) : ("\(path).\(key)", "\(name).\(key)")
      let trials = trials(at: own, in: base.node)
      let isRequired = required.contains(own)
      settings.append(
        .init(
          key: shown, types: types(at: own), isRequired: isRequired,
          defaultValue: isRequired ? nil : defaultValue(at: own, in: base, trials)))
      guard depth < Self.deepest else { continue }
      let shapes = observer.shapes[own] ?? []
      if shapes.contains(.dictionary) {
        inner("\(own).NAME", shownAs: "\(shown).NAME", [base] + trials, depth)
      } else if shapes.contains(.mapping), !shapes.contains(.component) {
        inner(own, shownAs: shown, [base] + trials, depth)
      } else if shapes.contains(.list) {
        inner("\(own).0", shownAs: "\(shown).[]", [base] + trials, depth)
      }
    }
  }

  private static var deepest: Int { 4 }

  /// Adds the keys of a mapping within, by the first config that has it and is accepted.
  private mutating func inner(_ path: String, shownAs name: String, _ configs: [Trial], _ depth: Int) {
    guard observer.keys[path] != nil, !(observer.shapes[path] ?? []).contains(.component),
      let base = configs.first(where: { $0.result != nil && $0.node.node(at: path)?.entries != nil })
        ?? configs.first(where: { $0.node.node(at: path)?.entries != nil })
    else { return }
    list(below: path, shownAs: name, in: base, depth: depth + 1)
  }

  /// Configs with different values of a key.
  private mutating func trials(at path: String, in base: ConfigurationNode) -> [Trial] {
    var trials: [Trial] = []
    var tried: Set<String> = []
    var texts = unknownCandidates
    while !texts.isEmpty, tried.count < Self.mostTrials {
      for text in texts where tried.insert(text).inserted {
        guard let value = try? ConfigurationNode.parse(text, file: SourceLocation.madeUp),
          let node = base.replacing(path, by: value)
        else { continue }
        trials.append(completed(node))
      }
      // What was asked for says what else is worth trying.
      texts = (observer.types[path] ?? []).flatMap { candidates(for: $0) }.filter { !tried.contains($0) }
    }
    return trials
  }

  private static var mostTrials: Int { 60 }

  /// The value with which decoding gives the same as without the key, where another value makes a difference.
  private func defaultValue(at path: String, in base: Trial, _ trials: [Trial]) -> String? {
    guard let plain = base.result, base.node.node(at: path) == nil else { return nil }
    let different = trials.compactMap(\.result).filter { $0 != plain }
    guard !different.isEmpty else { return nil }
    var texts: [String] = []
    for result in different {
      for text in plain.differences(from: result) where !texts.contains(text) { texts.append(text) }
    }
    texts =
      Array(texts.filter { $0 != "null" }.prefix(16)) + ["true", "false", "[]", "{}"]
      + (texts.contains("null") ? ["null"] : [])
    return texts.first { text in
      ([base] + (path.contains(".") ? [] : others)).allSatisfy { isSame($0, with: text, at: path) }
    }
  }

  /// Whether decoding gives the same with a value at a path.
  private func isSame(_ base: Trial, with text: String, at path: String) -> Bool {
    guard let plain = base.result,
      let value = try? ConfigurationNode.parse(text, file: SourceLocation.madeUp),
      base.node.node(at: path) == nil, let node = base.node.replacing(path, by: value)
    else { return false }
    return (try? decode(node, DecodingObserver())) == plain
  }

  private func types(at path: String) -> [String] {
    let shapes = observer.shapes[path] ?? []
    var names: [String] = []
    for shape in shapes {
      switch shape {
      case .bool: names.append("bool")
      case .int where !shapes.contains(.float): names.append("int")
      case .float: names.append("float")
      case .words(let words): names.append(words.joined(separator: " | "))
      case .text where !shapes.contains(where: { if case .words = $0 { true } else { false } }):
        names.append("str")
      case .list:
        let elements = types(at: "\(path).0")
        names.append("list" + (elements.isEmpty ? "" : " of \(elements.joined(separator: " or "))"))
      case .dictionary:
        let elements = types(at: "\(path).NAME")
        names.append(
          "mapping" + (elements.isEmpty ? "" : " of names to \(elements.joined(separator: " or "))"))
      case .mapping where !shapes.contains(.component) && !shapes.contains(.dictionary):
        names.append("mapping")
      case .component: names.append("component")
      case .any: names.append("any")
      case .int, .text, .mapping: continue
      }
    }
    let isMapping = observer.types[path]?.isEmpty == false && names.isEmpty
    return isMapping ? ["mapping"] : names
  }
}
