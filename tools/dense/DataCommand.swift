import ArgumentParser

/// `dense data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Make, convert, split, sample, count, check and look at data sets.",
    subcommands: [
      Synthesize.self, DataConvert.self, DataSplit.self, DataSample.self, DataStats.self, DataCheck.self,
      DataBrowse.self,
    ])
}
