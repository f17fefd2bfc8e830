import Data
import Distribution
import Layers
import Modeling

/// How fast an evaluation was: means over its batches.
public struct EvaluationTiming: Sendable {
  /// How many batches there were.
  public var batches = 0
  /// A whole batch, and the part of it spent waiting for data.
  public var seconds = 0.0, dataSeconds = 0.0
}

/// Predicts every sample of a data set once and has metrics judge the predictions one by one.
public struct Evaluator {
  private let model: any Model
  private let loader: DataLoader
  private let merging: (any TestTimeAugmentation)?
  private let progress: ProgressLine
  private let ranks: any Communicator

  /// An evaluator of a model on data.
  ///
  /// - Parameters:
  ///   - model: Its weights and statistics stay as they are.
  ///   - loader: Of a finite sampler; one pass is made.
  ///   - merging: Makes one prediction of those for the variants of each image; nil where there are none.
  ///   - progress: Shows how many batches are done; quiet unless given.
  ///   - ranks: Share the batches out; each gets the figures over all of them, with the bits of one process.
  public init(
    model: any Model, loader: DataLoader, merging: (any TestTimeAugmentation)? = nil,
    progress: ProgressLine = ProgressLine(isQuiet: true), ranks: any Communicator = SoleRank()
  ) {
    (self.model, self.loader, self.merging, self.progress) = (model, loader, merging, progress)
    self.ranks = ranks
  }

  /// The figures of all metrics together.
  ///
  /// - Parameters:
  ///   - metrics: As they are before the first prediction.
  ///   - countsLosses: Whether the means of the model's losses stand behind the figures, as `val/loss` and so on.
  ///   - stop: Asked after each batch whether the rest is not wanted any more.
  ///   - onPrediction: Sees each prediction of this rank after the metrics; for result files and pictures.
  /// - Throws: Errors of data, model and metrics, and those of `onPrediction`; `EvaluationStopped` where `stop` says so,
  ///   on all ranks; `DistributionError` that names a rank which does not answer.
  public func evaluate(
    _ metrics: [any Metric], countsLosses: Bool = false, unless stop: () -> Bool = { false },
    onPrediction: ((Prediction, Sample) throws -> Void)? = nil
  ) throws -> (summary: MetricSummary, timing: EvaluationTiming) {
    let fresh = metrics
    var metrics = metrics
    var losses = ValidationLosses()
    var timing = EvaluationTiming()
    let clock = ContinuousClock()
    let start = clock.now
    var waiting = Duration.zero
    let batches = loader.batches(epoch: 0, ofRank: ranks.rank, of: ranks.size)
    let count = loader.batchCount(ofRank: ranks.rank, of: ranks.size)
    var isStopped = false
    while true {
      let asked = clock.now
      guard let samples = try batches.next() else { break }
      if stop() {
        isStopped = true
        break
      }
      waiting += clock.now - asked
      let predictions = try model.evaluated(samples, merging: merging)
      precondition(
        predictions.count == samples.count, "\(predictions.count) predictions for \(samples.count) samples")
      for (prediction, sample) in zip(predictions, samples) {
        for index in metrics.indices { try metrics[index].add(prediction, for: sample) }
        try onPrediction?(prediction, sample)
      }
      if countsLosses {
        try losses.add(samples, ofBatch: timing.batches * ranks.size + ranks.rank, to: model)
      }
      timing.batches += 1
      let done = timing.batches
      progress.show(Self.progress(done, of: count, (clock.now - start) / .seconds(1)))
    }
    progress.clear()
    guard try !ranks.gather(isStopped ? 1 : 0).contains(1) else { throw EvaluationStopped() }
    try share(&metrics, &losses, fresh)
    timing.seconds = (clock.now - start) / .seconds(1) / Double(max(1, timing.batches))
    timing.dataSeconds = waiting / .seconds(1) / Double(max(1, timing.batches))
    var summaries: [MetricSummary] = []
    for index in metrics.indices { summaries.append(try metrics[index].summary()) }
    var summary = MetricSummary(summaries)
    summary.values += losses.values
    return (summary, timing)
  }

  /// Merges what all ranks have kept, in the order of the ranks.
  private func share(
    _ metrics: inout [any Metric], _ losses: inout ValidationLosses, _ fresh: [any Metric]
  ) throws {
    guard ranks.size > 1 else { return }
    let own = try metrics.map { try $0.storedState() }
    metrics = fresh
    for index in metrics.indices {
      for state in try ranks.gather(own[index]) { try metrics[index].merge(stored: state) }
    }
    losses = try ValidationLosses(merging: ranks.gather(try losses.stored()))
  }

  private static func progress(_ done: Int, of all: Int, _ seconds: Double) -> [String] {
    let each = seconds / Double(max(1, done))
    return [
      "evaluation [\(done)/\(all)]", "eta \(duration(seconds: each * Double(max(0, all - done))))",
      "\(decimal(1 / max(each, 1e-9), 1)) batches/s",
    ]
  }
}

/// An evaluation whose rest was not wanted any more.
public struct EvaluationStopped: Error {}

extension Model {
  /// A prediction for each sample, outside training.
  ///
  /// - Parameter merging: Makes one prediction of those for the variants of each image.
  /// - Throws: `DataError` for a sample of several variants where nothing merges them, one without where something
  ///   would, and one that was flipped: that would not be the image's own prediction.
  func evaluated(_ samples: [Sample], merging: (any TestTimeAugmentation)? = nil) throws -> [Prediction] {
    if let merging {
      return try samples.map { sample in
        guard !sample.variants.isEmpty else {
          throw DataError(
            file: sample.imagePath, "tta_pipeline makes no variants of it: end it in {type: TestTimeAug}")
        }
        return try ForwardMode.evaluation { try merging.predict(sample.variants, by: self) }
      }
    }
    if let sample = samples.first(where: { !$0.variants.isEmpty }) {
      throw DataError(
        file: sample.imagePath,
        "the pipeline makes \(sample.variants.count) variants of it, and nothing here merges their predictions: keep "
          + "TestTimeAug in tta_pipeline, which dense test --tta takes")
    }
    if let sample = samples.first(where: \.isFlipped) {
      throw DataError(
        file: sample.imagePath,
        "the pipeline has flipped it, and a prediction is not flipped back: take RandomFlip out of the pipelines of "
          + "validation and test")
    }
    return try ForwardMode.evaluation { try predict(samples) }
  }
}

extension MetricSummary {
  /// The figures of several metrics, one after the other. Their JSON objects go into one.
  init(_ summaries: [MetricSummary]) {
    self.init(
      values: summaries.flatMap(\.values), table: summaries.map(\.table).joined(separator: "\n"),
      json: JoinedObjects(parts: summaries.map(\.json)))
    perClass = summaries.flatMap(\.perClass)
    confusion = summaries.lazy.compactMap(\.confusion).first
  }
}

/// Objects whose keys are written into one.
private struct JoinedObjects: Encodable, Sendable {
  let parts: [any Encodable & Sendable]

  func encode(to encoder: any Encoder) throws {
    for part in parts { try part.encode(to: encoder) }
  }
}
