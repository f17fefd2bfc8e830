import Checkpoints
import Distribution
import Files
import Foundation
import Layers
import Tensors

extension Trainer {
  /// The run as it stands.
  ///
  /// - Parameter hook: The hook that saves, in its newest state.
  func checkpoint(savedBy hook: (any Hook)? = nil) throws -> TrainingCheckpoint {
    var memories: [String: HookMemory] = [:]
    for kept in hooks {
      let hook = hook.flatMap { $0.name == kept.name ? $0 : nil } ?? kept
      guard let stateful = hook as? any StatefulHook else { continue }
      let memory = try stateful.memory
      if !memory.isEmpty { memories[hook.name] = memory }
    }
    let live = model.stateDict
    let judged = try validationWeights(asking: hook)
    var state = TrainingState(
      iteration: iteration, epoch: epoch, rates: schedule.rates, seed: settings.seed,
      classes: settings.classes, data: dataIdentity, hooks: memories, machine: .current,
      owesValidation: owesValidation, configuration: settings.configuration)
    state.categoryIDs = loader.dataset.metainfo.categoryIDs
    return TrainingCheckpoint(
      weights: judged ?? live, live: judged == nil ? nil : live, optimizer: optimizer.state, state: state)
  }

  private var dataIdentity: TrainingState.DataIdentity {
    TrainingState.DataIdentity(
      batchSize: settings.batchSize, shards: reduction.tree.shards, images: loader.dataset.count,
      annotations: settings.annotations.isEmpty ? nil : settings.annotations)
  }

  /// Goes on where a checkpoint was written.
  ///
  /// - Parameter isForced: Whether annotations and the number of images may have changed.
  /// - Returns: What was loaded.
  /// - Throws: `CheckpointError` when the file is not one of this run: what differs is said.
  func resume(
    from checkpoint: TrainingCheckpoint, file: String, isForced: Bool = false
  ) throws -> LoadingSummary {
    guard let state = checkpoint.state else {
      throw CheckpointError(
        file: file,
        "holds weights only: training cannot go on from it. To start from its weights, set load_from")
    }
    var differences: [String] = []
    func compare<T: Equatable>(_ what: String, _ before: T, _ now: T) {
      if before != now {
        differences.append("\(what): \("\(before)".printed) in the checkpoint, \("\(now)".printed) now")
      }
    }
    compare("seed", state.seed, settings.seed)
    compare("shards of a step", state.data.shards, dataIdentity.shards)
    compare("batch size", state.data.batchSize, dataIdentity.batchSize)
    compare("classes", state.classes, settings.classes)
    compare("groups of learning rates", state.rates.count, schedule.rates.count)
    guard differences.isEmpty else {
      throw CheckpointError(
        file: file,
        "the run would not go on as it began:" + differences.map { "\n  \($0)" }.joined()
          + (state.data.shards == dataIdentity.shards
            ? ""
            : "\n  To go on, set distribution.shards to \(state.data.shards): any number of threads and processes may share "
              + "them.")
          + "\n  To start anew from its weights, set load_from instead.")
    }
    let changes = dataChanges(since: state.data)
    guard changes.isEmpty || isForced else {
      throw CheckpointError(
        file: file,
        "the data are not those that the run began with:" + changes.map { "\n  \($0)" }.joined()
          + "\n  To go on with them all the same, add --force-resume; to start anew from the checkpoint's weights, set "
          + "load_from instead.")
    }
    for change in changes { log.warning("goes on with other data: \(change)") }
    let summary = try model.load(checkpoint.live ?? checkpoint.weights, file: file)
    try optimizer.restore(checkpoint.optimizer, file: file)
    iteration = state.iteration
    warnOfOtherRates(state.rates)
    schedule.restore(rates: state.rates)
    if let before = state.machine, before != .current {
      log.warning(
        "the run began with kernels \(before.kernels) and OpenBLAS \(before.blas), and goes on with "
          + "\(ComputeFacts.current.kernels) and \(ComputeFacts.current.blas): the last bits may differ from those of a "
          + "run that was not interrupted")
    }
    resumption = Resumption(file: file, isInWorkDirectory: workDirectory?.contains(file) ?? false)
    owesValidation = state.owesValidation && validation != nil
    resumedAverages = checkpoint.live == nil ? nil : checkpoint.weights
    defer { resumedAverages = nil }
    try restoreHooks(state.hooks, file: file)
    return summary
  }

  /// What of the data is not as it was, a sentence each.
  private func dataChanges(since before: TrainingState.DataIdentity) -> [String] {
    let now = dataIdentity
    var changes: [String] = []
    if before.images != now.images {
      changes.append("training images: \(before.images) in the checkpoint, \(now.images) now")
    }
    // Older checkpoints do not say; data may have moved.
    guard let old = before.annotations else { return changes }
    let current = now.annotations ?? []
    for index in 0..<max(old.count, current.count) {
      let pair = [old, current].map { $0.indices.contains(index) ? $0[index] : nil }
      guard pair[0]?.checksum != pair[1]?.checksum else { continue }
      let texts = pair.map { $0.map { "\($0.path.printed) with checksum \($0.checksum)" } ?? "none" }
      changes.append("annotations: \(texts[0]) in the checkpoint, \(texts[1]) now")
    }
    return changes
  }

  /// The checkpoint's rates stay, as in mm; where the config would give others, that is said.
  private func warnOfOtherRates(_ rates: [Double]) {
    // Replaying the schedules is a few operations an iteration.
    guard iteration <= 10_000_000 else { return }
    var replayed = schedule
    for step in stride(from: 1, through: iteration, by: 1) {
      replayed.advance(iteration: step)
      if step.isMultiple(of: iterationsPerEpoch) { replayed.advance(epoch: step / iterationsPerEpoch) }
    }
    let differing = zip(rates, replayed.rates).first { abs($0 - $1) > 1e-9 * max(abs($0), abs($1)) }
    guard let (before, now) = differing else { return }
    log.warning(
      "the learning rate goes on from the checkpoint's, \(before); by the config as it is now it would be \(now). To "
        + "train with the config's rate, start from the checkpoint's weights by load_from, without --resume")
  }

  private func restoreHooks(_ memories: [String: HookMemory], file: String) throws {
    var memories = memories
    for index in hooks.indices {
      guard var hook = hooks[index] as? any StatefulHook, let memory = memories.removeValue(forKey: hook.name)
      else { continue }
      try hook.restore(memory, self, file: file)
      hooks[index] = hook
    }
    for name in memories.keys.sorted() where name != CheckpointHook.recordName {
      log.warning(
        "the checkpoint has a state of the hook '\(name.printed)', which the config does not have: it is left out"
      )
    }
  }
}
