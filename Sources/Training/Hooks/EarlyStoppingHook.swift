import Configuration
import Foundation
import Modeling

/// Ends the run when a figure of the validation no longer becomes better (mmengine's `EarlyStoppingHook`).
public struct EarlyStoppingHook: StatefulHook {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    let monitor: String
    let rule: MetricRule?
    let smallestGain: Double
    let isStrict, checksFinite: Bool
    let patience: Int
    let threshold: Double?

    enum CodingKeys: String, CodingKey {
      case monitor, rule, patience
      case smallestGain = "min_delta"
      case isStrict = "strict"
      case checksFinite = "check_finite"
      case threshold = "stopping_threshold"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      monitor = try keys.decode(String.self, forKey: .monitor)
      rule = try keys.decodeIfPresent(MetricRule.self, forKey: .rule)
      smallestGain = try keys.decodeIfPresent(Double.self, forKey: .smallestGain, in: -1e12...1e12) ?? 0.1
      isStrict = try keys.decodeIfPresent(Bool.self, forKey: .isStrict) ?? false
      checksFinite = try keys.decodeIfPresent(Bool.self, forKey: .checksFinite) ?? true
      patience = try keys.decodeIfPresent(Int.self, forKey: .patience, in: 0...1_000_000_000) ?? 5
      threshold = try keys.decodeIfPresent(Double.self, forKey: .threshold, in: -1e30...1e30)
    }
  }

  /// What a checkpoint holds.
  public struct State: Codable, Sendable {
    var best: Double?
    var waited: Int
  }

  private let settings: Configuration
  private let rule: MetricRule
  private var progress = State(best: nil, waited: 0)

  /// Last of all, as in mm.
  public let priority = HookPriority.lowest

  init(_ settings: Configuration, in context: HookContext) throws {
    self.settings = settings
    let figure = context.figures.first { $0.name == settings.monitor }
    let isLoss = settings.monitor.hasPrefix(ValidationLosses.prefix)
    guard figure != nil || isLoss || !settings.isStrict else {
      throw ConfigurationError(
        keyPath: Configuration.CodingKeys.monitor.rawValue,
        message: context.figures.isEmpty
          ? "there is no validation that gives '\(settings.monitor)'"
          : "'\(settings.monitor)' is not a figure of the validation: "
            + context.figures.map(\.name).joined(separator: ", "))
    }
    rule =
      settings.rule ?? figure.map { $0.isBetterWhenLarger ? .greater : .less } ?? (isLoss ? .less : .greater)
  }

  /// The best figure, and validations since it.
  public var state: State? { progress }

  /// Takes up what `state` gave.
  public mutating func restore(_ state: State, _ trainer: Trainer) throws { progress = state }

  /// Asks for a stop where the figure says so.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {
    guard let value = summary.values.first(where: { $0.name == settings.monitor })?.value else {
      let message =
        "early stopping: the validation does not give '\(settings.monitor)', but "
        + summary.values.map(\.name).joined(separator: ", ")
      guard settings.isStrict else { return trainer.log.warning(message) }
      throw TrainingError(message)
    }
    if let reason = judge(value) { trainer.stop(because: reason) }
  }

  /// Takes in a figure.
  ///
  /// - Returns: Why training is to end, if it is.
  mutating func judge(_ value: Double) -> String? {
    let best = progress.best.map { "the best was \(decimal($0, 4))" } ?? "there was none before"
    if settings.checksFinite, !value.isFinite {
      return "\(settings.monitor) is \(value); \(best)"
    }
    if let threshold = settings.threshold, rule.prefers(value, to: threshold) {
      progress.best = value
      return "\(settings.monitor) is \(decimal(value, 4)) and has passed \(threshold)"
    }
    let gain = rule == .greater ? settings.smallestGain : -settings.smallestGain
    let isWorse = !value.isFinite || (progress.best.map { rule.prefers($0 + gain, to: value) } ?? false)
    guard isWorse else {
      progress = State(best: value, waited: 0)
      return nil
    }
    progress.waited += 1
    guard progress.waited >= settings.patience else { return nil }
    return "\(settings.monitor) did not become better in \(progress.waited) validations; \(best)"
  }
}
