import Distribution
import Layers
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite("Shards that go side by side")
struct LockstepTests {
  private struct Broken: Error {}

  @Test("take turns in order, and get one sum", arguments: [1, 2, 4, 8])
  func sums(shards: Int) throws {
    let turns = Mutex<[Int]>([])
    var found: [Int: [Double]] = [:]
    try Lockstep(SoleProcess(ShardTree(shards: shards))).run { shard, statistics in
      turns.withLock { $0.append(shard) }
      let first = statistics.sum([Double(shard), 1])
      turns.withLock { $0.append(shard) }
      return first + statistics.sum([first[0]])
    } finished: {
      found[$0] = $1
    }
    let sum = Double(shards * (shards - 1) / 2)
    #expect(turns.withLock { $0 } == Array(0..<shards) + Array(0..<shards))
    #expect(
      found
        == Dictionary(
          uniqueKeysWithValues: (0..<shards).map { ($0, [sum, Double(shards), sum * Double(shards)]) }))
  }

  @Test("end with the first error, and with one when they ask for different sums")
  func failures() throws {
    let lockstep = Lockstep(SoleProcess(try ShardTree(shards: 4)))
    #expect(throws: Broken.self) {
      try lockstep.run { shard, statistics in
        if shard == 2 { throw Broken() }
        return statistics.sum([1]) + statistics.sum([2])
      } finished: { _, _ in
      }
    }
    #expect(throws: Broken.self) {
      try lockstep.run { _, statistics in
        statistics.sum([1])
      } finished: { _, _ in
        throw Broken()
      }
    }
    for lengths in [[1, 1, 2, 1], [1, 1, 1, 0]] {
      #expect(throws: DistributionError.self) {
        try lockstep.run { shard, statistics in
          if lengths[shard] > 0 { _ = statistics.sum([Double](repeating: 0, count: lengths[shard])) }
        } finished: { _, _ in
        }
      }
    }
  }

  /// Runs SyncBN over shards of `x`, which are cut at rows; the loss weighs the result.
  private func shards(
    _ cuts: [Range<Int>], _ x: Tensor, _ norm: BatchNorm2d, weights: Tensor
  ) throws -> (y: [Float], gx: [Float], gw: [[Float]], moved: [[Float]]) {
    var (y, gx): ([Float], [Float]) = ([], [])
    var (gw, moved): ([[Float]], [[Float]]) = ([], [])
    try Lockstep(SoleProcess(ShardTree(shards: cuts.count))).run { shard, statistics in
      let cut = cuts[shard]
      let leaf = x.sliced(axis: 0, from: cut.lowerBound, to: cut.upperBound).withGradient()
      let gradients = GradientCollection(), changes = BufferChanges()
      var step = ForwardMode.Step(seed: 0, step: 0, samples: Array(cut))
      step.statistics = statistics
      let result = gradients.collect {
        changes.collect {
          ForwardMode.training(step) {
            let y = norm(leaf)
            y.backward(from: weights.sliced(axis: 0, from: cut.lowerBound, to: cut.upperBound))
            return y.values
          }
        }
      }
      return (
        result, gradients.take(of: leaf)?.values ?? [],
        norm.parameters.map { gradients.take(of: $0.parameter.value)?.values ?? [] },
        norm.tree.buffers.map { changes.value(of: $0.buffer).values }
      )
    } finished: { _, outcome in
      y += outcome.0
      gx += outcome.1
      gw += [outcome.2.flatMap { $0 }]
      moved += [outcome.3.flatMap { $0 }]
    }
    return (y, gx, gw, moved)
  }

  @Test("SyncBN is batch norm over all shards, also where one has no rows", arguments: [1, 2, 4])
  func synchronized(count: Int) throws {
    let x = Tensor.random([9, 3, 2, 5], in: 2...4, seed: 1)
    let weights = Tensor.random(x.shape, seed: 2)
    let (alone, together) = (BatchNorm2d(5), BatchNorm2d(5, isSynchronized: true))
    for norm in [alone, together] {
      for (place, entry) in norm.parameters.enumerated() {
        entry.parameter.replace(by: .random([5], in: 0.5...1.5, seed: 10 + place))
      }
    }
    let leaf = x.withGradient()
    let y = ForwardMode.training(.init(seed: 0, step: 0, samples: Array(0..<9))) { alone(leaf) }
    y.backward(from: weights)
    let cuts = [1: [0..<9], 2: [0..<4, 4..<9], 4: [0..<2, 2..<2, 2..<7, 7..<9]][count] ?? []
    let found = try shards(cuts, x, together, weights: weights)
    func expectClose(_ a: [Float], _ b: [Float]) {
      #expect(a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= 2e-5 * (1 + abs($1)) })
    }
    expectClose(found.y, y.values)
    expectClose(found.gx, leaf.gradient?.values ?? [])
    let sums = (0..<10).map { place in found.gw.reduce(Float(0)) { $0 + $1[place] } }
    expectClose(sums, alone.parameters.flatMap { $0.parameter.gradient?.values ?? [] })
    for moved in found.moved { expectClose(moved, alone.tree.buffers.flatMap { $0.buffer.value.values }) }
    // The norm itself waits for what is made of the shards.
    #expect(together.tree.buffers.map { $0.buffer.value.values.first } == [0, 1, 0])
    #expect(alone.parameters.allSatisfy { $0.parameter.gradient != nil })
    #expect(together.parameters.allSatisfy { $0.parameter.gradient == nil })
  }

  @Test("the statistics of a map that is counted in several pieces are those of its rows, for any threads")
  func pieces() {
    let (rows, width) = (9000, 40)
    let x = Tensor.random([rows, width], in: -1...3, seed: 6)
    let values = x.values
    func run(_ threads: Int) -> (mean: [Float], variance: [Float], y: [Float]) {
      let before = Threads.count
      defer { Threads.count = before }
      Threads.count = threads
      let found = synchronizedBatchNorm(x, weight: nil, bias: nil, epsilon: 1e-5) { $0 }
      return (found.mean, found.variance, found.y.values)
    }
    let found = run(1)
    for channel in 0..<width {
      let column = stride(from: channel, to: values.count, by: width).map { Double(values[$0]) }
      let mean = column.reduce(0, +) / Double(rows)
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
      #expect(abs(Double(found.mean[channel]) - mean) < 1e-6)
      #expect(abs(Double(found.variance[channel]) - variance) < 1e-6)
    }
    let other = run(3)
    #expect(other.mean == found.mean && other.variance == found.variance && other.y == found.y)
  }

  @Test("SyncBN's derivative is that of its result, by differences")
  func derivative() {
    let inputs = [
      Tensor.random([3, 2, 2, 4], in: 1...3, seed: 3), .random([4], in: 0.5...1.5, seed: 4),
      .random([4], seed: 5),
    ]
    let mismatches = gradientMismatches(at: inputs) { inputs in
      synchronizedBatchNorm(inputs[0], weight: inputs[1], bias: inputs[2], epsilon: 1e-5) { $0 }.y
    }
    #expect(mismatches == [])
  }
}
