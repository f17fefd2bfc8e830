/// A mapping `{type: X, ...}` that is not opened yet.
public struct ComponentConfiguration: Decodable, Sendable {
  /// The type's name.
  public let type: String
  /// The whole mapping.
  public let node: ConfigurationNode

  /// Takes the mapping as it is.
  public init(from decoder: any Decoder) throws {
    guard let decoder = decoder as? NodeDecoder else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "components are decoded from configs only"))
    }
    decoder.isTakenWhole = true
    try self.init(decoder.node)
    decoder.observer?.note(self)
  }

  /// A component of a mapping.
  ///
  /// - Throws: `ConfigurationError` when it has no `type`.
  public init(_ node: ConfigurationNode) throws {
    guard node.entries != nil else {
      throw node.error("a mapping with a 'type' is expected, not \(node.kind)")
    }
    guard let type = node["type"]?.string else {
      var error = node.error("the key 'type' is missing")
      error.missingKey = "type"
      throw error
    }
    (self.type, self.node) = (type, node)
  }
}

/// What components are built with that opens others by their names.
public protocol ScopedContext {
  /// What a bare name means: `mmdet`, `mmseg` or `mmpretrain`.
  var scope: String? { get set }
}

/// Whose meaning of a name is meant.
enum ComponentScopes {
  /// mmdetection, mmsegmentation and mmpretrain, as configs name them.
  static let all = ["mmdet", "mmseg", "mmpretrain"]
}

/// Names of components and what builds them, one registry a kind.
///
/// A name may mean different things in mmdetection, mmsegmentation and mmpretrain: `mmdet.X`, `mmseg.X` and
/// `mmpretrain.X` say which, and the bare name means that of the scope at hand. A name that is registered without a scope
/// answers to all of them.
public struct Registry<Product, Context>: ComponentCatalogue {
  private struct Entry: Sendable {
    var name: String
    var aliases: [String]
    var scope: String?
    var defaultScope: String?
    var description: String
    var inspect: @Sendable (ConfigurationNode, DecodingObserver) throws -> Reflection
    var decode: @Sendable (ConfigurationNode) throws -> any Decodable & Sendable
    var build: @Sendable (ConfigurationNode, Context) throws -> Product

    /// A context with the component's own scope, where it has none.
    func scoped(_ context: Context) -> Context {
      guard let defaultScope, var inner = context as? any ScopedContext, inner.scope == nil else {
        return context
      }
      inner.scope = defaultScope
      return inner as? Context ?? context
    }
  }

  /// What its components are, for errors: `backbone`.
  public let kind: String
  /// The keys of a config under which its components stand, where they are not called like the kind.
  public let keys: [String]
  private var entries: [String: [Entry]] = [:]

  /// An empty registry.
  ///
  /// - Parameters:
  ///   - kind: What its components are, for errors: `backbone`.
  ///   - keys: The keys of a config under which its components stand, where they are not called like the kind.
  public init(kind: String, keys: [String] = []) { (self.kind, self.keys) = (kind, keys) }

  /// Registers a component under a name.
  ///
  /// - Parameters:
  ///   - name: The `type` of a config.
  ///   - aliases: Other names of the same.
  ///   - scope: `mmdet`, `mmseg` or `mmpretrain` when the name means something else in the others.
  ///   - defaultScope: Of a whole model: what a bare name in it means where the config has no `default_scope`.
  ///   - description: A line for lists of components.
  ///   - make: Builds it from its decoded settings.
  public mutating func add<Settings: Decodable & Sendable>(
    _ name: String, aliases: [String] = [], scope: String? = nil, defaultScope: String? = nil,
    description: String = "",
    make: @escaping @Sendable (Settings, Context) throws -> Product
  ) {
    let entry = Entry(
      name: name, aliases: aliases, scope: scope, defaultScope: defaultScope, description: description,
      inspect: { node, observer in Reflection(try node.decode(Settings.self, observer: observer)) },
      decode: { node in try node.decode(Settings.self) }
    ) { node, context in
      do { return try make(try node.decode(Settings.self), context) } catch var error as ConfigurationError {
        // An error without a place is about this component.
        if error.location == nil {
          error.location = (node.node(at: error.keyPath) ?? node).location
          error.keyPath = [node.keyPath, error.keyPath].filter { !$0.isEmpty }.joined(separator: ".")
        }
        throw error
      }
    }
    for name in [name] + aliases {
      entries[name, default: []].removeAll { $0.scope == scope }
      entries[name, default: []].append(entry)
    }
  }

