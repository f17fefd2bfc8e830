/// The top level of a config; parts are opened by the rooms that know them.
public struct ExperimentConfiguration: Decodable, Sendable {
  /// What a bare name means that mmdetection and mmsegmentation both have: `mmdet` or `mmseg`.
  public var defaultScope: String?
  /// The model.
  public var model: ComponentConfiguration?
  /// Training, validation and test data.
  public var trainDataloader, valDataloader, testDataloader: DataLoaderConfiguration?
  /// Training, validation and test loops.
  public var trainLoop, valLoop, testLoop: ComponentConfiguration?
  /// The optimiser, its settings a parameter and gradient clipping.
  public var optimWrapper: ComponentConfiguration?
  /// Schedules of the learning rate, one after the other.
  public var paramSchedulers: [ComponentConfiguration]
  /// Hooks by their role: `timer`, `logger`, `param_scheduler`, `checkpoint`, `sampler_seed`, `visualization`.
  public var defaultHooks: [String: ConfigurationNode]
  /// More hooks.
  public var customHooks: [ComponentConfiguration]
  /// Metrics of validation and test.
  public var valEvaluators, testEvaluators: [ComponentConfiguration]
  /// Test-time augmentation.
  public var ttaModel: ComponentConfiguration?
  /// Its pipeline.
  public var ttaPipeline: ConfigurationNode?
  /// Scaling of the learning rate by the batch.
  public var autoScaleLR: ConfigurationNode?
  /// The shards of a step.
  public var distribution: ConfigurationNode?
  /// The seed and mm's switches of determinism.
  public var randomness: Randomness
  /// A checkpoint whose weights training starts from.
  public var loadFrom: String?
  /// Whether training goes on from the newest checkpoint.
  public var resume: Bool
  /// Where logs and checkpoints go.
  public var workDir: String?
  /// How logs are smoothed.
  public var logProcessor: ConfigurationNode?
  /// The least severe message that is shown.
  public var logLevel: String?
  /// The default of every data set's `data_root`.
  public var dataRoot: String?
  /// Whether `precision` is `bfloat16`: products of inference are to be taken in it.
  public var usesBFloat16: Bool
  /// The whole config.
  public var node: ConfigurationNode

  /// `randomness`.
  public struct Randomness: Decodable, Sendable {
    /// The seed of all random numbers.
    public var seed: UInt64?

    enum CodingKeys: String, CodingKey {
      case seed, deterministic
      case differsByRank = "diff_rank_seed"
    }

    /// A seed.
    public init(seed: UInt64? = nil) { self.seed = seed }

