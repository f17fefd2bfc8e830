import Data
import Distribution
import Foundation
import TestSupport
import Testing

@Suite struct RankSumTests {
  /// Numbers whose sum depends on its order.
  private func leaves(_ shards: Int, count: Int) -> [[Float]] {
    var random = SeededGenerator(seed: 7)
    return (0..<shards).map { _ in
      (0..<count).map { _ in
        Float.random(in: -1...1, using: &random) * pow(10, Float.random(in: -6...6, using: &random))
      }
    }
  }

  /// The sums of a rank's subtrees.
  private func parts(_ sum: RankSum, _ leaves: [[Float]]) throws -> [[Float]] {
    try sum.ownNodes.map { node in
      var total = ShardSum<[Float]>.vectors(sum.tree)
      for leaf in node.leaves { try total.add(leaves[leaf], ofShard: leaf) }
      return total.parts[0].value
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 8], [1, 2, 7, 1000])
  func `The sum over ranks has the bits of one process`(ranks: Int, count: Int) throws {
    let tree = try ShardTree(shards: 8)
    let leaves = leaves(8, count: count)
    let wanted = try tree.sum(
      leaves.enumerated().map { (node: ShardTree.Node(level: 0, index: $0.offset), vector: $0.element) })
    let results = try together(LocalCommunicator.group(of: ranks)) { communicator in
      let sum = try RankSum(tree, over: communicator)
      // In two buckets, the second one begun before the first one is received.
      let parts = try parts(sum, leaves)
      let half = count / 2
      let first = try sum.begin(parts.map { Array($0[..<half]) })
      let second = try sum.begin(parts.map { Array($0[half...]) })
      let totals = try [first.total(), second.total()]
      let statistics = try sum.sum(parts.map { $0.map { Double($0) } })
      return (try totals.flatMap { try $0.numbers() }, statistics.count)
    }
    for (total, statistics) in results {
      #expect(total.map(\.bitPattern) == wanted.map(\.bitPattern))
      #expect(statistics == count)
    }
  }

  @Test func `Buckets cover all numbers, the first one of 1 MiB and the others of 25`() {
    #expect(RankSum.buckets(of: 0).isEmpty)
    #expect(RankSum.buckets(of: 5) == [0..<5])
    let buckets = RankSum.buckets(of: 10_000_000)
    #expect(buckets.map(\.count) == [262_144, 6_553_600, 3_184_256])
    #expect(buckets.last?.upperBound == 10_000_000)
  }

  @Test func `More ranks than shards are refused with what would be right`() throws {
    let ranks = LocalCommunicator.group(of: 4)
    #expect { try RankSum(ShardTree(shards: 2), over: ranks[0]) } throws: {
      "\($0)".contains("4 ranks cannot share 2 shards")
    }
  }
}

/// Runs `body` for each rank on a thread of its own.
func together<Result: Sendable>(
  _ ranks: [LocalCommunicator], _ body: @escaping @Sendable (LocalCommunicator) throws -> Result
) throws -> [Result] {
  let results = LocalResults<Result>(count: ranks.count)
  let threads = ranks.map { rank in
    Thread { results.set(rank.rank, Swift.Result { try body(rank) }) }
  }
  for thread in threads { thread.start() }
  return try results.all()
}

/// What the ranks come to.
private final class LocalResults<Value: Sendable>: Sendable {
  private let results: Locked<[Result<Value, any Error>?]>

  init(count: Int) { results = Locked(Array(repeating: nil, count: count)) }

  func set(_ index: Int, _ result: Result<Value, any Error>) { results.change { $0[index] = result } }

  func all() throws -> [Value] {
    try results.wait { $0.allSatisfy { $0 != nil } ? $0.compactMap { $0 } : nil }.map { try $0.get() }
  }
}
