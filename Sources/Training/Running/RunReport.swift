import Layers

/// What a run really is, whatever the config left to be worked out: the lines of a log behind those of `RunFacts`.
struct RunReport {
  var classes: [String]
  var trainingImages: Int
  /// Nil without validation.
  var validationImages: Int?
  var batchSize: Int
  /// Batches of an update.
  var accumulation: Int
  /// What `auto_scale_lr` multiplied the rates by; nil where it did not.
  var rateScale: Double?
  var baseRate: Double
  /// The types of the schedules.
  var schedules: [String]

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
      "batch: \(batchSize) images"
        + (accumulation > 1 ? ", \(accumulation) batches an update" : "")
        + "; \(grouped(trainer.iterations)) iterations, "
        + "\(decimal(passes, 1)) passes over the data")
    log.info("learning rate: \(baseRate) (\(schedule)), \(trainer.rates.first ?? 0) at first")
    if let rateScale {
      log.info("auto_scale_lr: all learning rates times \(rateScale), for a batch of \(batchSize) images")
    }
    log.info("work directory: \(directory)")
  }
}
