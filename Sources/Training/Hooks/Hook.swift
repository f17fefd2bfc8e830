import Modeling
import Configuration
import Data

/// What happens between the iterations of a training run. All methods do nothing unless a hook says otherwise.
public protocol Hook {
  /// Before the first iteration, also of a resumed run.
  mutating func beforeTraining(_ trainer: Trainer) throws
  /// After each iteration; the schedules have moved on already.
  mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws
  /// After each pass over the data, in a loop that counts them.
  mutating func afterEpoch(_ trainer: Trainer) throws
  /// After each validation.
  mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws
  /// After the last iteration and its validation.
  mutating func afterTraining(_ trainer: Trainer) throws
}

extension Hook {
  /// Does nothing.
  public mutating func beforeTraining(_ trainer: Trainer) throws {}
  /// Does nothing.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {}
  /// Does nothing.
  public mutating func afterEpoch(_ trainer: Trainer) throws {}
  /// Does nothing.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {}
  /// Does nothing.
  public mutating func afterTraining(_ trainer: Trainer) throws {}
}

/// What hooks are built with.
public struct HookContext: Sendable {
  /// The loop they hang in.
  public var loop: TrainLoop

  /// A loop.
  public init(loop: TrainLoop) { self.loop = loop }
}

/// A hook of mm's whose work is always done here; it is accepted and needs no settings.
struct BuiltInHookConfiguration: Decodable, Sendable {
  init(from decoder: any Decoder) throws {
    enum NoKeys: CodingKey {}
    _ = try decoder.container(keyedBy: NoKeys.self)
  }
}

extension TrainingComponents {
  mutating func addHooks() {
    hooks.add("CheckpointHook", description: "Writes checkpoints") {
      (c: CheckpointHook.Configuration, context: HookContext) in try CheckpointHook(c, in: context)
    }
    hooks.add("LoggerHook", description: "Writes losses and times to log and scalars") {
      (c: LoggerHook.Configuration, _: HookContext) in LoggerHook(c)
    }
    let builtIn = [
      ("IterTimerHook", "Measures time: done in any case"),
      ("ParamSchedulerHook", "Moves the schedules: done in any case"),
      ("DistSamplerSeedHook", "Shuffles anew in each epoch: done in any case"),
    ]
    for (name, description) in builtIn {
      hooks.add(name, description: description) { (_: BuiltInHookConfiguration, _: HookContext) in nil }
    }
  }

  /// The hooks of a config: mm's default ones with what the config replaces, then its own.
  ///
  /// - Throws: `ConfigurationError` for unknown types and wrong settings.
  func hooks(of configuration: ExperimentConfiguration, in context: HookContext) throws -> [any Hook] {
    var components = try configuration.defaultHooks.sorted { $0.key < $1.key }
      .filter { !$0.value.isNull }.map { try ComponentConfiguration($0.value) }
    components += configuration.customHooks
    var hooks = try components.compactMap { try self.hooks.build($0, scope: nil, in: context) }
    if configuration.defaultHooks["logger"] == nil { hooks.append(LoggerHook()) }
    if configuration.defaultHooks["checkpoint"] == nil { hooks.append(CheckpointHook(in: context)) }
    // Checkpoints last, as mm's priorities have it: they hold what the other hooks did.
    return hooks.filter { !($0 is CheckpointHook) } + hooks.filter { $0 is CheckpointHook }
  }
}
