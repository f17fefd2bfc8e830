import Files
import Foundation
import Modeling

/// Writes `metrics.csv`: a row a validation with its figures and those of each class.
///
/// A run that goes on begins with the rows of the run that wrote its checkpoint.
public struct MetricsFileHook: Hook {
  private var table = MetricsTable()

  /// Behind the log's line, before checkpoints.
  public let priority = HookPriority.low

  init() {}

  /// Takes up the rows of the run that is resumed.
  public mutating func beforeRun(_ trainer: Trainer) throws {
    guard let origin = trainer.earlierRuns.last,
      let text = try? String(contentsOfFile: "\(origin)/metrics.csv", encoding: .utf8),
      var earlier = MetricsTable(text)
    else { return }
    earlier.keep(before: trainer.iteration + (trainer.owesValidation ? 0 : 1))
    table = earlier
    write(trainer)
  }

  /// Adds a row. A file that cannot be written is a warning: the next validation writes it whole.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    var values = summary.values
    for part in summary.perClass {
      for figure in part.figures {
        values += zip(part.classes, figure.values).map { ("\(figure.name)/\($0)", $1) }
      }
    }
    table.add(step: trainer.iteration, epoch: trainer.epoch, values)
    write(trainer)
  }

  private func write(_ trainer: Trainer) {
    guard let file = trainer.workDirectory?.metricsFile, !table.rows.isEmpty else { return }
    trainer.attempt("metrics.csv was not written") {
      try AtomicFile.write(table.text.utf8, to: file, isDurable: false)
    }
  }
}
