import Configuration

/// The names a config may use for data. Value type: a program adds its own before it opens a config.
public struct DataComponents: Sendable {
  /// Steps of pipelines.
  public var transforms = Registry<any Transform, DataContext>(
    kind: "transform", keys: ["pipeline", "transforms"])
  /// Data sets.
  public var datasets = Registry<any Dataset, DataContext>(kind: "data set")
  /// What a data set's files name, faults included: under the data sets' names.
  public var inventories = Registry<DatasetInventory, DataContext>(kind: "data set")
  /// Orders of data.
  public var samplers = Registry<any Sampler, SamplerContext>(kind: "sampler")
  /// Which images may share a batch.
  public var batchSamplers = Registry<any BatchSampler, DataContext>(kind: "batch sampler")

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

  /// All registries.
  public var catalogues: [any ComponentCatalogue] { [transforms, datasets, samplers, batchSamplers] }
}

/// What transforms and data sets are built with.
public struct DataContext: Sendable {
  /// `default_scope`: which meaning a name has that mmdetection and mmsegmentation share.
  public var scope: String?
  /// The names a config may use.
  public var components: DataComponents
  /// What the numbers in the label maps stand for of the data set whose pipeline is built; nil where it has none.
  public var labels: LabelMeaning?

  /// A scope and its names.
  public init(scope: String? = nil, components: DataComponents, labels: LabelMeaning? = nil) {
    self.scope = scope
    self.components = components
    self.labels = labels
  }
}
