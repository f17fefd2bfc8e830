import Distribution
import Foundation
import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// Measures what the way between ranks gives.
public struct RankBenchmark {
  private let ranks: any Communicator

  /// A measurement over these ranks.
  public init(_ ranks: any Communicator) { self.ranks = ranks }

  /// What was measured.
  public struct Report: Encodable, Sendable {
    /// How many ranks there are, and the megabytes summed over them.
    public var ranks, megabytes: Int
    /// Of an exchange of a few bytes, the median.
    public var latencySeconds: Double
    /// Of a sum of all numbers, the median.
    public var sumSeconds: Double
    /// What this process computes for a sum, with all of its threads and in the system: the mean.
    public var processorSeconds: Double
    /// What each rank sends for a sum; 2 (n - 1) / n of the numbers is the least possible.
    public var sentBytes: Int
    /// Whether the sum has the bits of one process.
    public var hasBitsOfOne: Bool

    enum CodingKeys: String, CodingKey {
      case ranks, megabytes
      case latencySeconds = "latency_seconds"
      case sumSeconds = "sum_seconds"
      case processorSeconds = "processor_seconds"
      case sentBytes = "sent_bytes"
      case hasBitsOfOne = "bits_of_one_process"
    }

    /// For people, a few lines.
    public var text: String {
      func rounded(_ value: Double, _ scale: Double) -> Double { (value * scale).rounded() / scale }
      return """
        \(ranks) ranks; an exchange of a few bytes: \(rounded(latencySeconds * 1e6, 10)) us
        the sum of \(megabytes) MB: \(rounded(sumSeconds, 1e4)) s; each rank sends \(sentBytes) bytes, \
        \(rounded(Double(sentBytes) / max(sumSeconds, 1e-9) / 1e6, 10)) MB/s
        \(rounded(processorSeconds, 1e4)) s of a core a rank and sum
        the sum has \(hasBitsOfOne ? "the bits of one process" : "OTHER bits than one process gives")
        """
    }
  }

  /// Exchanges a few bytes, and sums numbers as a step's gradients are.
  ///
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public func run(megabytes: Int, rounds: Int) throws -> Report {
    let clock = ContinuousClock()
    func seconds(_ body: () throws -> Void) rethrows -> Double {
      let start = clock.now
      try body()
      return (clock.now - start) / .seconds(1)
    }
    let latencies = try (0..<max(20, rounds)).map { _ in try seconds { try ranks.meet() } }
    var shards = 1
    while shards < ranks.size { shards *= 2 }
    let tree = try ShardTree(shards: shards)
    let reduction = try RankReduction(tree, over: ranks)
    let nodes = tree.completeSubtrees(of: reduction.local)
    let count = megabytes * 250_000
    // Tensors of a million numbers, one after the other as in a backward pass.
    let cuts = Array(stride(from: 0, to: count, by: 1 << 20)) + [count]
    let ranges = zip(cuts, cuts.dropFirst()).map { $0..<$1 }
    let parts = try nodes.map { node in
      let numbers = try Self.numbers(of: node, count: count, in: tree)
      return ranges.map { Tensor(numbers[$0], shape: [$0.count]) }
    }
    var total: [Tensor?] = []
    var used = 0.0
    let sums = try (0..<rounds).map { _ in
      try ranks.meet()
      let before = Self.processorSeconds
      defer { used += Self.processorSeconds - before }
      return try seconds {
        var sum = try reduction.begin(ranges.map { [$0.count] })
        for place in ranges.indices.reversed() { try sum.add(parts.map { $0[place] }, at: place) }
        total = try sum.totals()
      }
    }
    let wanted = try Self.numbers(of: tree.root, count: count, in: tree)
    let isEqual = zip(ranges, total).allSatisfy { range, tensor in
      tensor?.values.elementsEqual(wanted[range]) { $0.bitPattern == $1.bitPattern } ?? false
    }
    let areEqual = try ranks.gather(isEqual ? 1 : 0).allSatisfy { $0 == 1 }
    let others = ranks.size - 1
    let sent = others * (nodes.count + 1) * count / ranks.size * MemoryLayout<Float>.size
    return Report(
      ranks: ranks.size, megabytes: megabytes, latencySeconds: latencies.sorted()[latencies.count / 2],
      sumSeconds: sums.sorted()[sums.count / 2], processorSeconds: used / Double(rounds), sentBytes: sent,
      hasBitsOfOne: areEqual)
  }

  /// What this process has computed so far.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The sums of a subtree's leaves, whose bits depend on their order.
  private static func numbers(of node: ShardTree.Node, count: Int, in tree: ShardTree) throws -> [Float] {
    guard node.level == 0 else {
      let halves = [2 * node.index, 2 * node.index + 1].map {
        ShardTree.Node(level: node.level - 1, index: $0)
      }
      let first = try numbers(of: halves[0], count: count, in: tree)
      let second = try numbers(of: halves[1], count: count, in: tree)
      return zip(first, second).map { $0 + $1 }
    }
    var state = UInt32(truncatingIfNeeded: node.index &* 2_654_435_761 | 1)
    return (0..<count).map { _ in
      state ^= state << 13
      state ^= state >> 17
      state ^= state << 5
      return Float(Int32(bitPattern: state)) * 1e-9
    }
  }
}
