import Checkpoints
import Configuration
import Data
import Files
import Foundation
import Layers
import Modeling

/// What a command says about a run beside its config.
public struct TrainingOptions: Sendable {
  /// Where a run goes on.
  public enum Resume: Sendable, Equatable {
    /// From the start.
    case no
    /// At the newest checkpoint in the work directory.
    case newest
    /// At this checkpoint.
    case file(String)
  }

  /// Where logs and checkpoints go, over the config's `work_dir`.
  public var workDirectory: String?
  /// Where the run goes on.
  public var resume: Resume
  /// The seed of all random numbers, over the config's.
  public var seed: UInt64?
  /// Whether nothing is said on the terminal.
  public var isQuiet: Bool
  /// Patterns, with `*`, of weights that `load_from` may lack.
  public var allowMissing: [String]
  /// Whether all is built and the first batch tried, but nothing written and nothing trained.
  public var isDryRun: Bool

  /// Options; by default the config decides.
  public init(
    workDirectory: String? = nil, resume: Resume = .no, seed: UInt64? = nil, isQuiet: Bool = false,
    allowMissing: [String] = [], isDryRun: Bool = false
  ) {
    (self.workDirectory, self.resume, self.seed) = (workDirectory, resume, seed)
    (self.isQuiet, self.allowMissing, self.isDryRun) = (isQuiet, allowMissing, isDryRun)
  }
}

/// A training run, from a config to checkpoints: what `dense train` does.
public final class TrainingRun {
  /// The seed of a run whose config and command name none: the same run gives the same bits.
  public static let defaultSeed: UInt64 = 0

  /// The run itself.
  public let trainer: Trainer
  private let options: TrainingOptions

  /// Opens config, data and model, and says in a few lines what will be trained.
  ///
  /// - Throws: `ConfigurationError`, `CheckpointError`, `TrainingError` and errors of the data sets' files, before
  ///   any step.
  public init(
    configuration: ExperimentConfiguration, components: Components,
    options: TrainingOptions = TrainingOptions()
  ) throws {
    self.options = options
    let experiment = Experiment(configuration, components: components)
    try experiment.check(for: .training)
    let directory = Self.workDirectory(configuration, options)
    let resumed = try Self.resumedFile(configuration, options, directory)
    let checkpoint = try resumed.map { try TrainingCheckpoint(file: $0) }
    let seed =
      options.seed ?? configuration.randomness.seed ?? checkpoint?.state?.seed ?? Self.defaultSeed
    let (parts, report) = try Self.parts(experiment, seed: seed)

    let workDirectory = options.isDryRun ? nil : try WorkDirectory(directory)
    let progress = ProgressLine(isQuiet: options.isQuiet)
    let log = try RunLog(path: workDirectory?.logFile, isQuiet: options.isQuiet, progress: progress)
    let sinks = try workDirectory.map { [try ScalarsFile(path: $0.scalarsFile)] } ?? []
    if let workDirectory {
      try AtomicFile.write(configuration.node.yaml().utf8, to: workDirectory.configurationFile)
    }
    trainer = Trainer(parts, log: log, sinks: sinks, progress: progress, workDirectory: workDirectory)

    do {
      try begin(experiment, report, resumed: resumed, checkpoint, seed: seed)
    } catch {
      log.error("\(error)")
      throw error
    }
  }

  /// Fills the model and says what will be trained.
  private func begin(
    _ experiment: Experiment, _ report: RunReport, resumed: String?, _ checkpoint: TrainingCheckpoint?,
    seed: UInt64
  ) throws {
    let configuration = experiment.configuration
    let log = trainer.log
    for line in RunFacts().lines { log.info(line) }
    let overrides = configuration.node.overrides
    log.info(
      "config: \(configuration.node.location.file)"
        + (overrides.isEmpty ? "" : "; with " + overrides.joined(separator: " ")))
    let weights: [String]
    if let resumed, let checkpoint {
      let summary = try trainer.resume(from: checkpoint, file: resumed)
      weights = ["\(summary) from \(resumed); iteration \(trainer.iteration) is done"]
    } else {
      weights = try Self.startingWeights(of: trainer.model, experiment, options, seed: seed)
    }
    report.write(
      to: log, weights: weights, trainer: trainer,
      directory: trainer.workDirectory?.runFolder ?? "none: this is a dry run")
    let ignored =
      configuration.node.pathsWithoutEffect
      + (configuration.logProcessor == nil ? [] : ["log_processor"])
      + (configuration.logLevel == nil ? [] : ["log_level"])
    if !ignored.isEmpty { log.info("without effect: " + listed(ignored)) }
    for line in configuration.unusedNotes { log.info(line) }
  }

