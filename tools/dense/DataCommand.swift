import ArgumentParser

/// `dense data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make, check and look at data sets.",
    subcommands: [Synthesize.self, DataCheck.self, DataBrowse.self])
}
