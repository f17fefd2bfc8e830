import Configuration
import Modeling

/// Writes `epoch_N.safetensors` or `iter_N.safetensors`, `last_checkpoint`, and the best by a metric.
public struct CheckpointHook: StatefulHook {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    var interval: Int?
    var countsEpochs: Bool?
    var kept: Int?
    var savesLast = true
    /// `save_best`; nil where the config does not say, empty where it wants none.
    var best: [String]?
    var rules: [MetricRule] = []
    var begin = 0
    var published: [PublishedPart]?

    enum CodingKeys: String, CodingKey {
      case interval
      case countsEpochs = "by_epoch"
      case kept = "max_keep_ckpts"
      case savesLast = "save_last"
      case best = "save_best"
      case rules = "rule"
      case begin = "save_begin"
      case published = "published_keys"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      interval = try keys.decodeIfPresent(Int.self, forKey: .interval, in: -1...1_000_000_000)
      countsEpochs = try keys.decodeIfPresent(Bool.self, forKey: .countsEpochs)
      kept = try keys.decodeIfPresent(Int.self, forKey: .kept, in: -1...1_000_000)
      savesLast = try keys.decodeIfPresent(Bool.self, forKey: .savesLast) ?? true
      begin = try keys.decodeIfPresent(Int.self, forKey: .begin, in: 0...1_000_000_000) ?? 0
      if keys.contains(.best) { best = try keys.oneOrSeveral(String.self, forKey: .best) }
      rules = try keys.oneOrSeveral(MetricRule.self, forKey: .rules)
      if keys.contains(.published) {
        published = try keys.oneOrSeveral(PublishedPart.self, forKey: .published)
      }
      let names = best ?? []
      if Set(names).count < names.count || names.count > 1 && names.contains(Self.automatic) {
        throw keys.refusal("names a figure twice, or auto beside others", forKey: .best)
      }
      if rules.count > 1, rules.count != names.count {
        throw keys.refusal(
          "\(rules.count) rules for \(names.count) figures: give one, or one a figure", forKey: .rules)
      }
    }

