import Checkpoints
import Configuration
import Data
import Distribution
import Files
import Foundation
import Layers
import Modeling

/// A training run, from a config to checkpoints: what `dense train` does.
public final class TrainingRun {
  /// The seed of a run whose config and command name none: the same run gives the same bits.
  public static let defaultSeed: UInt64 = 0

  /// The run itself.
  public let trainer: Trainer
  private let options: TrainingOptions
  private let configuration: ExperimentConfiguration
  /// A step that is run once more in place of the run.
  private var replayed: (checkpoint: TrainingCheckpoint, file: String)?
  /// Held as long as the run writes.
  private var lock: FolderLock?

  /// Opens config, data and model, and says in a few lines what will be trained.
  ///
  /// - Throws: `ConfigurationError`, `CheckpointError`, `TrainingError` and errors of the data sets' files, before
  ///   any step.
  public init(
    configuration: ExperimentConfiguration, components: Components,
    options: TrainingOptions = TrainingOptions()
  ) throws {
    let (configuration, batchNote) = try AutomaticBatch.settled(
      configuration, components, options,
      resumed: { directory in
        try Self.resumedFile(configuration, options, directory)
      })
    (self.options, self.configuration) = (options, configuration)
    let experiment = Experiment(configuration, components: components)
    let ranks = options.ranks
    let opened = try ranks.agreeing(on: \.parts.facts) {
      // Files that one has to read for long are waited for as long as a step.
      if let timeout = try? experiment.distribution().timeout { ranks.setTimeout(seconds: timeout) }
      return try Opened(experiment, options)
    }
    lock = opened.lock
    let folder = try ranks.gather(Array((opened.workDirectory?.runFolder ?? "").utf8))[0]
    let progress = ProgressLine(isQuiet: options.isQuiet)
    let log = try RunLog(
      path: opened.workDirectory?.logFile
        ?? Self.logFile(of: ranks, in: String(decoding: folder, as: UTF8.self)), isQuiet: options.isQuiet,
      progress: progress, stop: options.stopRequest)
    let sinks = try opened.workDirectory.map { [try ScalarsFile(path: $0.scalarsFile)] } ?? []
    trainer = Trainer(
      opened.parts, log: log, sinks: sinks, progress: progress, workDirectory: opened.workDirectory,
      stopRequest: options.stopRequest)

    do {
      try ranks.agreeing(on: { trainer.startingFacts }) { try begin(experiment, opened, batchNote) }
    } catch {
      log.error("\(error)")
      throw error
    }
  }

  /// What is opened before the first step; only the first rank writes.
  private struct Opened {
    let lock: FolderLock?
    let resumed: String?
    let checkpoint: TrainingCheckpoint?
    let seed: UInt64
    let parts: TrainerParts
    let report: RunReport
    let workDirectory: WorkDirectory?

    init(_ experiment: Experiment, _ options: TrainingOptions) throws {
      let configuration = experiment.configuration
      try experiment.check(for: .training)
      let directory = TrainingRun.workDirectory(configuration, options)
      let writes = !options.isDryRun && options.ranks.isFirst
      // A folder is made for a run only when all of its config is right; one that is there is taken before the data are read.
      let early = writes && Folder.isFolder(directory) ? try WorkDirectory.lock(directory) : nil
      resumed = try TrainingRun.resumedFile(configuration, options, directory)
      checkpoint = try (options.replay ?? resumed).map { try TrainingCheckpoint(file: $0) }
      seed =
        options.seed ?? configuration.randomness.seed ?? checkpoint?.state?.seed ?? TrainingRun.defaultSeed
      (parts, report) = try TrainingRun.parts(experiment, options, seed: seed)
      lock = writes ? try early ?? WorkDirectory.lock(directory) : nil
      workDirectory = writes ? try WorkDirectory(directory) : nil
      if let workDirectory {
        try AtomicFile.write(configuration.node.yaml().utf8, to: workDirectory.configurationFile)
      }
    }
  }

  /// The log of a rank that is not the first one, beside that one's.
  private static func logFile(of ranks: any Communicator, in folder: String) throws -> String? {
    guard ranks.size > 1, !folder.isEmpty else { return nil }
    // On a machine of its own the folder may not be there.
    try Folder.make(folder)
    return "\(folder)/rank_\(ranks.rank).log"
  }

