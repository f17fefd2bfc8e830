import Data
import Modeling

extension Trainer {
  /// Tries what a run does before it does it: the first training batch forward and backward, and one validation image
  /// through model and metrics. Nothing is changed: neither weights nor statistics nor random numbers.
  ///
  /// - Throws: What the run would throw at its first step or its first validation.
  func rehearse() throws {
    guard !isDone else { return }
    let samples = try loader.batch(iteration)
    guard !samples.isEmpty else { throw TrainingError("the training data set gave no batch") }
    checkAnnotations(of: samples)
    let terms = try LiveWeights.kept(in: model) { try gradients(of: samples) }
    let fields = [(name: Losses.totalName, value: terms.total)] + terms.terms
    log.info("first batch  " + fields.map { "\($0.name): \(decimal($0.value, 4))" }.joined(separator: "  "))
    try rehearseValidation()
  }

  private func rehearseValidation() throws {
    guard let validation, let sample = try validation.loader.batch(0).first else { return }
    let predictions = try model.evaluated([sample])
    var metrics = try validation.metrics()
    for index in metrics.indices {
      for prediction in predictions { try metrics[index].add(prediction, for: sample) }
      _ = try metrics[index].summary()
    }
  }

  /// Says what of the annotations is nothing to learn from.
  private func checkAnnotations(of samples: [Sample]) {
    for line in loader.dataset.warnings { log.warning(line) }
    let ignored = samples.flatMap { $0.instances?.isIgnored ?? [] }
    if !ignored.isEmpty, !ignored.contains(false) {
      log.warning(
        "first batch: all \(ignored.count) objects are ignored (crowds, or objects without the masks that the pipeline "
          + "loads): there is nothing to learn from them")
    }
    for line in model.warnings(about: samples) { log.warning("first batch: \(line)") }
  }
}