  /// Trains to the end; a dry run tries the first batch and one validation image only.
  ///
  /// - Throws: `TrainingError` for a loss or gradient that is not finite; errors of data, files and metrics. What ends the
  ///   run is the last line of its log file.
  public func run() throws {
    do {
      guard options.isDryRun else { return try trainer.run() }
      try trainer.rehearse()
      trainer.logMemory()
    } catch {
      trainer.log.error("\(error)")
      throw error
    }
  }

  private static func workDirectory(
    _ configuration: ExperimentConfiguration, _ options: TrainingOptions
  ) -> String {
    if let path = options.workDirectory ?? configuration.workDir { return path }
    let name = URL(fileURLWithPath: configuration.node.location.file).deletingPathExtension()
      .lastPathComponent
    return "work_dirs/\(name)"
  }

  /// The checkpoint to go on from, if any.
  private static func resumedFile(
    _ configuration: ExperimentConfiguration, _ options: TrainingOptions, _ directory: String
  ) throws -> String? {
    switch options.resume {
    case .file(let file): file
    case .newest: try WorkDirectory.lastCheckpoint(in: directory)
    // mm's meaning of `resume: true` beside `load_from`.
    case .no where configuration.resume:
      try configuration.loadFrom ?? WorkDirectory.lastCheckpoint(in: directory)
    case .no: nil
    }
  }

  /// Gives a model the weights that training starts from: drawn ones, over them those of `init_cfg`, over them those of
  /// `load_from`.
  ///
  /// - Returns: Where they are from.
  private static func startingWeights(
    of model: any Model, _ experiment: Experiment, _ options: TrainingOptions, seed: UInt64
  ) throws -> [String] {
    model.initialize(seed: seed)
    var lines = ["initialised at random with seed \(seed)"]
    // A file in which every name has to match replaces all that other files would give.
    if experiment.configuration.loadFrom == nil || !options.allowMissing.isEmpty {
      lines += try experiment.loadPretrainedWeights(into: model, allowingMissing: options.allowMissing)
    }
    guard let file = experiment.configuration.loadFrom else { return lines }
    try PretrainedWeights.refuseAddress(file, at: experiment.configuration.node["load_from"])
    let summary = try TrainingCheckpoint(file: file)
      .load(into: model, file: file, allowingMissing: options.allowMissing)
    try model.requireFiniteWeights(of: file)
    return (options.allowMissing.isEmpty ? [] : lines) + ["\(summary) from \(file)"]
  }