  /// Fills the model and says what will be trained.
  private func begin(_ experiment: Experiment, _ opened: Opened, _ batchNote: String?) throws {
    let configuration = experiment.configuration
    let log = trainer.log
    let checkpoint = opened.checkpoint
    for line in RunFacts().lines { log.info(line) }
    if options.ranks.size > 1 {
      let (ranks, shards) = (options.ranks, trainer.reduction.local)
      log.info(
        "ranks: \(ranks.size); this is \(ranks.name(of: ranks.rank)), with shards \(shards.lowerBound) to "
          + "\(shards.upperBound - 1) of \(trainer.reduction.tree.shards)")
    }
    let overrides = configuration.node.overrides
    var hash = SHA256()
    hash.update(trainer.settings.configuration.utf8)
    log.info(
      "config: \(configuration.node.location.file), SHA-256 of all of it \(hash.finished().prefix(12))"
        + (overrides.isEmpty ? "" : "; with " + overrides.joined(separator: " ")))
    let weights: [String]
    if let file = options.replay, let checkpoint {
      replayed = (checkpoint, file)
      weights = ["from \(file)"]
    } else if let resumed = opened.resumed, let checkpoint {
      let summary = try trainer.resume(from: checkpoint, file: resumed, isForced: options.forcesResume)
      weights = ["\(summary) from \(resumed); iteration \(trainer.iteration) is done"]
    } else {
      weights = try Self.startingWeights(of: trainer.model, experiment, options, seed: opened.seed)
    }
    opened.report.write(
      to: log, weights: weights, trainer: trainer,
      directory: trainer.workDirectory?.runFolder ?? "none: this is a dry run")
    if let batchNote { log.info(batchNote) }
    if configuration.usesBFloat16 {
      log.info(
        "precision: training and its validation are float32; bfloat16 is for dense predict, dense test and dense "
          + "benchmark model")
    }
    let ignored =
      configuration.variables + configuration.withoutEffect
      + (configuration.logProcessor == nil ? [] : ["log_processor"])
      + (configuration.logLevel == nil ? [] : ["log_level"])
    if !ignored.isEmpty { log.info("without effect: " + listed(ignored)) }
  }

  /// Trains to the end; a dry run tries the first batch and one validation image only.
  ///
  /// - Throws: `TrainingError` for a loss or gradient that is not finite; errors of data, files and metrics. What ends the
  ///   run is the last line of its log file. `TrainingInterruption` when it was asked to stop and has done so.
  public func run() throws {
    defer { lock = nil }
    do {
      guard options.isDryRun else {
        try trainer.run()
        if let signal = trainer.interruption { throw interruption(by: signal) }
        return
      }
      if let replayed { return try trainer.replay(replayed.checkpoint, file: replayed.file) }
      try trainer.rehearse()
      if try trainer.stopSignal() == nil { try trainer.estimate() }
      if let signal = try trainer.stopSignal() { throw interruption(by: signal) }
      trainer.logMemory()
    } catch {
      if error is TrainingInterruption {
        trainer.log.ending("\(error)")
      } else {
        trainer.log.error("\(error)")
      }
      throw error
    }
  }

  /// Whether the config is that of the checkpoint which the run goes on from.
  private var isConfigCarried: Bool {
    trainer.resumption.map { configuration.node.location.file == $0.file } ?? false
  }

  private func interruption(by signal: Int32) -> TrainingInterruption {
    if options.isDryRun {
      return TrainingInterruption(
        signal: signal, description: "the dry run is interrupted; nothing was written")
    }
    let place = "interrupted at iteration \(trainer.iteration) of \(trainer.iterations)"
    guard let directory = trainer.workDirectory?.path, trainer.hooks.contains(where: { $0 is CheckpointHook })
    else {
      return TrainingInterruption(
        signal: signal,
        description: "\(place); the config has no CheckpointHook, so nothing was written to go on from")
    }
    if trainer.iteration == 0, trainer.resumption == nil,
      let last = try? WorkDirectory.lastCheckpoint(in: directory).split(separator: "/").last,
      CheckpointName(String(last))?.count != 0
    {
      return TrainingInterruption(
        signal: signal, description: "interrupted before the first step: nothing was trained, nothing is lost"
      )
    }
    let overrides = configuration.node.overrides
    let command =
      ["dense", "train"] + (isConfigCarried ? [] : [configuration.node.location.file])
      + ["--work-dir", directory]
      + (overrides.isEmpty ? [] : ["--cfg-options"] + overrides) + ["--resume"]
    return TrainingInterruption(
      signal: signal, description: "\(place): \(command.map(\.quotedForShell).joined(separator: " ")) goes on"
    )
  }

