import ArgumentParser

/// `dense data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make, convert, check and look at data sets.",
    subcommands: [Synthesize.self, DataConvert.self, DataCheck.self, DataBrowse.self])
}
