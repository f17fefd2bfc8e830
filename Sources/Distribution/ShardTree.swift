/// The fixed binary tree in which what a step's shards give is summed: leaves `0 ..< shards` in order, their number a
/// power of two.
///
/// A sum of floating-point numbers depends on its order. This one is the tree's whoever adds: one process adds all of it,
/// several add the complete subtrees of their own shards and then what is above them, and both get the same bits.
public struct ShardTree: Sendable, Equatable {
  /// More shards are refused.
  public static let mostShards = 1 << 16

  /// The number of leaves.
  public let shards: Int

  /// A subtree, by its place: `level` 0 holds single leaves, each level above it pairs of nodes below.
  public struct Node: Hashable, Sendable {
    /// Steps above the leaves.
    public let level: Int
    /// From 0, in order, among the nodes of the level.
    public let index: Int

    /// A place in the tree.
    public init(level: Int, index: Int) { (self.level, self.index) = (level, index) }

    /// The shards below it.
    public var leaves: Range<Int> { index << level..<(index + 1) << level }
    /// The node of which this is a half.
    public var parent: Node { Node(level: level + 1, index: index / 2) }
    /// Whether its parent is the sum of this one and the one behind it, in this order.
    public var isFirstHalf: Bool { index.isMultiple(of: 2) }
  }

  /// A tree over so many shards.
  ///
  /// - Throws: `DistributionError` when that is not a power of two in `1 ... mostShards`.
  public init(shards: Int) throws {
    guard (1...Self.mostShards).contains(shards), shards.nonzeroBitCount == 1 else {
      throw DistributionError(
        "\(shards) shards make no tree: a power of two in 1...\(Self.mostShards) is wanted"
          + (Self.powerOfTwo(near: shards).map { ", such as \($0)" } ?? ""))
    }
    self.shards = shards
  }

  private static func powerOfTwo(near count: Int) -> Int? {
    guard (1...mostShards).contains(count) else { return nil }
    return 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
  }

  /// The tree of a step of one shard.
  public static let single = ShardTree()

  private init() { shards = 1 }

  /// The whole tree.
  public var root: Node { Node(level: shards.trailingZeroBitCount, index: 0) }

  /// The shards of a rank: contiguous, and as even as can be.
  ///
  /// - Throws: `DistributionError` when there are more ranks than shards, or no such rank.
  public func leaves(ofRank rank: Int, of ranks: Int) throws -> Range<Int> {
    guard ranks >= 1, ranks <= shards else {
      throw DistributionError(
        "\(ranks) ranks cannot share \(shards) shards: start \(shards) or fewer, or set distribution.shards to more"
      )
    }
    guard (0..<ranks).contains(rank) else { throw DistributionError("rank \(rank) is not in 0..<\(ranks)") }
    return rank * shards / ranks..<(rank + 1) * shards / ranks
  }

  /// The largest subtrees that make up a range of shards, in order: what can be summed without any other shard.
  public func completeSubtrees(of leaves: Range<Int>) -> [Node] {
    var nodes: [Node] = []
    var leaf = max(0, leaves.lowerBound)
    let end = min(shards, leaves.upperBound)
    while leaf < end {
      var node = Node(level: 0, index: leaf)
      while node.isFirstHalf, node.level < root.level, node.parent.leaves.upperBound <= end {
        node = node.parent
      }
      nodes.append(node)
      leaf = node.leaves.upperBound
    }
    return nodes
  }

  /// The sum of vectors that belong to subtrees which make up the whole tree, in the tree's order.
  ///
  /// Each number is summed on its own: slices of the vectors sum to the slice of their sum.
  ///
  /// - Parameter parts: In any order; vectors of one length.
  /// - Throws: `DistributionError` when they do not make up the tree.
  public func sum(_ parts: [(node: Node, vector: [Float])]) throws -> [Float] {
    try total(of: parts) { ShardSum.vectors(self) }
  }

  /// The same for statistics.
  public func sum(_ parts: [(node: Node, vector: [Double])]) throws -> [Double] {
    try total(of: parts) { ShardSum.vectors(self) }
  }

  private func total<Element>(
    of parts: [(node: Node, vector: [Element])], _ sum: () -> ShardSum<[Element]>
  ) throws -> [Element] {
    guard Set(parts.map(\.vector.count)).count <= 1 else {
      throw DistributionError("vectors of different lengths cannot be summed")
    }
    var sum = sum()
    for part in parts.sorted(by: { $0.node.leaves.lowerBound < $1.node.leaves.lowerBound }) {
      try sum.add(part.vector, of: part.node)
    }
    return try sum.total()
  }
}