  static func workDirectory(
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
    guard options.replay == nil else { return nil }
    return switch options.resume {
    case .file(let file): Folder.isFolder(file) ? try WorkDirectory.lastCheckpoint(in: file) : file
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
  static func parts(
    _ experiment: Experiment, _ options: TrainingOptions, seed: UInt64
  ) throws -> (TrainerParts, RunReport) {
    let (configuration, training) = (experiment.configuration, experiment.components.training)
    let (loaderSettings, optimizerSettings, loop, loader, validation, model, distribution) = try opened(
      experiment, seed: seed)
    let classes = loader.dataset.metainfo.classes
    var optimizer = try training.optimizerWrappers.build(
      optimizerSettings, scope: nil, in: OptimizationContext(model, components: training))
    let scaling = try rateScaling(configuration, imagesPerStep: loader.imagesPerStep)
    if let scaling, scaling.isOn { optimizer.scaleRates(by: scaling.factor) }
    let context = ScheduleContext(loop: loop, iterationsPerEpoch: loader.batchesPerEpoch)
    let schedules = try configuration.paramSchedulers.map {
      try training.schedules.build($0, scope: nil, in: context)
    }
    var figures = try validation?.metrics().flatMap(\.figures) ?? []
    if validation?.countsLosses == true { figures.append(ValidationLosses.total) }
    let parts = TrainerParts(
      model: model, loop: loop, loader: loader,
      settings: TrainerSettings(
        batchSize: loaderSettings.batchSize, normalizer: distribution.normalizer, seed: seed,
        classes: classes,
        configuration: configuration.node.yaml(), ownSettings: configuration.node.ownSettings,
        annotations: try AnnotationIdentity.all(
          of: [loader.dataset] + [validation?.loader.dataset].compactMap { $0 })),
      reduction: try options.sharing(distribution), ranks: options.ranks,
      optimizer: optimizer, schedule: ScheduleChain(schedules, baseRates: optimizer.baseRates),
      hooks: try training.hooks(
        of: configuration,
        in: HookContext(
          loop: loop, figures: figures, backends: configuration.visualizationBackends)),
      validation: validation)
    let report = RunReport(
      classes: classes, trainingImages: loader.dataset.count,
      validationImages: validation?.loader.dataset.count, batchSize: loader.batchSize,
      shards: loader.shards, normalizer: distribution.normalizer,
      accumulation: optimizer.accumulation, rateScaling: scaling,
      baseRate: optimizer.baseRates.first ?? 0, schedules: configuration.paramSchedulers.map(\.type))
    return (parts, report)
  }

  /// Data and model of a config, which fit together.
  private static func opened(_ experiment: Experiment, seed: UInt64) throws -> (
    loaderSettings: DataLoaderConfiguration, optimizerSettings: ComponentConfiguration, loop: TrainLoop,
    loader: DataLoader, validation: TrainerParts.Validation?, model: any Model,
    distribution: DistributionSettings
  ) {
    let configuration = experiment.configuration
    _ = try rateScaling(configuration, imagesPerStep: 1)
    let distribution = try experiment.distribution()
    let loop = try experiment.components.training.trainLoops.build(
      try experiment.require(configuration.trainLoop, "train_cfg"), scope: nil, in: ())
    let loaderSettings = try experiment.require(configuration.trainDataloader, "train_dataloader")
    let optimizerSettings = try experiment.require(configuration.optimWrapper, "optim_wrapper")
    let loader = try experiment.loader(
      loaderSettings, for: .training, shards: distribution.tree.shards, seed: seed)
    let classes = loader.dataset.metainfo.classes
    let validation = try validation(experiment, classes: classes, seed: seed)
    let model = try experiment.model(classes: classes, labels: loader.dataset.metainfo.labels)
    try model.requirements.check(loader.dataset, keyPath: loaderSettings.dataset.node.keyPath)
    if let validation, validation.countsLosses {
      try model.requirements.check(
        validation.loader.dataset, keyPath: "val_dataloader.dataset", allowsLateLabelMaps: true)
    }
    try checkLengths(loader, loop, model, configuration)
    return (loaderSettings, optimizerSettings, loop, loader, validation, model, distribution)
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
    guard !iterations.multipliedReportingOverflow(by: 2 * loader.imagesPerStep).overflow else {
      throw ConfigurationError(
        location: configuration.node.location, keyPath: "distribution.shards",
        message: "\(iterations) iterations of \(loader.imagesPerStep) images are more than can be counted")
    }
    // The last batch of a pass comes only in a run that is long enough.
    let smallest = iterations < loader.batchesPerEpoch ? loader.batchSize : loader.smallestBatch
    // A norm over all shards has those of the others, too.
    let isAlone = loader.shards == 1 || !model.tree.hasSynchronizedNorms
    guard smallest < model.minimumBatch, isAlone, let node = configuration.node["train_dataloader"] else {
      return
    }
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

  /// What `auto_scale_lr` multiplies all rates by: the images of a step over those that the rate was chosen for.
  ///
  /// - Returns: Nil where the config says nothing of it.
  private static func rateScaling(
    _ configuration: ExperimentConfiguration, imagesPerStep: Int
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
    return RunReport.RateScaling(
      isOn: settings.isOn, base: base, factor: Double(imagesPerStep) / Double(base))
  }
}
