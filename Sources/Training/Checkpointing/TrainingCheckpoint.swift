import Checkpoints
import Files
import Foundation
import Layers
import Tensors

/// What a training checkpoint holds beside the weights, and what must be the same when it is resumed.
public struct TrainingState: Sendable, Equatable {
  /// Iterations done.
  public var iteration: Int
  /// Whole passes over the data.
  public var epoch: Int
  /// The learning rate of each group of weights in the coming iteration.
  public var rates: [Double]
  /// The seed of all random numbers.
  public var seed: UInt64
  /// The classes' names.
  public var classes: [String]
  /// Their numbers in annotation files; empty where these are the usual ones.
  public var categoryIDs: [Int] = []
  /// What decides the order of the data.
  public var data: DataIdentity
  /// What the hooks remember, by their names.
  public var hooks: [String: HookMemory]
  /// What computed: another one may give other bits.
  public var machine: ComputeFacts?
  /// Whether the iteration's validation is still to be done: the weights are written before it, so that nothing that
  /// happens in it can lose them.
  public var owesValidation = false
  /// The merged config, as YAML.
  public var configuration: String?

  /// What decides which images make up which batch.
  public struct DataIdentity: Codable, Sendable, Equatable {
    /// Images of a batch: of a shard.
    public var batchSize: Int
    /// Shards of a step; checkpoints say it where there are several.
    public var shards: Int
    /// Images of the training set.
    public var images: Int
    /// What the annotations were, of training and validation; nil in checkpoints that do not say.
    public var annotations: [AnnotationIdentity]?

    enum CodingKeys: String, CodingKey {
      case images, annotations, shards
      case batchSize = "batch_size"
    }

    /// What decides the order of the data.
    public init(batchSize: Int, shards: Int = 1, images: Int, annotations: [AnnotationIdentity]? = nil) {
      (self.batchSize, self.shards, self.images) = (batchSize, shards, images)
      self.annotations = annotations
    }

    /// Decodes what `encode` wrote.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      batchSize = try keys.decode(Int.self, forKey: .batchSize)
      shards = try keys.decodeIfPresent(Int.self, forKey: .shards) ?? 1
      images = try keys.decode(Int.self, forKey: .images)
      annotations = try keys.decodeIfPresent([AnnotationIdentity].self, forKey: .annotations)
    }

    /// Leaves out what is as it always was.
    public func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(batchSize, forKey: .batchSize)
      if shards != 1 { try keys.encode(shards, forKey: .shards) }
      try keys.encode(images, forKey: .images)
      try keys.encodeIfPresent(annotations, forKey: .annotations)
    }
  }
}

/// A checkpoint in the middle of training: a safetensors file that PyTorch's loaders read, too.
///
/// Weights and buffers stand under their PyTorch names, the optimiser's state under `optimizer/`, the rest in the
/// metadata.
public struct TrainingCheckpoint: Sendable {
  /// Weights and buffers: what tests and other programs take.
  public var weights: [String: StoredTensor]
  /// The weights that training goes on from, where `weights` are others that validation judged, such as averages.
  public var live: [String: StoredTensor]?
  /// The optimiser's state, such as `exp_avg/NAME`.
  public var optimizer: [String: StoredTensor]
  /// The rest; nil in a file that holds weights only.
  public var state: TrainingState?
  /// The classes' names, where the file has them.
  public var classes: [String]?
  /// Their numbers in annotation files, where the file says them.
  public var categoryIDs: [Int]?
  /// Classes of Python objects in a `.pth` that were passed over.
  public var skipped: [String] = []

  private static let prefix = Checkpoint.optimizerPrefix
  /// Below the optimiser's state, which other readers pass over.
  private static let livePrefix = Checkpoint.livePrefix, hooksPrefix = "hooks/"
  /// The state of the hook that writes checkpoints has a key of its own; the others' are under `hooks/NAME`.
  private static let historyKey = "checkpoints", historyHook = CheckpointHook.recordName
  private static let validationKey = "validation", owed = "owed"
  private static let configurationKey = "config"
  /// Of the file's layout.
  private static let version = 1

  /// A checkpoint to be written.
  public init(
    weights: [String: StoredTensor], live: [String: StoredTensor]? = nil, optimizer: [String: StoredTensor],
    state: TrainingState
  ) {
    (self.weights, self.live, self.optimizer, self.state) = (weights, live, optimizer, state)
    classes = state.classes
  }

  private struct Schedule: Codable { var rates: [Double] }

