/// What one iteration came to.
public struct TrainingStep: Sendable {
  /// Iterations before it.
  public var iteration: Int
  /// Passes over the data before it.
  public var epoch: Int
  /// The learning rate of weights without a multiplier.
  public var rate: Double
  /// The sum that was minimised.
  public var loss: Double
  /// The model's losses and figures, under mm's names.
  public var terms: [(name: String, value: Double)]
  /// The norm of all gradients before clipping; nil where nothing is clipped.
  public var gradientNorm: Double?
  /// The whole iteration, and the part of it spent waiting for data.
  public var seconds, dataSeconds: Double
  /// What the model and its update took of it.
  public var stages: StepStages
}

/// Seconds of the parts of a step; a step that only adds to the gradients has no update.
public struct StepStages: Sendable {
  /// The losses, their gradients, and the new weights.
  public var forward = 0.0, backward = 0.0, update = 0.0
}

/// Means over iterations.
struct StepWindow {
  private var count = 0
  private var sums = (seconds: 0.0, dataSeconds: 0.0, loss: 0.0)
  private var norms: (sum: Double, count: Int) = (0, 0)
  private var names: [String] = []
  private var termSums: [String: (sum: Double, count: Int)] = [:]

  mutating func add(_ step: TrainingStep) {
    addTime(of: step)
    sums.loss += step.loss
    if let norm = step.gradientNorm { norms = (norms.sum + norm, norms.count + 1) }
    for (name, value) in step.terms {
      let old = termSums[name]
      if old == nil { names.append(name) }
      termSums[name] = ((old?.sum ?? 0) + value, (old?.count ?? 0) + 1)
    }
  }

  /// As `addTime`, but leaves out a step in which the process was stopped, or its machine asleep: nothing is as slow as
  /// that by itself.
  mutating func addPace(of step: TrainingStep) {
    guard count < 5 || step.seconds < 10 + 20 * seconds else { return }
    addTime(of: step)
  }

  mutating func addTime(of step: TrainingStep) {
    count += 1
    sums.seconds += step.seconds
    sums.dataSeconds += step.dataSeconds
  }

  var seconds: Double { sums.seconds / Double(max(1, count)) }
  var dataSeconds: Double { sums.dataSeconds / Double(max(1, count)) }
  var loss: Double { sums.loss / Double(max(1, count)) }
  var gradientNorm: Double? { norms.count > 0 ? norms.sum / Double(norms.count) : nil }
  /// In the order in which they came up.
  var terms: [(name: String, value: Double)] {
    names.compactMap { name in termSums[name].map { (name, $0.sum / Double($0.count)) } }
  }
}
