import Distribution
import Layers

/// What a run really is, whatever the config left to be worked out: the lines of a log behind those of `RunFacts`.
struct RunReport {
  var classes: [String]
  var trainingImages: Int
  /// Nil without validation.
  var validationImages: Int?
  /// Images of a shard.
  var batchSize: Int
  /// Shards of a step.
  var shards: Int
  /// What losses are divided by.
  var normalizer: LossNormalizer
  /// Steps of an update.
  var accumulation: Int
  /// `auto_scale_lr`, where the config has it.
  var rateScaling: RateScaling?
  var baseRate: Double
  /// The types of the schedules.
  var schedules: [String]

  /// Whether the learning rates were chosen for another batch, and what is made of that.
  struct RateScaling {
    var isOn: Bool
    /// `base_batch_size`.
    var base: Int
    /// Images of a batch over those.
    var factor: Double
  }

  func write(to log: RunLog, weights: [String], trainer: Trainer, directory: String) {
    let parameters = trainer.model.parameters
    let count = parameters.reduce(0) { $0 + $1.parameter.shape.reduce(1, *) }
    let validation = validationImages.map { "\(grouped($0)) for validation" } ?? "no validation"
    let passes = Double(trainer.iterations) / Double(trainer.iterationsPerEpoch)
    let schedule = schedules.isEmpty ? "constant" : schedules.joined(separator: ", ")
    log.info("classes: \(classes.count) (\(listed(classes)))")
    log.info("images: \(grouped(trainingImages)) for training, \(validation)")
    for line in weights { log.info("weights: \(line)") }
    log.info("parameters: \(grouped(count)) in \(parameters.count) tensors")
    log.info(
      "batch: \(batchSize * shards) images"
        + (shards > 1
          ? " in \(shards) shards of \(batchSize), each with losses over "
            + (normalizer == .global ? "the counts of all" : "its own counts") + " and a gradient of its own"
          : "")
        + (accumulation > 1 ? ", \(accumulation) batches an update" : "")
        + "; \(grouped(trainer.iterations)) iterations, "
        + "\(decimal(passes, 1)) passes over the data")
    log.info("learning rate: \(baseRate) (\(schedule)), \(trainer.rates.first ?? 0) at first")
    if let rateScaling {
      let chosen = "lr was chosen for batches of \(rateScaling.base) images"
      log.info(
        rateScaling.isOn
          ? "auto_scale_lr: all learning rates times \(rateScaling.factor): \(chosen)"
          : "auto_scale_lr is off: the learning rates are as given; \(chosen)")
    }
    log.info("work directory: \(directory)")
  }
}