  /// All names, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// All components with their settings, found out from the code that decodes them; by name.
  public var components: [ComponentDescription] {
    names.flatMap { name in
      (entries[name] ?? []).filter { $0.name == name }.map { entry in
        ComponentDescription(
          kind: kind, name: name, aliases: entry.aliases, scope: entry.scope, summary: entry.description,
          settings: SettingExplorer.settings(entry.inspect))
      }
    }
  }

  /// What is wrong in a component's own settings, all of it, and the components that stand in it.
  public func check(
    _ component: ComponentConfiguration, scope: String?
  ) -> (mistakes: [ConfigurationError], parts: [ComponentConfiguration]) {
    do {
      let observer = DecodingObserver()
      let completion = Completion(
        component.node, observer: observer, decode: try find(component, scope: scope).inspect)
      // Each round of decoding takes them anew.
      var seen: Set<String> = []
      let parts = observer.components.filter {
        !completion.isFilled($0.node.keyPath) && seen.insert($0.node.keyPath).inserted
      }
      return (completion.mistakes, parts)
    } catch let error as ConfigurationError { return ([error], []) } catch { return ([], []) }
  }

  /// What a component is, in a line.
  public func description(of name: String) -> String? { entries[name]?.first?.description }

  /// What a bare name within a component means where the config has no `default_scope`; nil where it does not say.
  public func defaultScope(of component: ComponentConfiguration) -> String? {
    (try? find(component, scope: nil))?.defaultScope
  }

  /// Builds a component. A context without a scope gets the component's own.
  ///
  /// - Parameters:
  ///   - component: Its type and settings.
  ///   - scope: What a bare name means: `mmdet`, `mmseg` or `mmpretrain`.
  ///   - context: What building takes beside the settings.
  /// - Throws: `ConfigurationError` for an unknown type, with the nearest names, and for wrong settings.
  public func build(
    _ component: ComponentConfiguration, scope: String?, in context: Context
  ) throws -> Product {
    let entry = try find(component, scope: scope)
    return try entry.build(component.node, entry.scoped(context))
  }

  /// A component's settings, decoded; nothing is built and no file opened.
  ///
  /// - Throws: As `build`.
  public func settings(
    of component: ComponentConfiguration, scope: String?
  ) throws -> any Decodable & Sendable {
    try find(component, scope: scope).decode(component.node)
  }

  private func find(_ component: ComponentConfiguration, scope: String?) throws -> Entry {
    let parts = component.type.split(separator: ".", maxSplits: 1).map(String.init)
    let isScoped = parts.count == 2 && ComponentScopes.all.contains(parts[0])
    let name = isScoped ? parts[1] : component.type
    let wanted = isScoped ? parts[0] : scope
    let found = entries[name] ?? []
    if let entry = found.first(where: { $0.scope == wanted }) ?? found.first(where: { $0.scope == nil }) {
      return entry
    }
    if !isScoped, found.count == 1 { return found[0] }
    let place = component.node["type"] ?? component.node
    guard found.isEmpty else {
      let scopes = found.compactMap(\.scope)
      throw place.error(
        "'\(name.shown)' means different things in \(scopes.joined(separator: " and "))",
        hint: "Set default_scope, or write \(scopes.map { "\($0).\(name)" }.joined(separator: " or ")).")
    }
    throw place.error("unknown \(kind) '\(component.type.shown)'", hint: hint(for: name, among: names))
  }
}