  /// Builds everything that a config names.
  private static func parts(
    _ experiment: Experiment, seed: UInt64
  ) throws -> (TrainerParts, RunReport) {
    let (configuration, training) = (experiment.configuration, experiment.components.training)
    let (loaderSettings, optimizerSettings, loop, loader, validation, model) = try opened(
      experiment, seed: seed)
    let classes = loader.dataset.metainfo.classes
    var optimizer = try training.optimizerWrappers.build(
      optimizerSettings, scope: nil, in: OptimizationContext(model, components: training))
    let scaling = try rateScaling(configuration, batchSize: loaderSettings.batchSize)
    if let scaling, scaling.isOn { optimizer.scaleRates(by: scaling.factor) }
    let context = ScheduleContext(loop: loop, iterationsPerEpoch: loader.batchesPerEpoch)
    let schedules = try configuration.paramSchedulers.map {
      try training.schedules.build($0, scope: nil, in: context)
    }
    var figures = try validation?.metrics().flatMap(\.figures) ?? []
    if validation?.countsLosses == true { figures.append(ValidationLosses.total) }
    let parts = TrainerParts(
      model: model, loop: loop, loader: loader,
      settings: TrainerSettings(batchSize: loaderSettings.batchSize, seed: seed, classes: classes),
      optimizer: optimizer, schedule: ScheduleChain(schedules, baseRates: optimizer.baseRates),
      hooks: try training.hooks(of: configuration, in: HookContext(loop: loop, figures: figures)),
      validation: validation)
    let report = RunReport(
      classes: classes, trainingImages: loader.dataset.count,
      validationImages: validation?.loader.dataset.count, batchSize: loaderSettings.batchSize,
      accumulation: optimizer.accumulation, rateScaling: scaling,
      baseRate: optimizer.baseRates.first ?? 0, schedules: configuration.paramSchedulers.map(\.type))
    return (parts, report)
  }

  /// Data and model of a config, which fit together.
  private static func opened(_ experiment: Experiment, seed: UInt64) throws -> (
    loaderSettings: DataLoaderConfiguration, optimizerSettings: ComponentConfiguration, loop: TrainLoop,
    loader: DataLoader, validation: TrainerParts.Validation?, model: any Model
  ) {
    let configuration = experiment.configuration
    _ = try rateScaling(configuration, batchSize: 1)
    let loop = try experiment.components.training.trainLoops.build(
      try experiment.require(configuration.trainLoop, "train_cfg"), scope: nil, in: ())
    let loaderSettings = try experiment.require(configuration.trainDataloader, "train_dataloader")
    let optimizerSettings = try experiment.require(configuration.optimWrapper, "optim_wrapper")
    let loader = try experiment.loader(loaderSettings, for: .training, seed: seed)
    let classes = loader.dataset.metainfo.classes
    let validation = try validation(experiment, classes: classes, seed: seed)
    let model = try experiment.model(classes: classes, labels: loader.dataset.metainfo.labels)
    try model.requirements.check(loader.dataset, keyPath: loaderSettings.dataset.node.keyPath)
    if let validation, validation.countsLosses {
      try model.requirements.check(
        validation.loader.dataset, keyPath: "val_dataloader.dataset", allowsLateLabelMaps: true)
    }
    try checkLengths(loader, loop, model, configuration)
    return (loaderSettings, optimizerSettings, loop, loader, validation, model)
  }

  /// Opens what a run opens before its first step, weights and optimiser apart, and lets it go again.
  ///
  /// - Throws: What such a run would throw.
  static func check(_ experiment: Experiment) throws {
    try experiment.check(for: .training)
    _ = try opened(experiment, seed: defaultSeed)
  }

  /// Whether the run has a length that can be counted, and batches that the model can learn from.
  private static func checkLengths(
    _ loader: DataLoader, _ loop: TrainLoop, _ model: any Model, _ configuration: ExperimentConfiguration
  ) throws {
    let (iterations, overflows) =
      loop.unit == .epochs
      ? loop.length.multipliedReportingOverflow(by: loader.batchesPerEpoch) : (loop.length, false)
    guard !overflows, iterations <= TrainLoop.mostIterations else {
      let node = configuration.trainLoop?.node ?? configuration.node
      throw ConfigurationError(
        location: node.location, keyPath: node.keyPath,
        message: "\(loop.length) epochs of \(loader.batchesPerEpoch) batches are more than "
          + "\(TrainLoop.mostIterations) iterations")
    }
    // The last batch of a pass comes only in a run that is long enough.
    let smallest = iterations < loader.batchesPerEpoch ? loader.batchSize : loader.smallestBatch
    guard smallest < model.minimumBatch, let node = configuration.node["train_dataloader"] else { return }
    let isWhole = smallest == loader.batchSize
    throw ConfigurationError(
      location: (node["batch_size"] ?? node).location, keyPath: "\(node.keyPath).batch_size",
      message: isWhole
        ? "\(smallest), but the model learns from \(model.minimumBatch) images or more at a time"
        : "\(loader.dataset.count) images in batches of \(loader.batchSize) leave \(smallest) for the last batch of an "
          + "epoch, but the model learns from \(model.minimumBatch) or more at a time",
      hint: isWhole
        ? "Set a larger batch_size, or a norm that takes single images, such as norm_cfg: {type: LN}."
        : "Set drop_last: true, another batch_size, or sampler: {type: InfiniteSampler}.")
  }

