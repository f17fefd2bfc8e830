import Configuration
import Files

/// What a config may name, for people and as JSON.
public struct ComponentListing: Encodable, Sendable {
  /// The components, those of a kind beside each other.
  public let components: [ComponentDescription]

  /// Lists components of one kind, or of all catalogues where it is nil; `data set`, `data_set`, `data-set` and
  /// `dataset` are one kind.
  ///
  /// - Returns: Nil when there is no such kind.
  public init?(_ catalogues: [any ComponentCatalogue], kind: String? = nil) {
    let chosen = catalogues.filter { kind == nil || Self.letters($0.kind) == kind.map(Self.letters) }
    if chosen.isEmpty { return nil }
    components = chosen.flatMap(\.components)
  }

  private static func letters(_ name: String) -> String { String(name.lowercased().filter { $0.isLetter }) }

  /// Kinds, components and their keys.
  public func text() -> String {
    var lines: [String] = []
    var kind: String?
    for component in components {
      if component.kind != kind { lines += (kind == nil ? [] : [""]) + [component.kind] }
      kind = component.kind
      let name = component.scope.map { "\($0).\(component.name)" } ?? component.name
      let aliases = component.aliases.isEmpty ? "" : " (\(component.aliases.joined(separator: ", ")))"
      lines += ["", "  \(name)\(aliases)\(component.summary.isEmpty ? "" : ": \(component.summary)")"]
      let rows = component.settings.map {
        [$0.key, $0.types.joined(separator: " or "), $0.isRequired ? "required" : $0.defaultValue ?? ""]
      }
      lines += TextTable([.left(), .left(), .left()], indent: 4, rows: rows).lines
    }
    return lines.joined(separator: "\n")
  }
}
