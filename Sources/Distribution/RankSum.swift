/// Sums over the shards of all ranks, in the tree's order: the bits of one process, whatever the number of ranks, and
/// whatever the size of buckets and messages.
///
/// Each rank gives the sums of its largest complete subtrees. Of a bucket of numbers each rank owns a slice: it receives
/// that slice of every subtree's sum, adds them up in the tree, and gives the slice of the whole back to all. So
/// 2 (n - 1) / n times the numbers are sent, the least possible, where each rank has one subtree.
public struct RankSum: Sendable {
  /// The tree of the shards.
  public let tree: ShardTree
  private let communicator: any Communicator
  /// The subtrees of each rank.
  private let nodes: [[ShardTree.Node]]

  /// Numbers of the first bucket, and of the others: 1 and 25 MiB, as is usual. The first one is small, so that
  /// something is under way soon.
  static let firstBucket = (1 << 20) / 4, bucket = (25 << 20) / 4

  /// A sum over the ranks of a communicator.
  ///
  /// - Throws: `DistributionError` when there are more ranks than shards.
  public init(_ tree: ShardTree, over communicator: any Communicator) throws {
    (self.tree, self.communicator) = (tree, communicator)
    nodes = try (0..<communicator.size).map {
      tree.completeSubtrees(of: try tree.leaves(ofRank: $0, of: communicator.size))
    }
  }

  /// The subtrees whose sums this rank gives, in order.
  public var ownNodes: [ShardTree.Node] { nodes[communicator.rank] }

  /// Cuts numbers into buckets.
  public static func buckets(of count: Int) -> [Range<Int>] {
    var buckets: [Range<Int>] = []
    var start = 0
    while start < count {
      let end = min(count, start + (buckets.isEmpty ? firstBucket : bucket))
      buckets.append(start..<end)
      start = end
    }
    return buckets
  }

  /// The same from the last number on, as a backward pass has them ready.
  static func reverseBuckets(of count: Int) -> [Range<Int>] {
    buckets(of: count).map { count - $0.upperBound..<count - $0.lowerBound }
  }

  /// Begins to sum a bucket: the first half of the way goes on by itself, the second one behind `total`.
  ///
  /// - Parameter parts: The sums of `ownNodes`, of one length on all ranks.
  public func begin(_ parts: [[Float]]) throws -> Bucket {
    guard parts.count == ownNodes.count, let count = parts.first?.count,
      parts.allSatisfy({ $0.count == count })
    else {
      throw DistributionError("\(parts.count) sums of \(ownNodes.count) subtrees, or of different lengths")
    }
    let slices = (0..<communicator.size).map { rank in
      rank * count / communicator.size..<(rank + 1) * count / communicator.size
    }
    let own = slices[communicator.rank]
    let pending = communicator.exchange(
      slices.map { slice in parts.flatMap { bytes(of: $0[slice]) } },
      receiving: nodes.map { $0.count * own.count * MemoryLayout<Float>.size }, on: .parts)
    return Bucket(sum: self, slices: slices, pending: pending)
  }

  /// A bucket under way.
  public struct Bucket: Sendable {
    fileprivate let sum: RankSum
    fileprivate let slices: [Range<Int>]
    fileprivate let pending: PendingExchange

    /// Adds up this rank's slice and begins to give it back to all.
    ///
    /// - Throws: `DistributionError` that names a rank which does not answer.
    public func total() throws -> Total {
      let received = try pending.received()
      let count = slices[sum.communicator.rank].count
      var parts: [(node: ShardTree.Node, vector: [Float])] = []
      for (nodes, bytes) in zip(sum.nodes, received) {
        let numbers: [Float] = numbers(of: bytes)
        for (place, node) in nodes.enumerated() {
          parts.append((node, Array(numbers[place * count..<(place + 1) * count])))
        }
      }
      let slice = try bytes(of: sum.tree.sum(parts)[...])
      let pending = sum.communicator.exchange(
        Array(repeating: slice, count: sum.communicator.size),
        receiving: slices.map { $0.count * MemoryLayout<Float>.size }, on: .totals)
      return Total(pending: pending)
    }
  }

  /// The sum of a bucket on its way back.
  public struct Total: Sendable {
    fileprivate let pending: PendingExchange

    /// The sum, the same on all ranks.
    ///
    /// - Throws: `DistributionError` that names a rank which does not answer.
    public func numbers() throws -> [Float] {
      try pending.received().flatMap { Distribution.numbers(of: $0) }
    }
  }

  /// Sums a few numbers of double precision, such as statistics and losses, all at once.
  ///
  /// - Parameter parts: The sums of `ownNodes`, of one length on all ranks.
  /// - Returns: The sum, the same on all ranks.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public func sum(_ parts: [[Double]]) throws -> [Double] {
    // Their number goes in front: a rank that gives others is named, not waited for.
    let count = (parts.first?.count ?? 0) + 1
    let own = parts.flatMap { [Double(count)] + $0 }
    let received = try communicator.exchange(
      Array(repeating: bytes(of: own[...]), count: communicator.size),
      receiving: nodes.map { $0.count * count * MemoryLayout<Double>.size }
    ).received()
    var all: [(node: ShardTree.Node, vector: [Double])] = []
    for (rank, bytes) in received.enumerated() {
      let numbers: [Double] = numbers(of: bytes)
      for (place, node) in nodes[rank].enumerated() {
        let part = numbers[place * count..<(place + 1) * count]
        guard part.first == Double(count) else {
          throw DistributionError("\(communicator.name(of: rank)) sums other statistics than this one")
        }
        all.append((node, Array(part.dropFirst())))
      }
    }
    return try tree.sum(all)
  }
}

/// Numbers as they lie in memory: all ranks run the same program on processors of one byte order.
private func bytes<Number: BitwiseCopyable>(of numbers: ArraySlice<Number>) -> [UInt8] {
  numbers.withUnsafeBytes { Array($0) }
}

private func numbers<Number: BitwiseCopyable>(of bytes: [UInt8]) -> [Number] {
  bytes.withUnsafeBytes { bytes in
    [Number](unsafeUninitializedCapacity: bytes.count / MemoryLayout<Number>.size) { target, count in
      count = target.count
      UnsafeMutableRawBufferPointer(target).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[..<(count * MemoryLayout<Number>.size)]))
    }
  }
}

extension RankSum {
  /// Sums vectors bucket by bucket, the last numbers first, as a backward pass has them ready.
  ///
  /// - Parameter parts: The sums of `ownNodes`, of one length on all ranks.
  /// - Returns: The sum, the same on all ranks.
  /// - Throws: `DistributionError` that names a rank which does not answer.
  public func total(_ parts: [[Float]]) throws -> [Float] {
    let buckets = try Self.reverseBuckets(of: parts.first?.count ?? 0).map { range in
      try begin(parts.map { Array($0[range]) })
    }
    let totals = try buckets.map { try $0.total() }
    return try totals.reversed().flatMap { try $0.numbers() }
  }
}
