import ArgumentParser
import Files
import Foundation
import Tensors
import Training

/// The command `dense`.
struct Dense: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dense",
    abstract: "Detectors, segmentors and classifiers: train, test, predict and evaluate.",
    version: RunFacts.version,
    subcommands: [
      Train.self, Test.self, Predict.self, Evaluate.self, ConfigCommand.self, CheckpointCommand.self,
      DataCommand.self, Analyze.self, Report.self, Verify.self, Benchmark.self, Version.self,
      Manual.self,
    ])
}

@main
enum Main {
  /// Exit status 0 done, 1 failed, 2 wrong usage.
  static func main() {
    Threads.keepToOurOwn()
    ProcessStack.prepare()
    StandardStream.prepareProcess()
    do {
      try requireText()
      var command = try parsed(Array(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch { exit(status(of: error)) }
  }

  /// The command with its options.
  ///
  /// - Throws: What the parser says, or `Misspelling` with the names that may have been meant.
  private static func parsed(_ words: [String]) throws -> any ParsableCommand {
    let (command, rest) = try Misspelling.requireCommands(words)
    do { return try Dense.parseAsRoot(words) } catch {
      guard Dense.exitCode(for: error) == .validationFailure,
        let misspelling = Misspelling(inOptionsOf: command, rest: rest, insteadOf: error)
      else { throw error }
      throw misspelling
    }
  }

  /// Says what there is to say, help on standard output and mistakes on standard error.
  private static func status(of error: any Error) -> Int32 {
    let misspelling = error as? Misspelling
    let text = misspelling?.text ?? Dense.fullMessage(for: error)
    switch misspelling == nil ? Dense.exitCode(for: error) : .validationFailure {
    case .success:
      do { try Output.reporting { if !text.isEmpty { try Output.print(text) } } } catch { return 1 }
      return 0
    case .validationFailure:
      // All ranks have the same command. Launchers end the rest when one process ends: the first one has to come to say it.
      if Ranks.isFirst { Output.message(text) } else { Thread.sleep(forTimeInterval: 0.5) }
      return 2
    case let code:
      if !text.isEmpty { Output.message(text) }
      return code.rawValue
    }
  }

  /// Refuses arguments that are no text: with other characters in the place of their bytes they would name other files.
  private static func requireText() throws {
    for number in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[number], String(validatingCString: argument) == nil else {
        continue
      }
      throw ValidationError(
        "Argument \(number) is not UTF-8: \(String(cString: argument).printedWhole). Rename the file, or go to its "
          + "folder and name it otherwise.")
    }
  }
}
