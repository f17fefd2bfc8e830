import Data
import Distribution
import Layers
import Modeling
import Tensors

/// What the losses of a step came to.
struct StepLosses {
  var terms: [(name: String, value: Double)]
  var total: Double
}

/// What one shard of a step came to.
private struct ShardOutcome {
  var losses: StepLosses
  /// The numbers of each buffer as the shard leaves them.
  var buffers: [Tensor?]
  /// How far each counter went on.
  var counted: [Double]
}

extension Trainer {
  /// The shards of a step that this process runs.
  func localShards(of iteration: Int) throws -> [[Sample]] {
    try loader.step(iteration, shards: reduction.local)
  }

  /// Runs the model forward and backward over the shards of a step; its graphs are gone when this returns, so that weights
  /// change in place.
  ///
  /// The gradient is the mean of the shards', each of which is that of its own losses, summed in the fixed tree; so are
  /// losses and running statistics, for which every shard begins with those before the step. Shards run one after the other,
  /// or side by side where norms take the statistics of all, or losses their counts.
  ///
  /// - Parameters:
  ///   - shards: The samples of this process' shards.
  ///   - divisor: What the loss is divided by, so that the gradients of several steps are those of their mean.
  /// - Throws: `NonFiniteStep` for a loss that is not finite; errors of the model.
  func gradients(of shards: [[Sample]], dividedBy divisor: Int = 1) throws -> StepLosses {
    guard reduction.tree.shards > 1 else {
      let samples = shards.first ?? []
      return try runBackward(samples, mode(for: samples), dividedBy: divisor)
    }
    let tree = model.tree
    let parameters = tree.parameters.map(\.parameter).filter { !$0.isFrozen }
    let buffers = tree.buffers.map(\.buffer)
    let moving = buffers.filter { !$0.isInteger }
    let counters = buffers.filter { $0.count != nil }
    let local = reduction.local
    let gradients = try GradientSums(of: parameters, by: reduction)

    func run(_ shard: Int, _ statistics: (any StatisticsReducer)?) throws -> ShardOutcome {
      let samples = shards[shard - local.lowerBound]
      let changes = BufferChanges()
      let losses = try gradients.collect(ofShard: shard) {
        try changes.collect {
          try runBackward(samples, mode(for: samples, statistics), dividedBy: divisor)
        }
      }
      return ShardOutcome(
        losses: losses,
        buffers: moving.map { changes.value(of: $0) },
        counted: counters.map { Double(changes.growth(of: $0)) })
    }

    var running = ShardSum<[Tensor?]>.tensors(reduction.tree)
    var figures = ShardSum<[Double]>.vectors(reduction.tree)
    var names: [String] = []
    func add(_ shard: Int, _ outcome: ShardOutcome) throws {
      try running.add(outcome.buffers, ofShard: shard)
      let terms = outcome.losses.terms
      if shard == local.lowerBound { names = terms.map(\.name) }
      // A figure that a shard lacks counts as zero.
      let values = names.map { name in terms.first { $0.name == name }?.value ?? 0 }
      try figures.add(
        gradients.presence(ofShard: shard) + outcome.counted + [outcome.losses.total] + values,
        ofShard: shard)
    }
    if runsShardsSideBySide {
      try Lockstep(reduction).run(run, finished: add)
    } else {
      for shard in local { try add(shard, run(shard, nil)) }
    }

    let share = 1 / Double(reduction.tree.shards)
    let all = try reduction.total(of: figures)
    let (presence, means) = (all.prefix(parameters.count), all.dropFirst(parameters.count).map { $0 * share })
    let statistics = try reduction.total(of: running)
    var sums = try gradients.totals()
    for (place, parameter) in parameters.enumerated() {
      guard presence[place] > 0, var mean = sums[place].take() else { continue }
      mean.scale(by: Float(share))
      if var before = parameter.gradient {
        // Let go of first, so that it is changed in place.
        parameter.gradient = nil
        before.add(mean)
        mean = before
      }
      parameter.gradient = mean
    }
    for (buffer, sum) in zip(moving, statistics) {
      guard var mean = sum else { continue }
      mean.scale(by: Float(share))
      buffer.value = mean
    }
    for (buffer, mean) in zip(counters, means) {
      buffer.count = buffer.count.map { $0 < .max - Int(mean) ? $0 + Int(mean) : $0 }
    }
    return StepLosses(
      terms: zip(names, means.dropFirst(counters.count + 1)).map { ($0, $1) }, total: means[counters.count])
  }

  /// Whether the shards of this process go forward together, so that what all of them compute is in memory at once.
  var runsShardsSideBySide: Bool { model.tree.hasSynchronizedNorms || settings.normalizer == .global }

  private func mode(
    for samples: [Sample], _ statistics: (any StatisticsReducer)? = nil
  ) -> ForwardMode.Step {
    var step = ForwardMode.Step(seed: settings.seed, step: iteration, samples: samples.map(\.number))
    step.statistics = statistics
    step.computesDroppedBranches = computesDroppedBranches
    step.counts = settings.normalizer == .global ? statistics : nil
    return step
  }

  /// Runs the model forward and backward over one batch.
  private func runBackward(
    _ samples: [Sample], _ step: ForwardMode.Step, dividedBy divisor: Int
  ) throws -> StepLosses {
    try ForwardMode.training(step) {
      let start = ContinuousClock.now
      let losses = try model.losses(samples)
      let terms = losses.loggedTerms.map { (name: $0.name, value: Double($0.value.scalar)) }
      if let bad = losses.terms.first(where: { $0.isMinimized && !$0.value.scalar.isFinite }) {
        throw NonFiniteStep(what: "\(bad.name) is \(bad.value.scalar)")
      }
      let total = losses.total
      guard total.scalar.isFinite else {
        throw NonFiniteStep(what: "the sum of the losses is \(total.scalar)")
      }
      let computed = ContinuousClock.now
      (divisor == 1 ? total : total * Tensor(1 / Float(divisor))).backward()
      // Shards side by side wait for each other: their times are not their own.
      if step.statistics == nil {
        stages.forward += (computed - start) / .seconds(1)
        stages.backward += (ContinuousClock.now - computed) / .seconds(1)
      }
      return StepLosses(terms: terms, total: Double(total.scalar))
    }
  }
}