    /// Decodes mm's keys; runs are deterministic whatever `deterministic` says.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      seed = try keys.decodeIfPresent(UInt64.self, forKey: .seed)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .deterministic)
      _ = try keys.decodeIfPresent(Bool.self, forKey: .differsByRank)
    }
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case distribution, model, precision, randomness, resume
    case defaultScope = "default_scope"
    case trainDataloader = "train_dataloader"
    case valDataloader = "val_dataloader"
    case testDataloader = "test_dataloader"
    case trainLoop = "train_cfg"
    case valLoop = "val_cfg"
    case testLoop = "test_cfg"
    case optimWrapper = "optim_wrapper"
    case paramSchedulers = "param_scheduler"
    case defaultHooks = "default_hooks"
    case customHooks = "custom_hooks"
    case valEvaluators = "val_evaluator"
    case testEvaluators = "test_evaluator"
    case ttaModel = "tta_model"
    case ttaPipeline = "tta_pipeline"
    case autoScaleLR = "auto_scale_lr"
    case loadFrom = "load_from"
    case workDir = "work_dir"
    case logProcessor = "log_processor"
    case logLevel = "log_level"
    case dataRoot = "data_root"
  }

  /// What is wrong at the top level, if that was to be reported later.
  public private(set) var mistakes: [ConfigurationError] = []

  /// Names of the top level that only other values of the file were made of, such as `dataset_type`: left out.
  public private(set) var variables: [String] = []

  /// Opens the top level of a merged config.
  ///
  /// - Parameters:
  ///   - node: The whole config, merged with its bases.
  ///   - deferringMistakes: Whether mistakes are kept, to be reported together with those of the components; what is
  ///     wrong is then left out.
  /// - Throws: `ConfigurationError` for unknown keys and wrong types; `ConfigurationErrors` for several.
  public init(_ node: ConfigurationNode, deferringMistakes: Bool = false) throws {
    let variables = node.variables
    let node = node.removing(Set(variables)).givingDataRoot().givingTestWhatValidates()
    let completion = Completion(node, observer: DecodingObserver()) { node, observer in
      try node.decode(Self.self, observer: observer)
    }
    if !deferringMistakes { try ConfigurationErrors.report(completion.mistakes) }
    guard let result = completion.result else {
      try ConfigurationErrors.report(completion.mistakes)
      throw node.error("cannot be decoded")
    }
    self = result
    (self.node, mistakes, self.variables) = (node, completion.mistakes, variables)
  }

  /// Decodes the top level.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    /// One component, or a list of them.
    func components(_ key: CodingKeys) throws -> [ComponentConfiguration]? {
      guard let node = try keys.decodeIfPresent(ConfigurationNode.self, forKey: key) else { return nil }
      return try (node.elements ?? [node]).map { try ComponentConfiguration($0) }
    }
    /// A path; an empty one, as `--cfg-options load_from=` gives, is none.
    func path(_ key: CodingKeys) throws -> String? {
      let path = try keys.decodeIfPresent(String.self, forKey: key)
      return path?.isEmpty == true ? nil : path
    }
    node = try ConfigurationNode(from: decoder)
    defaultScope = try keys.decodeIfPresent(String.self, forKey: .defaultScope)
    model = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .model)
    trainDataloader = try keys.decodeIfPresent(DataLoaderConfiguration.self, forKey: .trainDataloader)
    valDataloader = try keys.decodeIfPresent(DataLoaderConfiguration.self, forKey: .valDataloader)
    testDataloader =
      try keys.decodeIfPresent(DataLoaderConfiguration.self, forKey: .testDataloader) ?? valDataloader
    trainLoop = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .trainLoop)
    valLoop = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .valLoop)
    testLoop = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .testLoop) ?? valLoop
    optimWrapper = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .optimWrapper)
    paramSchedulers = try components(.paramSchedulers) ?? []
    defaultHooks = try keys.decodeIfPresent([String: ConfigurationNode].self, forKey: .defaultHooks) ?? [:]
    customHooks = try components(.customHooks) ?? []
    valEvaluators = try components(.valEvaluators) ?? []
    testEvaluators = try components(.testEvaluators) ?? valEvaluators
    ttaModel = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .ttaModel)
    ttaPipeline = try keys.decodeIfPresent(ConfigurationNode.self, forKey: .ttaPipeline)
    autoScaleLR = try keys.decodeIfPresent(ConfigurationNode.self, forKey: .autoScaleLR)
    distribution = try keys.decodeIfPresent(ConfigurationNode.self, forKey: .distribution)
    randomness = try keys.decodeIfPresent(Randomness.self, forKey: .randomness) ?? Randomness()
    loadFrom = try path(.loadFrom)
    resume = try keys.decodeIfPresent(Bool.self, forKey: .resume) ?? false
    workDir = try path(.workDir)
    logProcessor = try keys.decodeIfPresent(ConfigurationNode.self, forKey: .logProcessor)
    logLevel = try keys.decodeIfPresent(String.self, forKey: .logLevel)
    dataRoot = try path(.dataRoot)
    let precision = try keys.decodeIfPresent(String.self, forKey: .precision) ?? "float32"
    guard ["float32", "bfloat16"].contains(precision) else {
      throw DecodingError.dataCorruptedError(
        forKey: .precision, in: keys, debugDescription: "'\(precision.shown)' is not float32 or bfloat16")
    }
    usesBFloat16 = precision == "bfloat16"
    if let scope = defaultScope, !ComponentScopes.all.contains(scope) {
      throw DecodingError.dataCorruptedError(
        forKey: .defaultScope, in: keys,
        debugDescription: "'\(scope.shown)' is not mmdet, mmseg or mmpretrain")
    }
  }
}

