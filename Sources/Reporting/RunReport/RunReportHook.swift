import Analysis
import Data
import Files
import Foundation
import Modeling
import Training

/// Writes `report.html` into the run's folder after each validation and at the end: what ran, how it went, what the model
/// can and cannot do.
///
/// None of it ends a run: what cannot be counted or written is a warning.
public struct RunReportHook: Hook {
  /// It has no keys.
  struct Configuration: Decodable, Sendable {
    init() {}
    init(from decoder: any Decoder) throws {
      enum NoKeys: CodingKey {}
      _ = try decoder.container(keyedBy: NoKeys.self)
    }
  }

  /// Behind what it tells of: the log, `metrics.csv`, pictures.
  public let priority = HookPriority.low

  private var facts = ReportFacts()
  private var tally: EvaluationTally?
  private var start = ContinuousClock.now

  init(_ settings: Configuration = Configuration()) {}

  /// Images of the training data whose loading is measured.
  private static let measuredImages = 8

  /// Notes what runs, and counts the labels.
  public mutating func beforeRun(_ trainer: Trainer) throws {
    start = .now
    facts.earlierRuns = trainer.earlierRuns.map { Folder.split($0).name }
    (facts.seed, facts.batchSize, facts.settings) = (trainer.seed, trainer.batchSize, trainer.ownSettings)
    guard trainer.workDirectory != nil else { return }
    if let last = trainer.earlierRuns.last {
      facts.evaluation = ReportFacts(runFolder: last)?.evaluation
    }
    trainer.attempt("the report lacks what is in the training data") {
      facts.training = try LabelCounts(trainer.trainingDataset)
    }
    trainer.attempt("the report lacks what is in the validation data") {
      facts.validation = try trainer.validationDataset.map { try LabelCounts($0) }
    }
  }

  /// Takes in how long its parts took.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    // The first step makes what the others find ready.
    if step.iteration > 0 || trainer.iterations == 1 { facts.speed.add(step) }
  }

  /// Begins anew.
  public mutating func beforeValidation(_ trainer: Trainer) throws {
    tally = nil
    guard trainer.workDirectory != nil, let dataset = trainer.validationDataset else { return }
    trainer.attempt("the report lacks this evaluation") { tally = try EvaluationTally(dataset) }
  }

  /// Takes in a prediction.
  public mutating func afterPrediction(
    _ trainer: Trainer, _ prediction: Prediction, for sample: Sample
  ) throws {
    guard tally != nil else { return }
    var isLost = true
    trainer.attempt("the report lacks this evaluation") {
      try tally?.add(prediction, for: sample)
      isLost = false
    }
    if isLost { tally = nil }
  }

  /// Writes the report of the run so far.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    let previous = facts.evaluation
    trainer.attempt("the report lacks this evaluation") {
      facts.evaluation = try tally?.facts(step: trainer.iteration, summary, previous: previous) { error in
        trainer.attempt("the report lacks a picture") { throw error }
      }
    }
    tally = nil
    facts.speed.evaluationBatches = trainer.validationTiming.batches
    facts.speed.evaluation = 1000 * trainer.validationTiming.seconds
    write(trainer)
  }

  /// Writes the report of the whole run.
  public mutating func afterRun(_ trainer: Trainer) throws {
    if trainer.interruption == nil, trainer.workDirectory != nil {
      trainer.attempt("the report lacks what loading takes") {
        facts.speed.loading = try DataBenchmark(trainer.loader).measureStages(images: Self.measuredImages)
          .map { .init(name: $0.name, milliseconds: $0.milliseconds) }
      }
    }
    facts.isDone = trainer.interruption == nil
    facts.ending = trainer.interruption.map { "interrupted by signal \($0)" } ?? trainer.stopReason
    write(trainer)
  }

  /// Writes how far it came.
  public mutating func afterFailure(_ trainer: Trainer, _ error: any Error) {
    facts.ending = "\(error)".split(whereSeparator: \.isNewline).first.map(String.init)
    write(trainer)
  }

  private mutating func write(_ trainer: Trainer) {
    guard let workDirectory = trainer.workDirectory else { return }
    facts.seconds = ((ContinuousClock.now - start) / .milliseconds(100)).rounded() / 10
    (facts.iteration, facts.iterations) = (trainer.iteration, trainer.iterations)
    facts.peakMemory = trainer.peakMemory
    trainer.attempt("report.html was not written") {
      try AtomicFile.write(
        try facts.encoded(), to: "\(workDirectory.visualization)/\(ReportFacts.fileName)", isDurable: false)
      let report = RunReport([try ReportedRun(contentsOf: workDirectory.runFolder)])
      try AtomicFile.write(report.html.utf8, to: "\(workDirectory.runFolder)/report.html", isDurable: false)
    }
  }
}
