import Foundation
import Training

/// What a run leaves for its report beside its log and its curves: `vis_data/report.json`.
package struct ReportFacts: Codable, Sendable, Equatable {
  /// The name of the file in a run's `vis_data`.
  package static let fileName = "report.json"
  /// The largest file that is read.
  package static let largestFile = 64 << 20

  /// The folders of the runs that this one went on from, the earliest first: its neighbours.
  package var earlierRuns: [String] = []
  /// Seconds from the start of this run, its iterations and those that it was to do.
  package var seconds = 0.0
  package var iteration = 0, iterations = 0
  /// Whether the run came to its end.
  package var isDone = false
  /// Why it ended, if it did before all iterations.
  package var ending: String?
  /// The seed of all random numbers, and images of a batch.
  package var seed: UInt64 = 0
  package var batchSize = 0
  /// Bytes that tensors took at most.
  package var peakMemory = 0
  /// What the config says by itself, beyond its bases.
  package var settings: [ConfigurationSetting] = []
  /// What is in the data, where it could be counted.
  package var training: LabelCounts?
  package var validation: LabelCounts?
  /// The newest evaluation.
  package var evaluation: EvaluationFacts?
  /// What took how long.
  package var speed = SpeedFacts()

  /// Nothing is known yet.
  package init() {}

  /// As a file holds it: the same facts are the same bytes.
  package func encoded() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(self)) + [0x0a]
  }
}

/// Milliseconds by stage, means over the run.
package struct SpeedFacts: Codable, Sendable, Equatable {
  /// A stage and what it takes.
  package struct Stage: Codable, Sendable, Equatable {
    package var name: String
    package var milliseconds: Double

    package init(name: String, milliseconds: Double) { (self.name, self.milliseconds) = (name, milliseconds) }
  }

  /// Steps that were measured, their whole time, and the part spent waiting for data, in seconds.
  package var steps = 0
  package var seconds = 0.0, waiting = 0.0
  /// Seconds of the losses, their gradients, and the new weights.
  package var forward = 0.0, backward = 0.0, update = 0.0
  /// Batches of the newest evaluation, and milliseconds a batch.
  package var evaluationBatches = 0
  package var evaluation = 0.0
  /// Of one image of the training data on one thread: reading it, then the pipeline's steps.
  package var loading: [Stage] = []

  /// Nothing is measured yet.
  package init() {}

  /// Takes in a step.
  package mutating func add(_ step: TrainingStep) {
    steps += 1
    (seconds, waiting) = (seconds + step.seconds, waiting + step.dataSeconds)
    forward += step.stages.forward
    backward += step.stages.backward
    update += step.stages.update
  }

  /// Milliseconds a step by stage.
  package var stages: [Stage] {
    guard steps > 0 else { return [] }
    let parts = [
      ("waiting for data", waiting), ("forward", forward), ("backward", backward), ("update", update),
    ]
    let rest = max(0, seconds - parts.reduce(0) { $0 + $1.1 })
    return (parts + [("hooks and the rest", rest)]).map {
      Stage(name: $0.0, milliseconds: 1000 * $0.1 / Double(steps))
    }
  }
}
