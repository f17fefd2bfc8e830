import Data
import Distribution
import Modeling

/// What a run was told beside its parts.
struct TrainerSettings {
  /// Images of a shard.
  var batchSize: Int
  /// What losses are divided by.
  var normalizer: LossNormalizer
  /// Of all random numbers.
  var seed: UInt64
  /// The classes' names.
  var classes: [String]
  /// The merged config, as YAML.
  var configuration: String
  /// What the config says by itself, beyond its bases.
  var ownSettings: [ConfigurationSetting] = []
  /// What the annotations of training and validation are.
  var annotations: [AnnotationIdentity]
}

/// The parts of a run.
struct TrainerParts {
  var model: any Model
  var loop: TrainLoop
  var loader: DataLoader
  var settings: TrainerSettings
  var reduction: any StepReduction
  var ranks: any Communicator
  var optimizer: OptimizerWrapper
  var schedule: ScheduleChain
  var hooks: [any Hook]
  var validation: Validation?

  /// What validates: data, and what judges the predictions.
  struct Validation {
    let loader: DataLoader
    /// Fresh ones each time.
    let metrics: () throws -> [any Metric]
    /// Whether the losses are taken of these data, too.
    var countsLosses = false
  }
}
