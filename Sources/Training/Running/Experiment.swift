import Configuration
import Data
import Distribution
import Modeling

/// Builds the parts that a config names: models, loaders, metrics.
public struct Experiment: Sendable {
  /// The config.
  public let configuration: ExperimentConfiguration
  /// The names it may use for models and data.
  public let components: Components

  /// A config with the names it may use.
  public init(_ configuration: ExperimentConfiguration, components: Components) {
    (self.configuration, self.components) = (configuration, components)
  }

  /// What a bare name means that mmdetection and mmsegmentation both have: `default_scope`, else by the model.
  public var scope: String? {
    configuration.defaultScope ?? configuration.model.flatMap { components.models.defaultScope(of: $0) }
  }

  /// A part of the config that has to be there.
  func require<T>(_ part: T?, _ name: String) throws -> T {
    guard let part else {
      throw ConfigurationError(
        location: SourceLocation(file: configuration.node.location.file),
        message: "the key '\(name)' is missing")
    }
    return part
  }

  /// The model, with weights of zeros until `initialize` or `load` gives it others.
  ///
  /// - Parameters:
  ///   - classes: The data set's, where there is one: what `num_classes` is when the config has none.
  ///   - labels: What the numbers in its label maps stand for: the model's keys have to agree.
  /// - Throws: `ConfigurationError` with the place of what is wrong.
  public func model(classes: [String]?, labels: LabelMeaning? = nil) throws -> any Model {
    try components.models.build(
      try PretrainedWeights.extracted(from: require(configuration.model, "model")).model, scope: scope,
      in: ModelContext(scope: scope, classes: classes, labels: labels, components: components))
  }

  /// The model without any data: what its config leaves to the data set is what its kind usually has, 80 classes (COCO),
  /// 150 (ADE20K) or 1000 (ImageNet).
  ///
  /// - Throws: `ConfigurationError` with the place of what is wrong.
  public func modelWithoutData() throws -> any Model {
    let configured = try PretrainedWeights.extracted(from: require(configuration.model, "model")).model
    let kind = components.models.defaultScope(of: configured) ?? scope
    return try components.models.build(
      configured, scope: scope,
      in: ModelContext(
        scope: scope, usualClassCount: kind.flatMap { ["mmdet": 80, "mmseg": 150, "mmpretrain": 1000][$0] },
        components: components))
  }

  /// Fills a model's parts from the checkpoints that `init_cfg` and `pretrained` name, outer parts first. A file may
  /// lack the weights whose names `allowingMissing` has, or fit its patterns with `*`.
  ///
  /// - Returns: A line a file: «backbone: 212 of 212 tensors loaded from FILE».
  /// - Throws: `ConfigurationError` and `CheckpointError`.
  public func loadPretrainedWeights(into model: any Model, allowingMissing: [String] = []) throws -> [String]
  {
    try PretrainedWeights.extracted(from: require(configuration.model, "model")).weights.map { weights in
      let summary = try weights.load(into: model, allowingMissing: allowingMissing)
      return "\(weights.part.isEmpty ? "" : "\(weights.part): ")\(summary) from \(weights.file)"
    }
  }

  /// What a loader's data are for.
  public enum Purpose: Sendable {
    case training
    case evaluation
  }

