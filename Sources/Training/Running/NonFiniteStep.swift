import Checkpoints
import Data
import Files
import Imaging
import Layers
import Modeling
import Tensors

/// What of a step is not finite: a loss, or a gradient.
struct NonFiniteStep: Error {
  /// «loss_rpn_cls is nan»
  let what: String
}

extension Trainer {
  /// Runs a step of a batch; where something in it is not finite, the error says what, where it began and of which images,
  /// and the batch is saved for replay.
  func explaining<T>(_ shards: [[Sample]], dividedBy divisor: Int = 1, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let fault as NonFiniteStep {
      var sentences = ["iteration \(iteration + 1) of \(iterations): \(fault.what)."]
      if let origin = origin(of: shards, dividedBy: divisor) { sentences.append("\(origin).") }
      let samples = shards.flatMap { $0 }
      sentences.append("Images of the batch: " + listed(samples.map(\.imagePath), limit: 32))
      if let file = saveForReplay(samples) {
        sentences[sentences.count - 1] +=
          ". To run this step once more: dense train --replay \(file.quotedForShell)"
      }
      throw TrainingError(sentences.joined(separator: " "))
    }
  }

  /// Where the first number came up that is not finite: the step runs once more, and changes nothing.
  private func origin(of shards: [[Sample]], dividedBy divisor: Int) -> String? {
    let parameters = model.parameters
    if let bad = parameters.first(where: { !$0.parameter.value.values.allSatisfy(\.isFinite) }) {
      return "The weight '\(bad.name)' is not finite already"
    }
    let names = Dictionary(
      parameters.compactMap { entry in entry.parameter.value.leafNumber.map { ($0, entry.name) } }
    ) { first, _ in first }
    let finding = LiveWeights.kept(in: model) {
      FiniteProbe.look { try gradients(of: shards, dividedBy: divisor) }.finding
    }
    guard let finding else { return nil }
    let layers = finding.weights.compactMap { names[$0] }.map { name in
      name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
    }
    let place = layers.first.map { " in or behind the layer '\($0)'" } ?? ""
    return finding.isGiven
      ? "The first result that is not finite: \(finding.operation)\(place), of an input that is not finite"
      : "The first result that is not finite: \(finding.operation)\(place)"
  }

  private static let batchPrefix = "replay/", countName = "replay/count"

  /// Writes weights and batch of the step at hand beside the checkpoints.
  ///
  /// - Returns: The file; nil where nothing is written.
  private func saveForReplay(_ samples: [Sample]) -> String? {
    guard let workDirectory else { return nil }
    var batch = [Self.countName: StoredTensor(integers: [samples.count], shape: [1])]
    for (number, sample) in samples.enumerated() {
      if let image = sample.image {
        batch["\(Self.batchPrefix)\(number)/image"] = StoredTensor(
          type: .uint8, shape: [image.height, image.width, image.channels], bytes: image.pixels)
      }
      if let map = sample.labelMap {
        batch["\(Self.batchPrefix)\(number)/label_map"] = StoredTensor(
          type: .int32, shape: [map.height, map.width], bytes: map.pixels.withUnsafeBytes { Array($0) })
      }
    }
    let file = "\(workDirectory.path)/replay_iter_\(iteration + 1).safetensors"
    do {
      var step = try checkpoint()
      (step.weights, step.live, step.optimizer) = (model.stateDict, nil, batch)
      step.state?.hooks = [:]
      try step.write(to: file)
      return file
    } catch {
      log.warning("the batch cannot be saved for replay: \(error)")
      return nil
    }
  }

  /// Runs a step that was saved once more and says what it comes to; nothing is changed or written.
  ///
  /// - Throws: `TrainingError` where it is not finite again, or the data set has other samples now; `CheckpointError` for
  ///   a file that is not of such a step.
  func replay(_ checkpoint: TrainingCheckpoint, file: String) throws {
    let saved = checkpoint.optimizer.filter { $0.key.hasPrefix(Self.batchPrefix) }
    guard let state = checkpoint.state, let count = saved[Self.countName]?.tensor.values.first else {
      throw CheckpointError(file: file, "holds no step to replay; a run writes one when a loss is not finite")
    }
    try model.load(checkpoint.weights, file: file)
    iteration = state.iteration
    guard !isDone else {
      throw CheckpointError(
        file: file,
        "is of iteration \(iteration + 1), and the config has \(iterations): take the config it was written by"
      )
    }
    let shards = try localShards(of: iteration)
    var samples = shards.flatMap { $0 }
    guard samples.count == Int(exactly: count) else {
      throw CheckpointError(
        file: file,
        "is of a batch of \(Int(exactly: count) ?? 0) images, and the config makes one of \(samples.count)")
    }
    for index in samples.indices {
      if let image = saved["\(Self.batchPrefix)\(index)/image"], image.type == .uint8, image.shape.count == 3
      {
        guard samples[index].image.map({ [$0.height, $0.width, $0.channels] }) == image.shape else {
          throw TrainingError(
            "\(samples[index].imagePath): is not the image of the saved batch any more: other data, or another pipeline"
          )
        }
        samples[index].image?.pixels = image.bytes
      }
      if let map = saved["\(Self.batchPrefix)\(index)/label_map"], map.type == .int32,
        samples[index].labelMap.map({ [$0.height, $0.width] }) == map.shape
      {
        samples[index].labelMap?.pixels = map.bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
      }
    }
    var rest = samples[...]
    let batch = shards.map { shard in
      defer { rest = rest.dropFirst(shard.count) }
      return Array(rest.prefix(shard.count))
    }
    let divisor = optimizer.lossDivisor(of: iteration, in: iterations)
    let losses = try explaining(batch, dividedBy: divisor) {
      try LiveWeights.kept(in: model) {
        let losses = try gradients(of: batch, dividedBy: divisor)
        for (name, parameter) in model.parameters {
          guard let gradient = parameter.gradient, !gradient.values.allSatisfy(\.isFinite) else { continue }
          throw NonFiniteStep(what: "the gradient of '\(name)' is not finite")
        }
        return losses
      }
    }
    let fields = losses.terms.map { "\($0.name): \(decimal($0.value, 4))" }
    log.info(
      "iteration \(iteration + 1) once more  loss: \(decimal(losses.total, 4))  "
        + fields.joined(separator: "  ")
        + "  (losses and gradients are finite)")
  }
}
