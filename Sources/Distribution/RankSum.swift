import Tensors

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
  /// Numbers that a thread copies at once.
  static let piece = 1 << 18

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
    return begin(count: count, on: .words, back: .words) { part, range, target in
      parts[part].withUnsafeBytes { bytes in
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range.bytes]))
      }
    }
  }

  /// The same with numbers from anywhere.
  ///
  /// - Parameters:
  ///   - count: Of numbers.
  ///   - channel: Of the parts on their way; `back` is that of the sums. Threads that do not wait for each other have
  ///     channels of their own.
  ///   - copy: Copies a range of the numbers of one of `ownNodes`.
  func begin(
    count: Int, on channel: ExchangeChannel, back: ExchangeChannel,
    copying copy:
      @escaping @Sendable (
        _ part: Int, _ range: Range<Int>, _ target: UnsafeMutableRawBufferPointer
      ) -> Void
  ) -> Bucket {
    let slices = (0..<communicator.size).map { rank in
      rank * count / communicator.size..<(rank + 1) * count / communicator.size
    }
    let size = MemoryLayout<Float>.size
    let own = slices[communicator.rank].count * size
    let outgoing = slices.map { MessageBuffer(count: ownNodes.count * $0.count * size) }
    // Of all messages at once: one thread alone would hold the backward pass up.
    let pieces = zip(slices, outgoing).flatMap { slice, buffer in
      ownNodes.indices.flatMap { part in
        slice.pieces(of: Self.piece).map { range in
          (
            part, range,
            MessageBuffer(range.moved(by: part * slice.count - slice.lowerBound).bytes, of: buffer)
          )
        }
      }
    }
    parallel(pieces.count) { index in
      let (part, range, target) = pieces[index]
      copy(part, range, target.bytes)
    }
    let pending = communicator.exchange(outgoing, receiving: nodes.map { $0.count * own }, on: channel)
    return Bucket(sum: self, slices: slices, back: back, pending: pending)
  }

  /// A bucket under way.
  public struct Bucket: Sendable {
    fileprivate let sum: RankSum
    fileprivate let slices: [Range<Int>]
    fileprivate let back: ExchangeChannel
    fileprivate let pending: PendingExchange

    /// Adds up this rank's slice and begins to give it back to all.
    ///
    /// - Throws: `DistributionError` that names a rank which does not answer.
    public func total() throws -> Total {
      let length = slices[sum.communicator.rank].count * MemoryLayout<Float>.size
      // In place: what has come is this rank's alone.
      var total = ShardSum<MessageBuffer>(sum.tree) { sum, other in sum.add(other) }
      // The ranks' subtrees follow each other.
      for (nodes, buffer) in zip(sum.nodes, try pending.buffers()) {
        for (place, node) in nodes.enumerated() {
          try total.add(MessageBuffer(place * length..<(place + 1) * length, of: buffer), of: node)
        }
      }
      let slice = try total.total()
      let pending = sum.communicator.exchange(
        Array(repeating: slice, count: sum.communicator.size),
        receiving: slices.map { $0.count * MemoryLayout<Float>.size }, on: back)
      return Total(slices: slices, pending: pending)
    }
  }

  /// The sum of a bucket on its way back.
  public struct Total: Sendable {
    fileprivate let slices: [Range<Int>]
    fileprivate let pending: PendingExchange

    /// The sum, the same on all ranks: slices of the bucket one after the other.
    ///
    /// - Throws: `DistributionError` that names a rank which does not answer.
    func parts() throws -> [Part] {
      zip(slices, try pending.buffers()).map { Part(range: $0, buffer: $1) }
    }

    /// The sum, the same on all ranks.
    ///
    /// - Throws: `DistributionError` that names a rank which does not answer.
    public func numbers() throws -> [Float] {
      let length = slices.last?.upperBound ?? 0
      return try [Float](unsafeUninitializedCapacity: length) { target, count in
        for part in try parts() { part.copy(0..<length, to: UnsafeMutableRawBufferPointer(target)) }
        count = length
      }
    }
  }

  /// Some of the numbers of a sum.
  struct Part: Sendable {
    /// Which ones they are.
    let range: Range<Int>
    fileprivate let buffer: MessageBuffer

    /// Copies what lies in `own` to its place in there.
    func copy(_ own: Range<Int>, to target: UnsafeMutableRawBufferPointer) {
      let common = range.clamped(to: own)
      guard !common.isEmpty else { return }
      UnsafeMutableRawBufferPointer(rebasing: target[common.moved(by: -own.lowerBound).bytes]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: buffer.bytes[common.moved(by: -range.lowerBound).bytes]))
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
    let buffer = MessageBuffer(count: own.count * MemoryLayout<Double>.size) { buffer in
      own.withUnsafeBytes { buffer.copyMemory(from: $0) }
    }
    let received = try communicator.exchange(
      Array(repeating: buffer, count: communicator.size),
      receiving: nodes.map { $0.count * count * MemoryLayout<Double>.size }, on: .words
    ).buffers()
    var all: [(node: ShardTree.Node, vector: [Double])] = []
    for (rank, buffer) in received.enumerated() {
      let numbers: [Double] = buffer.numbers(0..<nodes[rank].count * count)
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

extension Range<Int> {
  /// Where float32 numbers of a range lie in memory.
  var bytes: Range<Int> {
    lowerBound * MemoryLayout<Float>.size..<upperBound * MemoryLayout<Float>.size
  }

  /// The same, so many behind.
  func moved(by count: Int) -> Range<Int> { lowerBound + count..<upperBound + count }

  /// Cut into ranges of so many, the last one of what is left.
  func pieces(of length: Int) -> [Range<Int>] {
    stride(from: lowerBound, to: upperBound, by: length).map { $0..<Swift.min(upperBound, $0 + length) }
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
