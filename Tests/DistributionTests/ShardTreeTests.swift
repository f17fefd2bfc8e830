import Distribution
import Testing

@Suite struct ShardTreeTests {
  @Test(arguments: [0, -1, 3, 6, 12, 1 << 17, Int.max, Int.min])
  func `A number of shards that is no power of two is refused with what would be right`(count: Int) {
    #expect { try ShardTree(shards: count) } throws: { "\($0)".contains("a power of two") }
  }

  @Test func `Subtrees cover a range by the largest aligned nodes`() throws {
    let tree = try ShardTree(shards: 8)
    let cases: [(Range<Int>, [Range<Int>])] = [
      (0..<8, [0..<8]), (0..<3, [0..<2, 2..<3]), (3..<8, [3..<4, 4..<8]),
      (1..<7, [1..<2, 2..<4, 4..<6, 6..<7]),
      (4..<4, []), (5..<6, [5..<6]),
    ]
    for (leaves, wanted) in cases { #expect(tree.completeSubtrees(of: leaves).map(\.leaves) == wanted) }
  }

  @Test(arguments: 1...8)
  func `Ranks take all shards once, in order, as evenly as can be`(ranks: Int) throws {
    let tree = try ShardTree(shards: 8)
    let parts = try (0..<ranks).map { try tree.leaves(ofRank: $0, of: ranks) }
    #expect(parts.flatMap { Array($0) } == Array(0..<8))
    #expect(parts.allSatisfy { (8 / ranks...(8 + ranks - 1) / ranks).contains($0.count) })
  }

  @Test func `More ranks than shards, and ranks that are not there, are errors`() throws {
    let tree = try ShardTree(shards: 4)
    for (rank, ranks) in [(0, 5), (4, 4), (-1, 2), (0, 0)] {
      #expect(throws: DistributionError.self) { try tree.leaves(ofRank: rank, of: ranks) }
    }
  }

  @Test func `The sum is the tree's by hand`() throws {
    let x: [Float] = [1e8, 1, -1e8, 1, 0.1, 0.2, 0.3, 0.4]
    let wanted = ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]))
    let tree = try ShardTree(shards: 8)
    let leaves = x.indices.map { (node: ShardTree.Node(level: 0, index: $0), vector: [x[$0]]) }
    #expect(try tree.sum(leaves) == [wanted])
    #expect(try tree.sum(leaves.reversed()) == [wanted])
    #expect(wanted != x.reduce(0, +))
  }

  @Test(arguments: 1...8)
  func `Ranks that add their own subtrees get the bits of one process`(ranks: Int) throws {
    let tree = try ShardTree(shards: 8)
    let vectors = (0..<8).map { shard -> [Float] in
      let scale: Float = shard == 2 ? -1e5 : 1
      return (0..<5).map { scale / Float(3 + 7 * shard + $0 * $0) }
    }
    var alone = ShardSum<[Float]>.vectors(tree)
    for shard in 0..<8 {
      try alone.add(vectors[shard], ofShard: shard)
      #expect(alone.parts.count <= 3)
    }
    var parts: [(node: ShardTree.Node, vector: [Float])] = []
    for rank in 0..<ranks {
      let leaves = try tree.leaves(ofRank: rank, of: ranks)
      var own = ShardSum<[Float]>.vectors(tree)
      for shard in leaves { try own.add(vectors[shard], ofShard: shard) }
      #expect(own.parts.map(\.node) == tree.completeSubtrees(of: leaves))
      parts += own.parts.map { ($0.node, $0.value) }
    }
    #expect(try tree.sum(parts) == alone.total())
    let slice = try tree.sum(parts.map { ($0.node, Array($0.vector[1..<3])) })
    #expect(try slice == Array(alone.total()[1..<3]))
  }

  @Test func `Parts that do not make up the tree are errors`() throws {
    let tree = try ShardTree(shards: 4)
    let leaf = { ShardTree.Node(level: 0, index: $0) }
    for indices in [[], [0], [0, 1, 3], [1, 2, 3], [0, 0, 1, 2], [0, 1, 2, 3, 4]] {
      #expect(throws: DistributionError.self) { try tree.sum(indices.map { (leaf($0), [Double(1)]) }) }
    }
    #expect(throws: DistributionError.self) {
      try tree.sum([
        (ShardTree.Node(level: 1, index: 0), [Float(1)]), (ShardTree.Node(level: 1, index: 1), [1, 2]),
      ])
    }
  }
}
