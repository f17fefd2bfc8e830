import Checkpoints
import Configuration
import Modeling

/// Averages the weights over training: validation, test and the best checkpoint go by the averages (mmengine's
/// `EMAHook`).
///
/// A checkpoint holds the averages under the weights' names, and the weights that training goes on from beside them.
public struct EMAHook: StatefulHook {
  /// mm's keys.
  struct Configuration: Decodable, Sendable {
    let averaging: AveragingSettings
    let firstIteration, firstEpoch: Int

    enum CodingKeys: String, CodingKey {
      case firstIteration = "begin_iter"
      case firstEpoch = "begin_epoch"
      case isStrict = "strict_load"
    }

    init(from decoder: any Decoder) throws {
      averaging = try AveragingSettings(ofHook: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      firstIteration =
        try keys.decodeIfPresent(Int.self, forKey: .firstIteration, in: 0...1_000_000_000) ?? 0
      firstEpoch = try keys.decodeIfPresent(Int.self, forKey: .firstEpoch, in: 0...1_000_000_000) ?? 0
      guard firstIteration == 0 || firstEpoch == 0 else {
        throw keys.refusal("stands beside begin_iter: give one of them", forKey: .firstEpoch)
      }
      // The averages of a checkpoint have to be those of the model in any case.
      _ = try keys.decodeIfPresent(Bool.self, forKey: .isStrict)
    }
  }

  /// What a checkpoint holds beside the averages.
  public struct State: Codable, Sendable {
    var calls: Int
  }

  private let settings: Configuration
  private var averages: AveragedWeights?

  init(_ settings: Configuration, in context: HookContext) throws {
    self.settings = settings
    guard settings.firstEpoch == 0 || context.loop.unit == .epochs else {
      throw ConfigurationError(
        keyPath: Configuration.CodingKeys.firstEpoch.rawValue,
        message: "counts epochs, but the train loop counts iterations", hint: "Set begin_iter.")
    }
    let (key, first) =
      context.loop.unit == .epochs
      ? (Configuration.CodingKeys.firstEpoch, settings.firstEpoch)
      : (.firstIteration, settings.firstIteration)
    guard first <= context.loop.length else {
      throw ConfigurationError(
        keyPath: key.rawValue,
        message: "\(first) is behind the end of training, \(context.loop.length): nothing would be averaged")
    }
  }

  private func noAverages(of model: any Model) -> AveragedWeights {
    AveragedWeights(
      settings.averaging, parameters: model.tree.parameters, buffers: model.tree.buffers)
  }

  /// Says when a checkpoint has no averages to go on from.
  public mutating func beforeRun(_ trainer: Trainer) throws {
    guard averages == nil, let resumption = trainer.resumption else { return }
    trainer.log.warning("\(resumption.file) holds no averages of weights: they begin with its weights")
    averages = noAverages(of: trainer.model)
    averages?.update()
  }

  /// Takes in the weights; before `begin_iter` and `begin_epoch` the averages are the weights themselves.
  public mutating func afterIteration(_ trainer: Trainer, _ step: TrainingStep) throws {
    guard trainer.iteration >= settings.firstIteration, step.epoch + 1 >= settings.firstEpoch else { return }
    var own = averages.take() ?? noAverages(of: trainer.model)
    own.update()
    averages = own
  }

  /// The averages.
  public mutating func validationWeights(_ trainer: Trainer) throws -> [String: StoredTensor]? {
    averages?.stateDict
  }

  /// How many times weights were taken in.
  public var state: State? { averages.map { State(calls: $0.calls) } ?? State(calls: 0) }

  /// Takes up the averages of the checkpoint.
  public mutating func restore(_ state: State, _ trainer: Trainer) throws {
    var own = noAverages(of: trainer.model)
    if state.calls > 0, let resumption = trainer.resumption {
      guard let weights = trainer.resumedAverages else {
        throw CheckpointError(
          file: resumption.file, "has no averages of weights, though its state of the EMAHook says so")
      }
      try own.restore(weights, calls: state.calls, file: resumption.file)
    }
    averages = own
  }
}
