import ArgumentParser

/// The command `dense`.
@main
struct Dense: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dense",
    abstract: "Detectors and segmentors: train, test, predict and evaluate.",
    subcommands: [
      Train.self, Test.self, Predict.self, Evaluate.self, ConfigCommand.self, Verify.self,
    ])
}
