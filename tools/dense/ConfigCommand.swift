import ArgumentParser
import Configuration
import Modeling
import Reporting
import Training

/// `dense config`
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at configs, at what they may name, and read those of mm.",
    subcommands: [Print.self, ListComponents.self, Import.self])

  /// `dense config print CONFIG`
  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a config with its bases and overrides merged, as YAML.")

    @OptionGroup var config: ConfigOptions

    func run() throws {
      try Output.reporting { try Output.print(try config.load().yaml(), terminator: "") }
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

    func run() throws {
      try Output.reporting(json: json) {
        let all = Components.all.everyCatalogue
        guard let listing = ComponentListing(all, kind: kind) else {
          throw ValidationError("--kind: there are: \(all.map(\.kind).sorted().joined(separator: ", ")).")
        }
        if json { try Output.json(listing) } else { try Output.print(listing.text()) }
      }
    }
  }
}
