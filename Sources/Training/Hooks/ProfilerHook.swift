import Configuration
import Files
import Modeling
import Tensors

/// Writes a table of the operations of some iterations into the log: where a step's time goes.
public struct ProfilerHook: Hook {
  /// mm's keys, of which `profile_times` says how many iterations; `begin` and `end` name them.
  struct Configuration: Decodable, Sendable {
    let begin, end: Int
    let rows: Int

    enum CodingKeys: String, CodingKey {
      case begin, end, rows
      case count = "profile_times"
      case countsEpochs = "by_epoch"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let range = 1...1_000_000_000
      begin = try keys.decodeIfPresent(Int.self, forKey: .begin, in: range) ?? 2
      let count = try keys.decodeIfPresent(Int.self, forKey: .count, in: range) ?? 1
      end = try keys.decodeIfPresent(Int.self, forKey: .end, in: range) ?? (begin + count - 1)
      rows = try keys.decodeIfPresent(Int.self, forKey: .rows, in: 1...10_000) ?? 20
      guard end >= begin else { throw keys.refusal("\(end) is before begin, \(begin)", forKey: .end) }
      guard try keys.decodeIfPresent(Bool.self, forKey: .countsEpochs) != true else {
        throw keys.refusal("iterations are measured: set by_epoch: false", forKey: .countsEpochs)
      }
    }
  }

  private let settings: Configuration

  init(_ settings: Configuration) { self.settings = settings }

  /// Begins to measure.
  public mutating func beforeIteration(_ trainer: Trainer) throws {
    if trainer.iteration + 1 == settings.begin { OperationProfile.begin() }
  }

  /// Writes the table behind the last iteration that is measured.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    guard trainer.iteration >= settings.begin else { return }
    guard trainer.iteration == settings.end || trainer.isDone && trainer.iteration < settings.end else {
      return
    }
    let entries = OperationProfile.end()
    guard !entries.isEmpty else { return }
    let total = entries.reduce(0) { $0 + $1.seconds }
    trainer.log.info("operations of the iterations \(settings.begin) to \(trainer.iteration)")
    let rows = entries.prefix(settings.rows).map { entry in
      [
        entry.name, "\(entry.calls)", decimal(entry.seconds * 1000, 2),
        decimal(100 * entry.seconds / max(total, 1e-12), 1),
      ]
    }
    let table = TextTable(
      [.left(), .right(), .right(), .right()], indent: 2, rows: [["operation", "calls", "ms", "%"]] + rows)
    for line in table.lines { trainer.log.plain(line) }
  }

  /// Measures no longer, whatever ended the run.
  public mutating func afterRun(_ trainer: Trainer) throws { _ = OperationProfile.end() }
  /// Measures no longer.
  public mutating func afterFailure(_ trainer: Trainer, _ error: any Error) { _ = OperationProfile.end() }
}
