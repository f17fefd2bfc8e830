import ArgumentParser

/// `dense data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
<<<<<<< HEAD
    commandName: "data", abstract: "Make, check and look at data sets.",
    subcommands: [
      DataCheck.self,
      DataBrowse.self,
    ])
=======
    commandName: "data", abstract: "Make data sets and look into them.", subcommands: [Synthesize.self])
>>>>>>> reef
}
