import ArgumentParser
import Foundation
import Tensors

/// The command `dense`.
struct Dense: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dense",
    abstract: "Detectors and segmentors: train, test, predict and evaluate.",
    subcommands: [
      Train.self, Test.self, Predict.self, Evaluate.self, ConfigCommand.self, CheckpointCommand.self,
      DataCommand.self, Verify.self, Benchmark.self,
    ])
}

@main
enum Main {
  /// Exit status 0 done, 1 failed, 2 wrong usage.
  static func main() {
    Threads.keepToOurOwn()
    do {
      var command = try Dense.parseAsRoot()
      try command.run()
    } catch {
      guard Dense.exitCode(for: error) == .validationFailure else { Dense.exit(withError: error) }
      Output.message(Dense.fullMessage(for: error))
      exit(2)
    }
  }
}