  /// Reads a checkpoint: safetensors, or the weights of a PyTorch file.
  ///
  /// - Parameter isMapped: Whether weights may be the file's own pages, as in `Checkpoint`.
  /// - Throws: `CheckpointError` that names the file and what is wrong with it.
  public init(file path: String, isMapped: Bool = false) throws {
    let file = try Checkpoint(file: path, isMapped: isMapped)
    (weights, optimizer, skipped) = (file.weights, [:], file.skipped)
    let metadata = file.metadata
    func failure(_ message: String) -> CheckpointError { CheckpointError(file: path, message) }
    func json<T: Decodable>(_ type: T.Type, _ key: String) throws -> T? {
      guard let text = metadata[key] else { return nil }
      do { return try JSONDecoder().decode(type, from: Data(text.utf8)) } catch {
        throw failure("its metadata '\(key)' cannot be read: \(text.printed)")
      }
    }
    classes = try file.classes()
    categoryIDs = try file.categoryIDs()
    guard file.format == .safetensors else { return }
    var hooks: [String: HookMemory] = [:]
    for (name, tensor) in file.tensors where name.hasPrefix(Self.prefix) {
      let name = name.dropFirst(Self.prefix.count)
      if name.hasPrefix(Self.livePrefix) {
        live = live ?? [:]
        live?[String(name.dropFirst(Self.livePrefix.count))] = tensor
      } else if name.hasPrefix(Self.hooksPrefix) {
        let parts = name.dropFirst(Self.hooksPrefix.count).split(separator: "/", maxSplits: 1).map(
          String.init)
        guard parts.count == 2 else { throw failure("its tensor '\(String(name).printed)' is of no hook") }
        hooks[parts[0], default: HookMemory()].tensors[parts[1]] = tensor
      } else {
        optimizer[String(name)] = tensor
      }
    }
    for (key, text) in metadata where key.hasPrefix(Self.hooksPrefix) {
      hooks[String(key.dropFirst(Self.hooksPrefix.count)), default: HookMemory()].json = text
    }
    if let text = metadata[Self.historyKey] { hooks[Self.historyHook, default: HookMemory()].json = text }
    if let text = metadata["version"] {
      guard let version = Int(text), version > 0 else {
        throw failure("its metadata 'version' is '\(text.printed)'")
      }
      guard version <= Self.version else {
        throw failure(
          "was written by a newer version: layout \(version), and this one reads up to \(Self.version)")
      }
    }
    guard let iteration = metadata["iteration"] else { return }
    guard let iteration = Int(iteration), (0...TrainLoop.mostIterations).contains(iteration),
      let epoch = metadata["epoch"].flatMap({ Int($0) }), epoch >= 0,
      let seed = metadata["seed"].flatMap({ UInt64($0) }), let classes,
      let schedule = try json(Schedule.self, "schedule"),
      let data = try json(TrainingState.DataIdentity.self, "data"),
      schedule.rates.allSatisfy({ $0.isFinite && $0 >= 0 })
    else { throw failure("its metadata is not that of a training checkpoint") }
    state = TrainingState(
      iteration: iteration, epoch: epoch, rates: schedule.rates, seed: seed, classes: classes, data: data,
      hooks: hooks, machine: try json(ComputeFacts.self, "machine"),
      owesValidation: metadata[Self.validationKey] == Self.owed,
      configuration: metadata[Self.configurationKey])
    state?.categoryIDs = categoryIDs ?? []
  }

  /// The merged config of the run that wrote a checkpoint, as YAML; no tensor is read.
  ///
  /// - Throws: `CheckpointError` for a file that is no checkpoint, or carries no config.
  public static func configuration(ofFile path: String) throws -> String {
    guard let text = try Safetensors.metadata(ofFile: path)?[configurationKey] else {
      throw CheckpointError(
        file: path, "carries no config, as files of other programs and older runs: name the config before it")
    }
    return text
  }

  /// Whether an interrupted run wrote a file only to go on from it; no tensor is read.
  static func isPassing(_ name: String, in folder: String) -> Bool {
    guard let text = (try? Safetensors.metadata(ofFile: "\(folder)/\(name)"))?[historyKey],
      let history = try? JSONDecoder().decode(CheckpointHistory.self, from: Data(text.utf8))
    else { return false }
    return history.passing == name
  }

  /// Fills a model's weights and buffers; `file` is named in errors.
  ///
  /// - Throws: `CheckpointError` with a table when they do not fit.
  public func load(
    into model: any Layer, file: String, allowingMissing: [String] = []
  ) throws -> LoadingSummary {
    var summary = try model.load(weights, file: file, allowingMissing: allowingMissing)
    summary.skipped = skipped
    return summary
  }

  /// Writes the file beside its place and renames it.
  ///
  /// - Throws: `CheckpointError` with the system's reason.
  public func write(to path: String) throws {
    var tensors = weights
    for (name, tensor) in optimizer { tensors[Self.prefix + name] = tensor }
    for (name, tensor) in live ?? [:] { tensors[Self.prefix + Self.livePrefix + name] = tensor }
    for (hook, memory) in state?.hooks ?? [:] {
      for (name, tensor) in memory.tensors {
        tensors["\(Self.prefix)\(Self.hooksPrefix)\(hook)/\(name)"] = tensor
      }
    }
    var metadata: [String: String] = ["format": "pt", "version": "\(Self.version)"]
    if let state {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      func json(_ value: some Encodable) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
      }
      metadata["iteration"] = "\(state.iteration)"
      metadata["optimizer_step"] = "\(state.iteration)"
      metadata["epoch"] = "\(state.epoch)"
      metadata["seed"] = "\(state.seed)"
      metadata["schedule"] = try json(Schedule(rates: state.rates))
      metadata["classes"] = try json(state.classes)
      if !state.categoryIDs.isEmpty { metadata[Checkpoint.categoryIDsKey] = try json(state.categoryIDs) }
      metadata["data"] = try json(state.data)
      if state.owesValidation { metadata[Self.validationKey] = Self.owed }
      metadata[Self.configurationKey] = state.configuration
      if let machine = state.machine { metadata["machine"] = try json(machine) }
      for (hook, memory) in state.hooks {
        metadata[hook == Self.historyHook ? Self.historyKey : Self.hooksPrefix + hook] = memory.json
      }
    }
    try Safetensors(tensors, metadata: metadata).write(to: path)
  }
}
