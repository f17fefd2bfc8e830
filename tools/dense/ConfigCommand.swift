import Modeling
import ArgumentParser
import Configuration
import Data
import Training

/// `dense config`
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at configs, and at what they may name.",
    subcommands: [Print.self, ListComponents.self])

  /// `dense config print CONFIG`
  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a config with its bases and overrides merged, as YAML.")

    @OptionGroup var config: ConfigOptions

    func run() throws {
      try Output.reporting { print(try config.load().yaml(), terminator: "") }
    }
  }

  /// `dense config components`
  struct ListComponents: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "components",
      abstract: "List what a config may name: types, their keys, and the keys' types and defaults.",
      discussion: """
        All of it is found out from the code that decodes configs. A default is the value with which decoding gives \
        the same as without the key; where none was found, none is shown.
        """)

    @Option(help: "Only this kind, such as backbone, transform or 'decode head'.")
    var kind: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Report: Encodable { var components: [ComponentDescription] }

    private struct UnknownKind: Error, CustomStringConvertible {
      var kind: String
      var kinds: [String]
      var description: String { "--kind \(kind): there are: \(kinds.sorted().joined(separator: ", "))" }
    }

    func run() throws {
      try Output.reporting(json: json) {
        let components = Components.all
        let all = components.catalogues + components.partCatalogues + components.training.catalogues
        let chosen = all.filter { kind == nil || letters($0.kind) == kind.map(letters) }
        if chosen.isEmpty, let kind { throw UnknownKind(kind: kind, kinds: all.map(\.kind)) }
        let found = chosen.flatMap(\.components)
        if json { try Output.json(Report(components: found)) } else { show(found) }
      }
    }

    /// `data set`, `data_set`, `data-set` and `dataset` are one.
    private func letters(_ name: String) -> String { String(name.lowercased().filter { $0.isLetter }) }

    private func show(_ components: [ComponentDescription]) {
      var kind: String?
      for component in components {
        if component.kind != kind { print("\(kind == nil ? "" : "\n")\(component.kind)") }
        kind = component.kind
        let name = component.scope.map { "\($0).\(component.name)" } ?? component.name
        let aliases = component.aliases.isEmpty ? "" : " (\(component.aliases.joined(separator: ", ")))"
        print("\n  \(name)\(aliases)\(component.summary.isEmpty ? "" : ": \(component.summary)")")
        let rows = component.settings.map {
          ($0.key, $0.types.joined(separator: " or "), $0.isRequired ? "required" : $0.defaultValue ?? "")
        }
        let (first, second) = (rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0)
        for row in rows {
          let type = row.2.isEmpty ? row.1 : padded(row.1, second)
          print("    \(padded(row.0, first))  \(type)\(row.2.isEmpty ? "" : "  \(row.2)")")
        }
      }
    }

    private func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
  }
}
