import Layers

/// What a run really is, whatever the config left to be worked out: the lines of a log behind those of `RunFacts`.
struct RunReport {
  var classes: [String]
  var trainingImages: Int
  /// Nil without validation.
  var validationImages: Int?
  var batchSize: Int
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
      "batch: \(batchSize) images; \(grouped(trainer.iterations)) iterations, "
        + "\(decimal(passes, 1)) passes over the data")
    log.info("learning rate: \(baseRate) (\(schedule)), \(trainer.rates.first ?? 0) at first")
    log.info("work directory: \(directory)")
  }
}
