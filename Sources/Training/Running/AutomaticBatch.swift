import Configuration
import Data
import Layers
import Modeling
import Tensors

/// `train_dataloader.batch_size: auto`: the largest batch whose step fits three quarters of memory.
///
/// What a step takes is measured with two small batches and drawn on: every image takes as much as the next.
package enum AutomaticBatch {
  /// The config with a number in the place of `auto`, and what the log says of it; the config as it is where it has one.
  ///
  /// - Parameter resumed: The checkpoint that a run in this work directory goes on from, if any: its batch is kept.
  /// - Throws: What stops a run from being opened.
  static func settled(
    _ configuration: ExperimentConfiguration, _ components: Components, _ options: TrainingOptions,
    resumed: (_ directory: String) throws -> String?
  ) throws -> (configuration: ExperimentConfiguration, note: String?) {
    guard configuration.trainDataloader?.isAutomatic == true else { return (configuration, nil) }
    guard options.ranks.size == 1 else {
      let place = configuration.node["train_dataloader"]?["batch_size"]
      throw ConfigurationError(
        location: place?.location, keyPath: "train_dataloader.batch_size",
        message: "auto is for one process: \(options.ranks.size) ranks need a number, the images of a shard")
    }
    let file = try options.replay ?? resumed(TrainingRun.workDirectory(configuration, options))
    if let file, let kept = try TrainingCheckpoint(file: file).state?.data.batchSize {
      return (try configuration.batching(kept), "batch_size: auto: \(kept), as in the checkpoint")
    }
    let seed = options.seed ?? configuration.randomness.seed ?? TrainingRun.defaultSeed
    try Experiment(configuration, components: components).check(for: .training)
    let least = try smallest(configuration, components, seed: seed)
    let (one, weights, images) = try memory(configuration.batching(least), components, seed: seed)
    let two =
      images > least ? try memory(configuration.batching(2 * least), components, seed: seed).step : one
    let limit = ProcessMemory.current.limit
    let count = size(
      least: least, step: one, double: two, beside: weights, images: images, budget: limit / 4 * 3)
    let estimate = max(one, one + (two - one) / least * (count - least)) + weights
    return (
      try configuration.batching(count),
      "batch_size: auto: \(count), of which a step takes about \(ProcessMemory.text(estimate)) of "
        + "\(ProcessMemory.text(limit)) (\(ProcessMemory.current.source))"
    )
  }

  /// The largest batch, from what steps of `least` images and of twice as many take.
  ///
  /// - Parameters:
  ///   - weights: Bytes that a run holds beside its steps.
  ///   - images: Of the data set, which a batch does not exceed.
  ///   - budget: Bytes.
  package static func size(
    least: Int, step: Int, double: Int, beside weights: Int, images: Int, budget: Int
  ) -> Int {
    // Images differ in size: one takes a quarter of its share of a step at least.
    let each = max(1, (double - step) / least, double / (8 * least))
    let fixed = max(0, step - each * least)
    let count = (budget - weights - fixed) / each
    return max(least, min(count, max(least, images), 65_536))
  }

  /// The fewest images that the model learns from.
  private static func smallest(
    _ configuration: ExperimentConfiguration, _ components: Components, seed: UInt64
  ) throws -> Int {
    let experiment = Experiment(configuration, components: components)
    let dataset = try experiment.trainLoader(seed: seed).dataset
    return try experiment.model(classes: dataset.metainfo.classes, labels: dataset.metainfo.labels)
      .minimumBatch
  }

  /// Bytes of a step, bytes held beside it (weights, gradients and two moments each), and images of the data set.
  private static func memory(
    _ configuration: ExperimentConfiguration, _ components: Components, seed: UInt64
  ) throws -> (step: Int, weights: Int, images: Int) {
    let (parts, _) = try TrainingRun.parts(
      Experiment(configuration, components: components), TrainingOptions(), seed: seed)
    parts.model.initialize(seed: seed)
    let trainer = Trainer(
      parts, log: try RunLog(path: nil, isQuiet: true, progress: ProgressLine(isQuiet: true)), sinks: [],
      progress: ProgressLine(isQuiet: true), workDirectory: nil, stopRequest: StopRequest())
    let shards = try trainer.localShards(of: 0)
    trainer.computesDroppedBranches = true
    let live = TensorMemory.current.live
    BufferPool.shared.forgetPeak()
    _ = try LiveWeights.kept(in: trainer.model) { try trainer.gradients(of: shards) }
    let step = max(1, TensorMemory.current.peak - live)
    let numbers = trainer.model.parameters.reduce(0) { $0 + $1.parameter.shape.reduce(1, *) }
    return (step, 16 * numbers, trainer.loader.dataset.count)
  }
}

extension ExperimentConfiguration {
  /// The same with so many images of a batch.
  fileprivate func batching(_ count: Int) throws -> ExperimentConfiguration {
    guard let loader = node["train_dataloader"] else { return self }
    let location = (loader["batch_size"] ?? loader).location
    let number = ConfigurationNode(
      .scalar(text: "\(count)", isQuoted: false), at: location, keyPath: "\(loader.keyPath).batch_size")
    return try ExperimentConfiguration(
      node.setting("train_dataloader", to: loader.setting("batch_size", to: number)))
  }
}
