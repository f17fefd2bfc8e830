import ArgumentParser
import Configuration

/// `dense config`
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at configs.", subcommands: [Print.self])

  /// `dense config print CONFIG`
  struct Print: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a config with its bases and overrides merged, as YAML.")

    @OptionGroup var config: ConfigOptions

    func run() throws {
      try Output.reporting { print(try config.load().yaml(), terminator: "") }
    }
  }
}
