import Data
import Foundation
import Modeling
import Tensors

extension Trainer {
  /// Tries what a run does before it does it: the first training batch forward and backward, and one validation image
  /// through model and metrics. Nothing is changed: neither weights nor statistics nor random numbers.
  ///
  /// - Throws: What the run would throw at its first step or its first validation.
  func rehearse() throws {
    guard !isDone else { return }
    let shards = try localShards(of: iteration)
    let samples = shards.flatMap { $0 }
    guard !samples.isEmpty else { throw TrainingError("the training data set gave no batch") }
    checkAnnotations(of: samples)
    let together = runsShardsSideBySide && shards.count > 1 ? shards.count : nil
    if let together {
      log.info(
        "the \(together) shards of this process go side by side (\(sideBySideReason)): their memory is taken at once"
      )
    }
    let losses = try explaining(shards) {
      try LiveWeights.kept(in: model) { try gradients(of: shards) }
    }
    let fields = [(name: Losses.totalName, value: losses.total)] + losses.terms
    if let together { checkMemory(ofShards: together) }
    log.info("first batch  " + fields.map { "\($0.name): \(decimal($0.value, 4))" }.joined(separator: "  "))
    try rehearseValidation()
  }

  /// Why shards go side by side.
  private var sideBySideReason: String {
    model.tree.hasSynchronizedNorms ? "SyncBN" : "distribution.loss_normalizer: global"
  }

  /// Says what to do where shards that go side by side leave little memory.
  private func checkMemory(ofShards count: Int) {
    let (peak, memory) = (TensorMemory.current.peak, ProcessMemory.current)
    guard peak > memory.limit / 4 * 3 else { return }
    log.warning(
      "\(count) shards side by side take \(ProcessMemory.text(peak)) of \(ProcessMemory.text(memory.limit)) "
        + "(\(memory.source)): start more ranks on more machines, which have fewer shards each (mpirun -n "
        + "\(ranks.size * 2)), or set "
        + (model.tree.hasSynchronizedNorms ? "norm_cfg: {type: BN}" : "distribution.loss_normalizer: shard")
        + ", by which they go one after the other")
  }

  /// Says how long the run will take and what it needs, by two more steps that change nothing.
  func estimate() throws {
    guard !isDone else { return }
    let clock = ContinuousClock()
    var (step, data) = (Double.infinity, Double.infinity)
    for _ in 0..<2 {
      let start = clock.now
      let shards = try localShards(of: iteration)
      let loaded = clock.now
      _ = try LiveWeights.kept(in: model) { try gradients(of: shards) }
      step = min(step, (clock.now - loaded) / .seconds(1))
      data = min(data, (loaded - start) / .seconds(1))
    }
    // Workers load while the model computes.
    let seconds =
      loader.workers == 0 ? step + data : max(step, data / Double(min(loader.workers, loader.imagesPerStep)))
    let left = seconds * Double(iterations - iteration)
    log.info(
      "a step takes about \(decimal(seconds, 3)) s (\(decimal(data, 3)) s to load its batch); "
        + "\(grouped(iterations - iteration)) steps without validation: \(duration(seconds: left)), until "
        + "\(Self.date(after: left)); peak memory: \(ProcessMemory.peak >> 20) MB")
  }

  private static func date(after seconds: Double) -> String {
    guard seconds < 1e9 else { return "unknown" }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy/MM/dd HH:mm"
    return formatter.string(from: Date(timeIntervalSinceNow: seconds))
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
