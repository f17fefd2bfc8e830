import Configuration

/// The names a config may use, by kind. Value type: a program adds its own before it opens a config.
public struct Components: Sendable {
  /// Steps of pipelines.
  public var transforms = Registry<any Transform, DataContext>(kind: "transform")
  /// Data sets.
  public var datasets = Registry<any Dataset, DataContext>(kind: "data set")
  /// What a data set's files name, faults included: under the data sets' names.
  public var inventories = Registry<DatasetInventory, DataContext>(kind: "data set")
  /// Orders of data.
  public var samplers = Registry<any Sampler, SamplerContext>(kind: "sampler")
  /// Which images may share a batch.
  public var batchSamplers = Registry<any BatchSampler, DataContext>(kind: "batch sampler")
  /// Figures of merit.
  public var metrics = Registry<any Metric, MetricContext>(kind: "metric")
  /// Whole models.
  public var models = Registry<any Model, ModelContext>(kind: "model")
  /// Backbones.
  public var backbones = Registry<any Backbone, ModelContext>(kind: "backbone")

  /// What this room has: transforms, samplers and data sets made of others. The rooms of models add theirs.
  public init() {
    addTransforms()
    addCombinedDatasets()
    samplers.add("DefaultSampler", description: "Every image once an epoch") {
      (c: PassSampler.EpochConfiguration, context: SamplerContext) in
      PassSampler(isInfinite: false, c.shared, in: context)
    }
    samplers.add("InfiniteSampler", description: "One pass after the other, without epochs") {
      (c: PassSampler.Configuration, context: SamplerContext) in
      PassSampler(isInfinite: true, c, in: context)
    }
    batchSamplers.add("AspectRatioBatchSampler", description: "Batches of upright or of wide images only") {
      (c: AspectRatioBatchSampler, _: DataContext) in c
    }
  }

  /// The registries of parts, such as necks and heads, that a model opens, by the model's name: with them, the parts are
  /// listed and checked. A model without an entry is checked by itself only.
  public var parts: [String: [any ComponentCatalogue]] = [:]

  /// All registries but those of parts, one a kind.
  public var catalogues: [any ComponentCatalogue] {
    // Every property that is a registry: none is forgotten.
    let own = Mirror(reflecting: self).children.compactMap { $0.value as? any ComponentCatalogue }
    var kinds: Set<String> = []
    return own.filter { kinds.insert($0.kind).inserted }
  }

  /// The registries of all models' parts.
  public var partCatalogues: [any ComponentCatalogue] {
    parts.sorted { $0.key < $1.key }.flatMap(\.value)
  }
}

/// What transforms and data sets are built with.
public struct DataContext: Sendable {
  /// `default_scope`: which meaning a name has that mmdetection and mmsegmentation share.
  public var scope: String?
  /// The names a config may use.
  public var components: Components

  /// A scope and its names.
  public init(scope: String? = nil, components: Components) {
    self.scope = scope
    self.components = components
  }
}

/// What models and their parts are built with.
public struct ModelContext: Sendable {
  /// `default_scope`.
  public var scope: String?
  /// The data set's classes, if there is a data set.
  public var classes: [String]?
  /// The names a config may use.
  public var components: Components

  /// A scope, classes and names.
  public init(scope: String? = nil, classes: [String]? = nil, components: Components) {
    self.scope = scope
    self.classes = classes
    self.components = components
  }
}

/// What metrics are built with.
public struct MetricContext: Sendable {
  /// `default_scope`.
  public var scope: String?
  /// The data set that is evaluated.
  public var dataset: any Dataset

  /// A scope and the data set that is evaluated.
  public init(scope: String? = nil, dataset: any Dataset) {
    self.scope = scope
    self.dataset = dataset
  }
}
