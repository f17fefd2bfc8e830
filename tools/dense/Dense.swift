import ArgumentParser

/// The command `dense`.
@main
struct Dense: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dense", abstract: "Dense prediction: train, test, predict, evaluate.")
}
