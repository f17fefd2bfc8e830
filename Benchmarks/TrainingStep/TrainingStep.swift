import ArgumentParser
import Backbones
import Configuration
import Data
import Detection
import Foundation
import Modeling
import Segmentation
import Tensors
import Training

/// Times the forward and backward pass of a config's first batch, operation by operation.
@main
struct TrainingStep: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "training-step")

  @Argument(help: "The config file.") var config: String
  @Option(name: .customLong("cfg-options"), parsing: .upToNextOption) var overrides: [String] = []
  @Option(help: "Steps that are timed.") var steps = 10
  @Option(help: "Rows of the table.") var rows = 20
  @Option(help: "Threads that compute; 0 means one a core.") var threads = 0

  func run() throws {
    Threads.count = threads
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    let run = try TrainingRun(
      configuration: ExperimentConfiguration(ConfigurationNode.load(file: config, overrides: overrides)),
      components: components, options: TrainingOptions(isQuiet: true, isDryRun: true))
    try run.run()
    let start = ContinuousClock.now
    let entries = try OperationProfile.collect { for _ in 0..<steps { try run.run() } }
    let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(steps)
    print(
      String(format: "%.1f ms a step (loading, forward, backward), %d threads", seconds * 1000, Threads.count)
    )
    for entry in entries.prefix(rows) {
      let milliseconds = entry.seconds * 1000 / Double(steps)
      let share = milliseconds / (10 * seconds)
      let name = entry.name.padding(toLength: 34, withPad: " ", startingAt: 0)
      print(name + String(format: "%8.2f ms %5.1f %% %4d calls", milliseconds, share, entry.calls / steps))
    }
    let usage = TensorMemory.current
    print("live \(usage.live >> 20) MB, idle \(usage.idle >> 20) MB, peak \(usage.peak >> 20) MB")
  }
}