  /// A data loader.
  ///
  /// - Parameters:
  ///   - loader: The settings of `train_dataloader`, `val_dataloader` or `test_dataloader`.
  ///   - purpose: An evaluation takes data sets in `test_mode` only.
  ///   - shards: Batches that make a step.
  ///   - seed: Of the order of the data and of augmentation.
  /// - Throws: `ConfigurationError` with the place of what is wrong; errors of the data set's files.
  public func loader(
    _ loader: DataLoaderConfiguration, for purpose: Purpose, shards: Int = 1, seed: UInt64
  ) throws -> DataLoader {
    let data = DataContext(scope: scope, components: components.data)
    let batchSampler = try loader.batchSampler.map {
      try components.data.batchSamplers.build($0, scope: scope, in: data)
    }
    let dataset = try components.data.datasets.build(loader.dataset, scope: scope, in: data)
    guard purpose == .training || dataset.isTest else {
      let place = loader.dataset.node
      throw ConfigurationError(
        location: (place["test_mode"] ?? place).location, keyPath: "\(place.keyPath).test_mode",
        message:
          "is not true: an evaluation needs every image as it is, but without it images may be filtered, and "
          + "one of which nothing is left is replaced by another",
        hint: "Set test_mode: true.")
    }
    if loader.isAutomatic, purpose == .evaluation {
      throw ConfigurationError(
        location: loader.dataset.node.location, keyPath: loader.dataset.node.keyPath,
        message: "batch_size: auto is for train_dataloader; an evaluation takes a number",
        hint: "Set batch_size: 1.")
    }
    let context = SamplerContext(count: dataset.count, seed: seed)
    let sampler: any Sampler =
      if let sampler = loader.sampler {
        try components.data.samplers.build(sampler, scope: scope, in: context)
      } else {
        PassSampler(isInfinite: false, isShuffled: purpose == .training, in: context)
      }
    if purpose == .evaluation, sampler.isInfinite, let node = loader.sampler?.node {
      throw ConfigurationError(
        location: node.location, keyPath: node.keyPath,
        message: "a sampler without end: an evaluation would never be done",
        hint: "Write {type: DefaultSampler, shuffle: false}.")
    }
    let built = DataLoader(
      dataset: dataset, sampler: sampler, batchSize: loader.batchSize, workers: loader.workers,
      dropLast: purpose == .training && (loader.dropsLast || batchSampler?.dropsLast ?? false),
      groups: try batchSampler?.groups(of: dataset), shards: shards, seed: seed)
    guard built.batchesPerEpoch > 0 else {
      throw ConfigurationError(
        location: loader.dataset.node.location, keyPath: loader.dataset.node.keyPath,
        message: dataset.count == 0
          ? "has no images"
          : "\(dataset.count) images do not fill "
            + (shards == 1
              ? "a batch of \(loader.batchSize)" : "\(shards) shards of \(loader.batchSize) images"),
        hint: dataset.count == 0
          ? nil
          : "Set drop_last: false, or a smaller batch_size"
            + (shards == 1 ? "." : ", or fewer shards."))
    }
    return built
  }

  /// The shards of a step (`distribution`).
  ///
  /// - Throws: `ConfigurationError` with the place of what is wrong.
  public func distribution() throws -> DistributionSettings {
    guard let node = configuration.distribution, !node.isNull else { return DistributionSettings() }
    return try node.decode(DistributionSettings.self)
  }

  /// The loader of the training data.
  ///
  /// - Throws: As `loader`, and when the config has none.
  public func trainLoader(seed: UInt64) throws -> DataLoader {
    try loader(
      require(configuration.trainDataloader, "train_dataloader"), for: .training,
      shards: distribution().tree.shards, seed: seed)
  }

  /// What makes one prediction of those for variants of an image (`tta_model`).
  ///
  /// - Throws: `ConfigurationError` with the place of what is wrong.
  public func merging(classes: [String]?) throws -> any TestTimeAugmentation {
    try components.ttaModels.build(
      require(configuration.ttaModel, "tta_model"), scope: scope,
      in: ModelContext(scope: scope, classes: classes, components: components))
  }

  /// Metrics over a data set.
  ///
  /// - Throws: `ConfigurationError` with the place of what is wrong.
  public func metrics(_ evaluators: [ComponentConfiguration], for dataset: any Dataset) throws -> [any Metric]
  {
    try evaluators.map {
      try components.metrics.build($0, scope: scope, in: MetricContext(scope: scope, dataset: dataset))
    }
  }
}