  private static func validation(
    _ experiment: Experiment, classes: [String], seed: UInt64
  ) throws -> TrainerParts.Validation? {
    let configuration = experiment.configuration
    let isThere = [
      "val_dataloader": configuration.valDataloader != nil, "val_cfg": configuration.valLoop != nil,
      "val_evaluator": !configuration.valEvaluators.isEmpty,
    ]
    guard let settings = configuration.valDataloader, let loop = configuration.valLoop,
      !configuration.valEvaluators.isEmpty
    else {
      guard !isThere.values.contains(true) else {
        let missing = isThere.filter { !$0.value }.keys.sorted().joined(separator: " and ")
        throw ConfigurationError(
          location: SourceLocation(file: configuration.node.location.file),
          message: "validation needs val_dataloader, val_cfg and val_evaluator: \(missing) is missing",
          hint: "Give all three, or none to train without validation.")
      }
      return nil
    }
    let counted = try experiment.components.training.evaluationLoops.build(loop, scope: nil, in: ())
    let loader = try experiment.loader(settings, for: .evaluation, seed: seed)
    guard loader.dataset.metainfo.classes == classes else {
      throw ConfigurationError(
        location: settings.dataset.node.location, keyPath: settings.dataset.node.keyPath,
        message: "the classes differ from those of the training data: "
          + "\(listed(loader.dataset.metainfo.classes)) here, \(listed(classes)) there",
        hint: classHint(loader.dataset.metainfo.classes, training: classes))
    }
    let evaluators = configuration.valEvaluators
    // Built once now, so that a mistake is found before the first step, and anew for each validation.
    _ = try experiment.metrics(evaluators, for: loader.dataset)
    return TrainerParts.Validation(
      loader: loader, metrics: { try experiment.metrics(evaluators, for: loader.dataset) },
      countsLosses: counted.countsLosses)
  }

  /// Which classes one list has and the other lacks.
  private static func classHint(_ classes: [String], training: [String]) -> String {
    let (here, there) = (Set(classes), Set(training))
    let differences = [
      ("Only here", classes.filter { !there.contains($0) }),
      ("Only there", training.filter { !here.contains($0) }),
    ].filter { !$0.1.isEmpty }.map { "\($0.0): \(listed($0.1)). " }
    return differences.joined() + "Name them for both data sets alike: metainfo: {classes: [...]}."
  }

  /// What `auto_scale_lr` multiplies all rates by: the images of a batch over those that the rate was chosen for.
  ///
  /// - Returns: Nil where the config says nothing of it.
  private static func rateScaling(
    _ configuration: ExperimentConfiguration, batchSize: Int
  ) throws -> RunReport.RateScaling? {
    struct Settings: Decodable {
      let isOn: Bool
      let base: Int?

      enum CodingKeys: String, CodingKey {
        case isOn = "enable"
        case base = "base_batch_size"
      }

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        isOn = try keys.decodeIfPresent(Bool.self, forKey: .isOn) ?? false
        base = try keys.decodeIfPresent(Int.self, forKey: .base, in: 1...1_000_000_000)
        guard !isOn || base != nil else {
          throw keys.refusal("is missing: the images of a batch that lr was chosen for", forKey: .base)
        }
      }
    }
    guard let node = configuration.autoScaleLR, !node.isNull else { return nil }
    let settings = try node.decode(Settings.self)
    guard let base = settings.base else { return nil }
    return RunReport.RateScaling(isOn: settings.isOn, base: base, factor: Double(batchSize) / Double(base))
  }
}
