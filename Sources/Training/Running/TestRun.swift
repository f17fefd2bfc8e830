import Checkpoints
import Configuration
import Data
import Distribution
import Files
import Layers
import Modeling

/// A checkpoint on the test data of its config: what `dense test` does.
public final class TestRun {
  /// The model with the checkpoint's weights.
  public let model: any Model
  /// The test data.
  public let loader: DataLoader
  /// What was loaded: «212 of 212 tensors loaded».
  public let loading: LoadingSummary
  /// In which type products are taken.
  public let precision: PrecisionChoice
  private let metrics: [any Metric]
  private let merging: (any TestTimeAugmentation)?

  /// Opens config, data and checkpoint.
  ///
  /// - Parameters:
  ///   - configuration: The whole config.
  ///   - components: Where its types are looked up.
  ///   - file: The checkpoint.
  ///   - allowMissing: Patterns, with `*`, of weights that it may lack.
  ///   - mergesVariants: Whether `tta_pipeline` makes variants of each image, and `tta_model` one prediction of them.
  ///   - half: Whether products are taken in bfloat16, whatever the config's `precision` says.
  /// - Throws: `ConfigurationError`, `CheckpointError` and errors of the data set's files, before any prediction.
  public init(
    configuration: ExperimentConfiguration, components: Components, checkpoint file: String,
    allowMissing: [String] = [], mergesVariants: Bool = false, half: Bool = false
  ) throws {
    let configuration = mergesVariants ? try configuration.testingVariants() : configuration
    let experiment = Experiment(configuration, components: components)
    try experiment.check(for: mergesVariants ? .testOfVariants : .test)
    let loaderSettings = try experiment.require(configuration.testDataloader, "test_dataloader")
    if let loop = configuration.testLoop {
      _ = try components.training.evaluationLoops.build(loop, scope: nil, in: ())
    }
    guard !configuration.testEvaluators.isEmpty else {
      throw ConfigurationError(
        location: SourceLocation(file: configuration.node.location.file),
        message: "the key 'test_evaluator' is missing")
    }
    try PretrainedWeights.refuseAddress(file, at: nil)
    let checkpoint = try TrainingCheckpoint(file: file, isMapped: true)
    loader = try experiment.loader(
      loaderSettings, for: .evaluation, seed: configuration.randomness.seed ?? TrainingRun.defaultSeed)
    let classes = loader.dataset.metainfo.classes
    if let trained = checkpoint.classes, trained != classes {
      throw CheckpointError(file: file, "was trained with other classes:" + sideBySide(trained, classes))
    }
    model = try experiment.model(classes: classes, labels: loader.dataset.metainfo.labels)
    loading = try checkpoint.load(into: model, file: file, allowingMissing: allowMissing)
    // What the file may lack has the values it is drawn with.
    model.initialize(
      seed: configuration.randomness.seed ?? TrainingRun.defaultSeed, only: Set(loading.initialized))
    try model.requireFiniteWeights(of: file)
    merging = mergesVariants ? try experiment.merging(classes: classes) : nil
    metrics = try experiment.metrics(configuration.testEvaluators, for: loader.dataset)
    precision = PrecisionChoice(configuration, half: half)
    model.multiply(in: precision.precision)
  }

  /// Opens what a test opens before its first image, the checkpoint apart, and lets it go again.
  ///
  /// - Throws: What such a test would throw.
  static func check(_ experiment: Experiment, _ settings: DataLoaderConfiguration) throws {
    try experiment.check(for: .test)
    let dataset = try experiment.loader(settings, for: .evaluation, seed: TrainingRun.defaultSeed).dataset
    _ = try experiment.model(classes: dataset.metainfo.classes, labels: dataset.metainfo.labels)
    _ = try experiment.metrics(experiment.configuration.testEvaluators, for: dataset)
  }

  /// What memory the first image takes, for people, with what needs less where it does not fit; nil where the model
  /// does not say.
  ///
  /// - Throws: Errors of the image's pipeline.
  public func memoryEstimate() throws -> String? {
    guard let model = model as? any MemoryEstimating, loader.dataset.count > 0,
      let sample = try loader.dataset.pipeline(loader.dataset.sample(at: 0), seed: 0)
    else { return nil }
    return model.memoryText(for: sample.variants.isEmpty ? [sample] : sample.variants)
  }

  /// Predicts and judges every image.
  ///
  /// - Parameters:
  ///   - progress: Shows how many batches are done; quiet unless given.
  ///   - ranks: Share the images out; each gets the figures over all of them.
  ///   - onPrediction: Sees each prediction of this rank; for result files and pictures.
  /// - Throws: Errors of data, model and metrics, and those of `onPrediction`.
  public func run(
    progress: ProgressLine = ProgressLine(isQuiet: true), ranks: any Communicator = SoleRank(),
    onPrediction: ((Prediction, Sample) throws -> Void)? = nil
  ) throws -> (summary: MetricSummary, timing: EvaluationTiming) {
    try Evaluator(model: model, loader: loader, merging: merging, progress: progress, ranks: ranks)
      .evaluate(metrics, onPrediction: onPrediction)
  }
}

/// Two lists of classes, a line a number, with the differences marked.
func sideBySide(_ file: [String], _ data: [String]) -> String {
  let count = max(file.count, data.count)
  let differing = (0..<count).filter {
    !(file.indices.contains($0) && data.indices.contains($0) && file[$0] == data[$0])
  }
  let rows = differing.prefix(20).map { index in
    [
      "\(index)", file.indices.contains(index) ? file[index] : "-",
      data.indices.contains(index) ? data[index] : "-",
    ]
  }
  let table = TextTable(
    [.left(), .left(10), .left()], indent: 2, rows: [["#", "checkpoint", "data set"]] + rows)
  return table.lines.map { "\n" + $0 }.joined()
    + (differing.count > 20 ? "\n  … and \(differing.count - 20) more" : "")
}
