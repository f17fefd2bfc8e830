import ArgumentParser

/// `dense data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make data sets and look into them.", subcommands: [Synthesize.self])
}
