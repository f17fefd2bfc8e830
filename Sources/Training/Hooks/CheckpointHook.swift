import Modeling
import Configuration
import Data
import Foundation

/// Writes `epoch_N.safetensors` or `iter_N.safetensors`, `last_checkpoint`, and the best by a metric.
public struct CheckpointHook: Hook {
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
  private let best: String?
  private let rule: Rule?
  /// The newest regular checkpoint, and the iteration it holds.
  private var newest: (file: String, iteration: Int)?

  /// Without a word in the config: every epoch, or at every validation in a loop that counts iterations.
  init(in context: HookContext) {
    unit = context.loop.unit
    interval = unit == .epochs ? 1 : context.loop.validationInterval
    (kept, savesLast, best, rule) = (0, true, nil, nil)
  }

  init(_ settings: Configuration, in context: HookContext) throws {
    unit = settings.countsEpochs.map { $0 ? .epochs : .iterations } ?? context.loop.unit
    interval = max(0, settings.interval ?? -1)
    kept = max(0, settings.kept ?? -1)
    (savesLast, best, rule) = (settings.savesLast, settings.best, settings.rule)
    guard unit == .iterations || context.loop.unit == .epochs else {
      throw ConfigurationError(
        message: "counts epochs, but the train loop counts iterations: no checkpoint would be written",
        hint: "Set by_epoch: false, with interval in iterations.")
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

  private mutating func saveIfDue(_ trainer: Trainer, count: Int, isLast: Bool) throws {
    guard interval > 0 && count % interval == 0 || savesLast && isLast else { return }
    let name = "\(unit == .epochs ? "epoch" : "iter")_\(count).safetensors"
    var history = trainer.history
    history.written.removeAll { $0 == name }
    history.written.append(name)
    let surplus = kept > 0 ? Array(history.written.dropLast(kept)) : []
    history.written.removeFirst(surplus.count)
    trainer.history = history
    try trainer.save(as: name)
    newest = (name, trainer.iteration)
    try trainer.workDirectory?.setLastCheckpoint(name)
    // The new one is complete before an old one goes.
    for name in surplus { trainer.workDirectory?.remove(name) }
  }

  /// Writes `best_METRIC_iter_N.safetensors` when the metric is better than ever.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    guard let best else { return }
    guard let found = best == "auto" ? summary.values.first : summary.values.first(where: { $0.name == best })
    else {
      throw TrainingError(
        "save_best names '\(best)', which is not a figure of the validation: "
          + summary.values.map(\.name).joined(separator: ", "))
    }
    let rule = try rule ?? Self.rule(for: found.name)
    guard found.value.isFinite else { return }
    if let old = trainer.history.best, old.metric == found.name {
      guard rule == .greater ? found.value > old.value : found.value < old.value else { return }
    }
    let count = unit == .epochs ? "epoch_\(trainer.epoch)" : "iter_\(trainer.iteration)"
    let name = "best_\(found.name.replacing("/", with: "_"))_\(count).safetensors"
    let old = trainer.history.best?.file
    trainer.history.best = CheckpointHistory.Best(metric: found.name, value: found.value, file: name)
    try trainer.save(as: name)
    // The newest checkpoint would otherwise tell a resumed run of the old best.
    if let newest, newest.iteration == trainer.iteration { try trainer.save(as: newest.file) }
    if let old, old != name { trainer.workDirectory?.remove(old) }
    trainer.log.info("The best \(found.name) so far is \(decimal(found.value, 4)): \(name)")
  }

  /// What is better, by mmengine's lists of names.
  private static func rule(for metric: String) throws -> Rule {
    let greater = [
      "acc", "top", "ar@", "auc", "precision", "map", "mdice", "miou", "macc", "aacc", "mfscore",
      "mprecision",
      "mrecall",
    ]
    let name = metric.lowercased()
    if greater.contains(where: { name.contains($0) }) { return .greater }
    if name.contains("loss") { return .less }
    throw TrainingError("save_best: whether more or less of '\(metric)' is better is not known: set rule")
  }
}

/// Which checkpoints a run has written; a part of each checkpoint, so that a resumed run goes on with it.
public struct CheckpointHistory: Codable, Sendable, Equatable {
  /// The best validation so far.
  struct Best: Codable, Sendable, Equatable {
    var metric: String
    var value: Double
    var file: String
  }

  /// The regular ones that still exist, the oldest first.
  var written: [String] = []
  var best: Best?
}
