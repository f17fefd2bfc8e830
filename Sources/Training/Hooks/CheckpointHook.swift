import Configuration
import Modeling

/// Writes `epoch_N.safetensors` or `iter_N.safetensors`, `last_checkpoint`, and the best by a metric.
public struct CheckpointHook: StatefulHook {
  /// Whether more or less of a metric is better.
  enum Rule: String, Decodable, CaseIterable, Sendable {
    case greater
    case less
  }

  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    var interval: Int?
    var countsEpochs: Bool?
    var kept: Int?
    var savesLast = true
    var best: String?
    var rule: Rule?

    enum CodingKeys: String, CodingKey {
      case interval, rule
      case countsEpochs = "by_epoch"
      case kept = "max_keep_ckpts"
      case savesLast = "save_last"
      case best = "save_best"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      interval = try keys.decodeIfPresent(Int.self, forKey: .interval, in: -1...1_000_000_000)
      countsEpochs = try keys.decodeIfPresent(Bool.self, forKey: .countsEpochs)
      kept = try keys.decodeIfPresent(Int.self, forKey: .kept, in: -1...1_000_000)
      savesLast = try keys.decodeIfPresent(Bool.self, forKey: .savesLast) ?? true
      best = try keys.decodeIfPresent(String.self, forKey: .best)
      rule = try keys.decodeIfPresent(Rule.self, forKey: .rule)
    }
  }

  private let unit: TrainLoop.Unit
  /// 0: only at the end.
  private let interval: Int
  /// 0: all.
  private let kept: Int
  private let savesLast: Bool
  /// The figure by which the best is chosen.
  private let best: MetricFigure?
  /// What was written, in the work directory.
  private var history = CheckpointHistory()
  /// The newest regular checkpoint, and the iteration it holds.
  private var newest: (file: String, iteration: Int)?
  /// What a run that was killed had no time to remove: it goes with the next save.
  private var leftOver: [String] = []
  /// Whether a best was asked for where nothing validates.
  private let lacksValidation: Bool

  /// The hook's name in checkpoints.
  static let recordName = "CheckpointHook"
  /// What it is called in checkpoints and messages.
  public var name: String { Self.recordName }
  /// Last of the default hooks, as in mm.
  public let priority = HookPriority.veryLow

  /// Without a word in the config: every epoch, or at every validation in a loop that counts iterations.
  init(in context: HookContext) {
    unit = context.loop.unit
    interval = unit == .epochs ? 1 : context.loop.validationInterval
    (kept, savesLast, best, lacksValidation) = (0, true, nil, false)
  }

  init(_ settings: Configuration, in context: HookContext) throws {
    unit = settings.countsEpochs.map { $0 ? .epochs : .iterations } ?? context.loop.unit
    interval = max(0, settings.interval ?? -1)
    kept = max(0, settings.kept ?? -1)
    savesLast = settings.savesLast
    best = try Self.figure(settings, among: context.figures)
    lacksValidation = settings.best != nil && context.figures.isEmpty
    guard unit == .iterations || context.loop.unit == .epochs else {
      throw ConfigurationError(
        message: "counts epochs, but the train loop counts iterations: no checkpoint would be written",
        hint: "Set by_epoch: false, with interval in iterations.")
    }
  }

  /// The figure that `save_best` names, `auto` for the metrics' first, and which way it is better: by the metric, unless
  /// the config has a rule.
  private static func figure(_ settings: Configuration, among figures: [MetricFigure]) throws -> MetricFigure?
  {
    guard let name = settings.best, let first = figures.first else { return nil }
    guard var figure = name == "auto" ? first : figures.first(where: { $0.name == name }) else {
      throw ConfigurationError(
        keyPath: Configuration.CodingKeys.best.rawValue,
        message: "'\(name)' is not a figure of the validation: " + figures.map(\.name).joined(separator: ", ")
      )
    }
    if let rule = settings.rule { figure.isBetterWhenLarger = rule == .greater }
    return figure
  }

  /// What this run has written.
  public var state: CheckpointHistory? { history }

  /// Takes up what the run had written, if it goes on in the same folder: names of another one mean nothing here.
  public mutating func restore(_ state: CheckpointHistory, _ trainer: Trainer) throws {
    guard let resumption = trainer.resumption, resumption.isInWorkDirectory,
      let workDirectory = trainer.workDirectory
    else { return }
    history = state.onlyOwnNames(iteration: trainer.iteration, epoch: trainer.epoch)
    leftOver = Self.leftOver(
      in: workDirectory, history, unit: unit, interval: interval,
      isFull: kept > 0 && history.written.count >= kept)
  }

  /// Checkpoints older than all of the history that this run wrote and was about to remove.
  private static func leftOver(
    in workDirectory: WorkDirectory, _ history: CheckpointHistory, unit: TrainLoop.Unit, interval: Int,
    isFull: Bool
  ) -> [String] {
    let oldest = history.written.first.flatMap { CheckpointName($0) }
    let best = history.best.flatMap { CheckpointName($0.file) }
    return workDirectory.checkpointNames.filter { name in
      if name.isRegular {
        guard isFull, interval > 0, let oldest else { return false }
        return name.unit == unit && name.unit == oldest.unit && name.count < oldest.count
          && name.count.isMultiple(of: interval)
      }
      guard let best else { return false }
      return name.metric == best.metric && name.unit == best.unit && name.count < best.count
    }.map(\.file)
  }

  /// Says when no best can be chosen.
  public mutating func beforeRun(_ trainer: Trainer) throws {
    if lacksValidation {
      trainer.log.warning("save_best: there is no validation, so no best checkpoint is written")
    }
  }

  /// Writes where its interval counts iterations.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    guard unit == .iterations else { return }
    try saveIfDue(trainer, count: trainer.iteration, isLast: trainer.isDone)
  }

  /// Writes where its interval counts epochs.
  public mutating func afterEpoch(_ trainer: Trainer) throws {
    guard unit == .epochs else { return }
    try saveIfDue(trainer, count: trainer.epoch, isLast: trainer.isDone)
  }

  /// Writes what a run that was stopped came to, so that it can go on.
  public mutating func afterRun(_ trainer: Trainer) throws {
    guard trainer.stopReason != nil, savesLast, newest?.iteration != trainer.iteration else { return }
    let isWhole = unit == .epochs && trainer.iteration.isMultiple(of: trainer.iterationsPerEpoch)
    try save(
      trainer,
      as: isWhole ? CheckpointName(.epochs, trainer.epoch) : CheckpointName(.iterations, trainer.iteration))
  }

  private mutating func saveIfDue(_ trainer: Trainer, count: Int, isLast: Bool) throws {
    guard interval > 0 && count % interval == 0 || savesLast && isLast else { return }
    try save(trainer, as: CheckpointName(unit, count))
  }

  private mutating func save(_ trainer: Trainer, as name: CheckpointName) throws {
    let name = name.file
    history.written.removeAll { $0 == name }
    history.written.append(name)
    let surplus = kept > 0 ? Array(history.written.dropLast(kept)) : []
    history.written.removeFirst(surplus.count)
    try trainer.save(as: name, by: self)
    newest = (name, trainer.iteration)
    try trainer.workDirectory?.setLastCheckpoint(name)
    // The new one is complete before an old one goes.
    remove(surplus + leftOver, from: trainer)
    leftOver = []
  }

  private func remove(_ names: [String], from trainer: Trainer) {
    for name in names where !history.written.contains(name) && history.best?.file != name {
      trainer.workDirectory?.remove(name)
    }
  }

  /// Writes `best_METRIC_iter_N.safetensors` when the metric is better than ever.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    guard let best else { return }
    guard let found = summary.values.first(where: { $0.name == best.name }) else {
      throw TrainingError(
        "save_best names '\(best.name)', which the validation does not give: "
          + summary.values.map(\.name).joined(separator: ", "))
    }
    guard found.value.isFinite else { return }
    if let old = history.best, old.metric == found.name {
      guard best.isBetterWhenLarger ? found.value > old.value : found.value < old.value else { return }
    }
    let name = CheckpointName(best: found.name, unit, unit == .epochs ? trainer.epoch : trainer.iteration)
      .file
    let old = history.best?.file
    history.best = CheckpointHistory.Best(metric: found.name, value: found.value, file: name)
    try trainer.save(as: name, by: self)
    // The newest checkpoint would otherwise tell a resumed run of the old best.
    if let newest, newest.iteration == trainer.iteration { try trainer.save(as: newest.file, by: self) }
    remove([old].compactMap { $0 }, from: trainer)
    trainer.log.info("The best \(found.name) so far is \(decimal(found.value, 4)): \(name)")
  }
}
