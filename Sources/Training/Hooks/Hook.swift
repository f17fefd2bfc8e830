import Checkpoints
import Data
import Modeling

/// What happens around the iterations of a training run.
///
/// A program adds its own kind to the registry and names it in the config:
///
///     components.training.hooks.add("MyHook") { (settings: MyHook.Settings, context) in MyHook(settings) }
///
///     custom_hooks: [{type: MyHook, priority: LOW}]
///
/// Hooks are told in the order of their priorities, those of one priority in that of the config. All methods do nothing
/// unless a hook says otherwise; what one throws ends the run. A hook that remembers something across a resumed run is a
/// `StatefulHook`.
public protocol Hook {
  /// What it is called in checkpoints and messages; its type's name unless it says otherwise.
  var name: String { get }
  /// When it is told, unless the config gives a `priority`; `normal` unless it says otherwise.
  var priority: HookPriority { get }

  /// Before the first iteration, also of a resumed run.
  mutating func beforeRun(_ trainer: Trainer) throws
  /// Before each pass over the data, in a loop that counts them; also when a run goes on within one.
  mutating func beforeEpoch(_ trainer: Trainer) throws
  /// Before each iteration, and before its batch is there.
  mutating func beforeIteration(_ trainer: Trainer) throws
  /// When the batch of an iteration is there, as the model will see it.
  mutating func afterLoading(_ trainer: Trainer, _ samples: [Sample]) throws
  /// After each iteration; the schedules have moved on already.
  mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws
  /// After each pass over the data, in a loop that counts them.
  mutating func afterEpoch(_ trainer: Trainer) throws
  /// Weights and buffers under their PyTorch names that a validation judges and a checkpoint holds in place of the live
  /// ones, such as averages; nil for the live ones.
  ///
  /// Asked before each validation and each save. The live ones are back, bit for bit, when the validation is over; in a
  /// checkpoint they stand beside, and a resumed run goes on from them. Of several hooks the first that gives some is
  /// taken.
  mutating func validationWeights(_ trainer: Trainer) throws -> [String: StoredTensor]?
  /// Before each validation; the model still has its live weights.
  mutating func beforeValidation(_ trainer: Trainer) throws
  /// After each prediction of a validation, when the metrics have judged it.
  mutating func afterPrediction(_ trainer: Trainer, _ prediction: Prediction, for sample: Sample) throws
  /// After each validation; the model has its live weights again.
  mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws
  /// When all hooks were told of a validation: what is saved now holds what they made of it.
  mutating func validationDone(_ trainer: Trainer) throws
  /// Before a checkpoint is written: the hook may change what it holds.
  mutating func beforeSave(_ trainer: Trainer, _ checkpoint: inout TrainingCheckpoint) throws
  /// After a checkpoint was written; `file` is its path.
  mutating func afterSave(_ trainer: Trainer, file: String) throws
  /// After the last iteration and its validation, also of a run that was stopped.
  mutating func afterRun(_ trainer: Trainer) throws
  /// When an error ends the run, in place of `afterRun`.
  mutating func afterFailure(_ trainer: Trainer, _ error: any Error)
}

extension Hook {
  /// The type's name.
  public var name: String { "\(Self.self)" }
  /// mm's for a hook that says nothing else.
  public var priority: HookPriority { .normal }

  /// Does nothing unless a hook says otherwise.
  public mutating func beforeRun(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func beforeEpoch(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func beforeIteration(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterLoading(_ trainer: Trainer, _ samples: [Sample]) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterEpoch(_ trainer: Trainer) throws {}
  /// The live weights unless a hook says otherwise.
  public mutating func validationWeights(_ trainer: Trainer) throws -> [String: StoredTensor]? { nil }
  /// Does nothing unless a hook says otherwise.
  public mutating func beforeValidation(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterPrediction(
    _ trainer: Trainer, _ prediction: Prediction, for sample: Sample
  ) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterValidation(_ trainer: Trainer, _ summary: MetricSummary) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func validationDone(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func beforeSave(_ trainer: Trainer, _ checkpoint: inout TrainingCheckpoint) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterSave(_ trainer: Trainer, file: String) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterRun(_ trainer: Trainer) throws {}
  /// Does nothing unless a hook says otherwise.
  public mutating func afterFailure(_ trainer: Trainer, _ error: any Error) {}
}

/// What hooks are built with.
public struct HookContext: Sendable {
  /// The loop they hang in.
  public var loop: TrainLoop
  /// The figures of a validation, in the metrics' order; empty without validation.
  public var figures: [MetricFigure]
  /// The types of the config's `vis_backends`; nil where it says nothing of them.
  public var backends: [String]?

  /// A loop, and what its validations give.
  public init(loop: TrainLoop, figures: [MetricFigure] = [], backends: [String]? = nil) {
    (self.loop, self.figures, self.backends) = (loop, figures, backends)
  }
}