    static let automatic = "auto"
  }

  private let unit: TrainLoop.Unit
  /// 0: only at the end.
  private let interval: Int
  /// 0: all.
  private let kept: Int
  private let savesLast: Bool
  /// No checkpoint before so many.
  private let begin: Int
  /// The figures by which the best are chosen.
  private let figures: [MetricFigure]
  /// Whether the config names them, and a validation without one is a mistake.
  private let namesFigures: Bool
  /// What of the last and the best is written anew, for others, when the run is over.
  private let published: [PublishedPart]?
  /// Figures that the validation at hand has made better, and the checkpoints that their best ones replace.
  private var improved: (bests: [CheckpointHistory.Best], outdated: [String]) = ([], [])
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

  /// Without a word in the config: every epoch, or at every validation in a loop that counts iterations, and the best.
  init(in context: HookContext) {
    unit = context.loop.unit
    interval = unit == .epochs ? 1 : context.loop.validationInterval
    (kept, begin, savesLast, published) = (0, 0, true, nil)
    figures = Self.headline(of: context.figures).map { [$0] } ?? []
    (namesFigures, lacksValidation) = (false, false)
  }

  init(_ settings: Configuration, in context: HookContext) throws {
    unit = settings.countsEpochs.map { $0 ? .epochs : .iterations } ?? context.loop.unit
    interval = max(0, settings.interval ?? -1)
    kept = max(0, settings.kept ?? -1)
    (savesLast, begin, published) = (settings.savesLast, settings.begin, settings.published)
    figures = try Self.figures(settings, among: context.figures)
    namesFigures = settings.best != nil
    lacksValidation = settings.best?.isEmpty == false && context.figures.isEmpty
    guard unit == .iterations || context.loop.unit == .epochs else {
      throw ConfigurationError(
        message: "counts epochs, but the train loop counts iterations: no checkpoint would be written",
        hint: "Set by_epoch: false, with interval in iterations.")
    }
  }

  /// By which the best is chosen where the config does not say: a task's usual figure, else the metrics' first.
  private static func headline(of figures: [MetricFigure]) -> MetricFigure? {
    let usual: Set<Substring> = ["mIoU", "bbox_mAP", "segm_mAP", "mAP", "top1"]
    return figures.first { $0.name.split(separator: "/").last.map(usual.contains) ?? false } ?? figures.first
  }

  /// The figures that `save_best` names, `auto` for the metrics' first, and which way each is better: by the metric,
  /// unless the config has a rule.
  private static func figures(
    _ settings: Configuration, among figures: [MetricFigure]
  ) throws -> [MetricFigure] {
    guard let names = settings.best else { return headline(of: figures).map { [$0] } ?? [] }
    guard let first = figures.first else { return [] }
    return try names.enumerated().map { index, name in
      let known = name == Configuration.automatic ? first : figures.first { $0.name == name }
      // The terms of the losses on the validation data are the model's: only the first validation tells them.
      let isTerm =
        name.hasPrefix(ValidationLosses.prefix) && figures.contains(ValidationLosses.total)
      guard var figure = known ?? (isTerm ? MetricFigure(name, isBetterWhenLarger: false) : nil) else {
        throw ConfigurationError(
          keyPath: Configuration.CodingKeys.best.rawValue,
          message: "'\(name)' is not a figure of the validation: "
            + figures.map(\.name).joined(separator: ", ")
        )
      }
      let rules = settings.rules
      if let rule = rules.count > 1 ? rules[index] : rules.first {
        figure.isBetterWhenLarger = rule == .greater
      }
      return figure
    }
  }

  /// What this run has written.
  public var state: CheckpointHistory? { history }

  /// Takes up what the run had written, if it goes on in the same folder: names of another one mean nothing here.
  public mutating func restore(_ state: CheckpointHistory, _ trainer: Trainer) throws {
    guard let resumption = trainer.resumption, resumption.isInWorkDirectory,
      let workDirectory = trainer.workDirectory
    else { return }
    history = state.onlyOwnNames(iteration: trainer.iteration, epoch: trainer.epoch)
    let name = String(resumption.file.split(separator: "/").last ?? "")
    if history.written.contains(name) { newest = (name, trainer.iteration) }
    leftOver = leftOver(
      in: workDirectory, upTo: trainer, isFull: kept > 0 && history.written.count >= kept)
    history.passing = nil
  }

  /// Checkpoints older than all of the history that this run wrote and was about to remove, and those that it wrote when
  /// it was interrupted and has gone on from: killed before the next save, it goes on from a file that knows none of them.
  private func leftOver(
    in workDirectory: WorkDirectory, upTo trainer: Trainer, isFull: Bool
  ) -> [String] {
    let oldest = history.written.first.flatMap { CheckpointName($0) }
    let bests = history.bests.compactMap { CheckpointName($0.file) }
    return workDirectory.checkpointNames.filter { name in
      if name.isRegular {
        let done = name.unit == .epochs ? trainer.epoch : trainer.iteration
        if name.count <= done, !history.written.contains(name.file),
          TrainingCheckpoint.isPassing(name.file, in: workDirectory.path)
        {
          return true
        }
        guard isFull, interval > 0, let oldest else { return false }
        return name.unit == unit && name.unit == oldest.unit && name.count < oldest.count
          && isDue(after: name.count)
      }
      return bests.contains {
        name.metric == $0.metric && name.unit == $0.unit && name.count < $0.count
      }
    }.map(\.file)
  }

  /// Whether the interval asks for a checkpoint, counted from `save_begin` on.
  private func isDue(after count: Int) -> Bool {
    interval > 0 && count >= begin && (count - begin).isMultiple(of: interval)
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

  /// Writes what a run that was stopped came to, so that it can go on, and what is published.
  public mutating func afterRun(_ trainer: Trainer) throws {
    try saveIfStopped(trainer)
    guard trainer.interruption == nil, let published, let workDirectory = trainer.workDirectory else {
      return
    }
    let names = (savesLast ? [newest?.file].compactMap { $0 } : []) + history.bests.map(\.file)
    for name in names {
      let file = try PublishedCheckpoint.write("\(workDirectory.path)/\(name)", parts: published)
      trainer.log.info("Checkpoint published: \(file)")
    }
  }

  private mutating func saveIfStopped(_ trainer: Trainer) throws {
    if trainer.interruption != nil { return try saveInterrupted(trainer) }
    guard trainer.stopReason != nil, savesLast, newest?.iteration != trainer.iteration else { return }
    try save(trainer, as: nameOfIteration(trainer))
  }

  /// The name for a checkpoint out of turn.
  private func nameOfIteration(_ trainer: Trainer) -> CheckpointName {
    unit == .epochs && trainer.iteration.isMultiple(of: trainer.iterationsPerEpoch)
      ? CheckpointName(.epochs, trainer.epoch) : CheckpointName(.iterations, trainer.iteration)
  }

  /// Writes what an interrupted run came to, unless that is there. A run that goes on from it is as one that was left
  /// alone: the file is not among those that it has written.
  mutating func saveInterrupted(_ trainer: Trainer) throws {
    guard let workDirectory = trainer.workDirectory, newest?.iteration != trainer.iteration else { return }
    // Before its first step a new run has nothing that is worth more than what an older one left.
    guard trainer.iteration > 0 || trainer.resumption != nil || !workDirectory.hasLastCheckpoint else {
      return
    }
    let name = nameOfIteration(trainer).file
    history.passing = name
    try trainer.save(as: name, by: self)
    try workDirectory.setLastCheckpoint(name)
    remove(leftOver.filter { $0 != name }, from: trainer)
  }

  private mutating func saveIfDue(_ trainer: Trainer, count: Int, isLast: Bool) throws {
    guard isDue(after: count) || savesLast && isLast else { return }
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
    for name in names
    where !history.written.contains(name) && !history.bests.contains(where: { $0.file == name }) {
      trainer.workDirectory?.remove(name)
    }
  }

  /// Chooses the figures that are better than ever.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    for figure in figures {
      guard let found = summary.values.first(where: { $0.name == figure.name }) else {
        guard namesFigures else { continue }
        throw TrainingError(
          "save_best names '\(figure.name)', which the validation does not give: "
            + summary.values.map(\.name).joined(separator: ", "))
      }
      let rule: MetricRule = figure.isBetterWhenLarger ? .greater : .less
      let old = history.best(by: found.name)
      guard found.value.isFinite, old.map({ rule.prefers(found.value, to: $0.value) }) ?? true else {
        continue
      }
      let name = CheckpointName(best: found.name, unit, unit == .epochs ? trainer.epoch : trainer.iteration)
        .file
      let best = CheckpointHistory.Best(metric: found.name, value: found.value, file: name)
      improved.bests.append(best)
      improved.outdated += [old?.file].compactMap { $0 }
    }
    // Another run may have followed other figures.
    let followed = history.bests.filter { old in
      figures.contains { $0.name == old.metric } && !improved.bests.contains { $0.metric == old.metric }
    }
    history.bests = (followed + improved.bests).sorted { a, b in
      let places = [a, b].map { best in figures.firstIndex { $0.name == best.metric } ?? 0 }
      return places[0] < places[1]
    }
  }

  /// Writes `best_METRIC_iter_N.safetensors` where a figure is better than ever, and what came of the validation into the
  /// checkpoint of the iteration: a run that goes on from it need not validate again.
  public mutating func validationDone(_ trainer: Trainer) throws {
    let (bests, outdated) = improved
    improved = ([], [])
    for best in bests { try trainer.save(as: best.file, by: self) }
    if let newest, newest.iteration == trainer.iteration { try trainer.write(as: newest.file, by: self) }
    remove(outdated, from: trainer)
    for best in bests {
      trainer.log.info("The best \(best.metric) so far is \(decimal(best.value, 4)): \(best.file)")
    }
  }
}

extension KeyedDecodingContainer {
  /// A value, a list of values, or nothing.
  fileprivate func oneOrSeveral<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> [T] {
    guard contains(key), try !decodeNil(forKey: key) else { return [] }
    if let list = try? nestedUnkeyedContainer(forKey: key), list.count != nil {
      return try decode([T].self, forKey: key)
    }
    return [try decode(T.self, forKey: key)]
  }
}