/// A data loader: batches of a data set.
public struct DataLoaderConfiguration: Decodable, Sendable {
  /// Samples of a batch; 1 until it is found where `isAutomatic`.
  public var batchSize: Int
  /// Whether `batch_size` is `auto`: the largest that fits in memory.
  public var isAutomatic: Bool
  /// Threads that prepare samples ahead; 0 prepares them when asked.
  public var workers: Int
  /// The order of the samples.
  public var sampler: ComponentConfiguration?
  /// How samples are put together.
  public var batchSampler: ComponentConfiguration?
  /// Whether a last batch that is not full is left out.
  public var dropsLast: Bool
  /// What is loaded.
  public var dataset: ComponentConfiguration

  enum CodingKeys: String, CodingKey {
    case sampler, dataset
    case batchSize = "batch_size"
    case workers = "num_workers"
    case batchSampler = "batch_sampler"
    case dropsLast = "drop_last"
  }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    isAutomatic = (try? keys.decodeIfPresent(String.self, forKey: .batchSize)) == "auto"
    batchSize =
      isAutomatic ? 1 : try keys.decodeIfPresent(Int.self, forKey: .batchSize, in: 1...65_536) ?? 1
    workers = try keys.decodeIfPresent(Int.self, forKey: .workers, in: 0...256) ?? 0
    sampler = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .sampler)
    batchSampler = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .batchSampler)
    dropsLast = try keys.decodeIfPresent(Bool.self, forKey: .dropsLast) ?? false
    dataset = try keys.decode(ComponentConfiguration.self, forKey: .dataset)
  }
}

extension ConfigurationNode: Decodable {
  /// Takes the node as it is.
  public init(from decoder: any Decoder) throws {
    guard let node = (decoder as? NodeDecoder)?.node else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "nodes are decoded from configs only"))
    }
    self = node
  }

  /// The top level with its `data_root` given to every loader's data set that has none.
  func givingDataRoot() -> ConfigurationNode {
    guard let root = self["data_root"], !root.isNull else { return self }
    return ["train_dataloader", "val_dataloader", "test_dataloader"].reduce(self) { node, name in
      guard let loader = node[name], let dataset = loader["dataset"] else { return node }
      return node.setting(name, to: loader.setting("dataset", to: dataset.withRoot(root)))
    }
  }

  /// The top level in which data, loop and metrics of the test are those of validation, key by key, where they say
  /// nothing else. A component of another type has all of its keys of its own.
  func givingTestWhatValidates() -> ConfigurationNode {
    [("test_dataloader", "val_dataloader"), ("test_cfg", "val_cfg"), ("test_evaluator", "val_evaluator")]
      .reduce(self) { node, names in
        guard let test = node[names.0], let validation = node[names.1], test.entries != nil else {
          return node
        }
        return node.setting(names.0, to: test.inheriting(from: validation).rooted(at: names.0))
      }
  }

  private func inheriting(from base: ConfigurationNode) -> ConfigurationNode {
    guard let own = entries, let others = base.entries else { return self }
    if let type = self["type"]?.string, let other = base["type"]?.string, type != other { return self }
    var merged = others
    for entry in own {
      if let index = merged.firstIndex(where: { $0.key == entry.key }) {
        merged[index].value = entry.value.inheriting(from: merged[index].value)
        merged[index].location = entry.location
      } else {
        merged.append(entry)
      }
    }
    return ConfigurationNode(.mapping(merged), at: location, keyPath: keyPath)
  }

  /// A data set, or one made of others, with a `data_root` where it has none.
  private func withRoot(_ root: ConfigurationNode) -> ConfigurationNode {
    if let dataset = self["dataset"] { return setting("dataset", to: dataset.withRoot(root)) }
    if let datasets = self["datasets"], let elements = datasets.elements {
      var list = datasets
      list.value = .sequence(elements.map { $0.withRoot(root) })
      return setting("datasets", to: list)
    }
    guard self["data_root"] == nil else { return self }
    var own = root.rooted(at: keyPath + ".data_root")
    own.location = root.location
    return setting("data_root", to: own)
  }
}
