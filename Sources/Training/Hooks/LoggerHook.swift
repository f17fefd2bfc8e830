import Configuration
import Modeling
import Tensors

/// Writes means over the last iterations, and the figures of each validation, to the log and to all sinks.
public struct LoggerHook: Hook {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    let interval: Int

    enum CodingKeys: String, CodingKey {
      case interval
      case ignoresLast = "ignore_last"
      case logsMetricsByEpoch = "log_metric_by_epoch"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      interval =
        try keys.decodeIfPresent(Int.self, forKey: .interval, in: 1...1_000_000_000)
        ?? LoggerHook.defaultInterval
      // What both do is done here in any case.
      _ = try keys.decodeIfPresent(Bool.self, forKey: .ignoresLast)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .logsMetricsByEpoch)
    }
  }

  /// mmengine's.
  private static let defaultInterval = 10
  private let interval: Int
  private var window = StepWindow()
  private var run = StepWindow()

  /// Behind a config's own hooks, as in mm.
  public let priority = HookPriority.belowNormal

  /// A line every ten iterations.
  init() { interval = Self.defaultInterval }

  init(_ settings: Configuration) { interval = settings.interval }

  /// A line of means after each interval and after the last iteration.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    window.add(step)
    run.addPace(of: step)
    trainer.progress.show(progress(trainer, step))
    let isEpochsEnd = trainer.loop.unit == .epochs && trainer.iteration % trainer.iterationsPerEpoch == 0
    let count =
      trainer.loop.unit == .epochs
      ? (trainer.iteration - 1) % trainer.iterationsPerEpoch + 1 : trainer.iteration
    guard count % interval == 0 || isEpochsEnd || trainer.isDone else { return }
    let memory = ProcessMemory.peak >> 20
    var fields = [
      "lr: \(scientific(step.rate))", "eta: \(eta(trainer))", "time: \(decimal(window.seconds, 4))",
      "data_time: \(decimal(window.dataSeconds, 4))", "memory: \(memory)", "loss: \(decimal(window.loss, 4))",
    ]
    fields += window.terms.map { "\($0.name): \(decimal($0.value, 4))" }
    if let norm = window.gradientNorm { fields.append("grad_norm: \(decimal(norm, 4))") }
    trainer.log.info(place(of: trainer, step) + "  " + fields.joined(separator: "  "))

    var scalars = Scalars(.training, step: trainer.iteration)
    scalars.add("lr", step.rate)
    scalars.add("data_time", window.dataSeconds)
    if let norm = window.gradientNorm { scalars.add("grad_norm", norm) }
    scalars.add("loss", window.loss)
    for term in window.terms { scalars.add(term.name, term.value) }
    scalars.add("time", window.seconds)
    if trainer.loop.unit == .epochs { scalars.add("epoch", step.epoch + 1) }
    scalars.add("iter", trainer.iteration)
    scalars.add("memory", memory)
    trainer.write(scalars)
    window = StepWindow()
  }

  /// The figures of a validation on one line, and the table for people.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    for line in summary.table.split(separator: "\n", omittingEmptySubsequences: false) {
      trainer.log.plain(String(line))
    }
    let timing = trainer.validationTiming
    let batches = "[\(timing.batches)/\(timing.batches)]"
    let place =
      trainer.loop.unit == .epochs ? "Epoch(val) [\(trainer.epoch)]\(batches)" : "Iter(val) \(batches)"
    var fields = summary.values.map { "\($0.name): \(decimal($0.value, 4))" }
    fields += ["data_time: \(decimal(timing.dataSeconds, 4))", "time: \(decimal(timing.seconds, 4))"]
    trainer.log.info(place + "  " + fields.joined(separator: "  "))
    var scalars = Scalars(
      .validation, step: trainer.loop.unit == .epochs ? trainer.epoch : trainer.iteration)
    for (name, value) in summary.values { scalars.add(name, value) }
    scalars.add("data_time", timing.dataSeconds)
    scalars.add("time", timing.seconds)
    trainer.write(scalars)
  }

  /// `Iter(train) [  50/1800]`, `Epoch(train) [1][ 50/272]`
  private func place(of trainer: Trainer, _ step: TrainingStep) -> String {
    func counted(_ count: Int, of total: Int) -> String {
      let (count, total) = ("\(count)", "\(total)")
      return "[" + String(repeating: " ", count: max(0, total.count - count.count)) + count + "/\(total)]"
    }
    guard trainer.loop.unit == .epochs else {
      return "Iter(train) " + counted(trainer.iteration, of: trainer.iterations)
    }
    let batch = (trainer.iteration - 1) % trainer.iterationsPerEpoch + 1
    return "Epoch(train) [\(step.epoch + 1)]" + counted(batch, of: trainer.iterationsPerEpoch)
  }

  /// For the terminal, the most important first: what does not fit is left out.
  private func progress(_ trainer: Trainer, _ step: TrainingStep) -> [String] {
    let count = (trainer.iteration - 1) % trainer.iterationsPerEpoch + 1
    let place =
      trainer.loop.unit == .epochs
      ? "epoch \(step.epoch + 1) [\(count)/\(trainer.iterationsPerEpoch)]"
      : "[\(trainer.iteration)/\(trainer.iterations)]"
    var fields = [
      place, "eta \(eta(trainer))", "loss \(decimal(step.loss, 4))",
      "\(decimal(Double(trainer.batchSize) / max(window.seconds, 1e-9), 1)) img/s",
      "lr \(scientific(step.rate))",
    ]
    if let norm = step.gradientNorm { fields.append("grad \(decimal(norm, 2))") }
    fields += [
      "\(ProcessMemory.peak >> 20) MB",
      "data \(decimal(100 * window.dataSeconds / max(window.seconds, 1e-9), 0)) %",
    ]
    return fields + step.terms.map { "\($0.name) \(decimal($0.value, 4))" }
  }

  /// What is left, at the mean speed since the start.
  private func eta(_ trainer: Trainer) -> String {
    duration(seconds: run.seconds * Double(trainer.iterations - trainer.iteration))
  }
}
