import Configuration
import Foundation
import Modeling
import Training

/// Sends figures to a file of its own, and ends the run after so many steps, those before a resumption included.
public struct CountdownHook: StatefulHook {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let steps: Int
    let file: String

    enum CodingKeys: CodingKey { case steps, file }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      steps = try keys.decode(Int.self, forKey: .steps, in: 1...1_000_000)
      file = try keys.decode(String.self, forKey: .file)
    }
  }

  private let settings: Settings
  private var done = 0

  init(_ settings: Settings) { self.settings = settings }

  /// What it is called in checkpoints and messages.
  public let name = "CountdownHook"
  /// Before the checkpoints.
  public let priority = HookPriority.high
  /// Steps so far.
  public var state: Int? { done }
  /// Goes on counting.
  public mutating func restore(_ state: Int, _ trainer: Trainer) { done = state }

  /// Adds the file to the places where figures go.
  public mutating func beforeRun(_ trainer: Trainer) { trainer.add(FigureFile(path: settings.file)) }

  /// Counts a step, and sends a figure of its own.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) {
    done += 1
    var scalars = Scalars(.training, step: trainer.iteration)
    scalars.add("steps_left", settings.steps - done)
    scalars.add("own_loss", step.loss)
    trainer.write(scalars)
    if done >= settings.steps { trainer.stop(because: "the countdown is over") }
  }
}

/// All figures so far, a line each.
private struct FigureFile: ScalarSink {
  let path: String
  var lines: [String] = []

  init(path: String) { self.path = path }

  mutating func write(_ scalars: Scalars) throws {
    lines.append(scalars.json)
    try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
  }
}
