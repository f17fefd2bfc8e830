/// A sum over a `ShardTree` that takes its parts in order and adds two halves as soon as both are there, so that it never
/// holds more than one partial sum a level.
public struct ShardSum<Value> {
  /// The tree.
  public let tree: ShardTree
  /// The sums so far, of the largest subtrees that make up what was added, in order.
  public private(set) var parts: [(node: ShardTree.Node, value: Value)] = []
  private let combine: (inout Value, Value) throws -> Void

  /// A sum over a tree, of nothing yet. `combine` adds the second value to the first, each number of a vector on its
  /// own.
  public init(_ tree: ShardTree, combining combine: @escaping (inout Value, Value) throws -> Void) {
    (self.tree, self.combine) = (tree, combine)
  }

  /// Adds what a shard gave.
  ///
  /// - Throws: As `add(_:of:)`.
  public mutating func add(_ value: Value, ofShard shard: Int) throws {
    try add(value, of: ShardTree.Node(level: 0, index: shard))
  }

  /// Adds the sum of a subtree.
  ///
  /// - Throws: `DistributionError` when it is not of the tree, or does not follow what was added before.
  public mutating func add(_ value: Value, of node: ShardTree.Node) throws {
    guard node.level >= 0, node.index >= 0, node.leaves.upperBound <= tree.shards,
      parts.last.map({ $0.node.leaves.upperBound == node.leaves.lowerBound }) ?? true
    else {
      throw DistributionError(
        "the sum of shards \(node.leaves) does not follow that of "
          + (parts.last.map { "\($0.node.leaves)" } ?? "nothing") + " in a tree of \(tree.shards)")
    }
    var (node, value) = (node, value)
    while !node.isFirstHalf, let (before, _) = parts.last, before.level == node.level {
      // Taken out, so that it is changed in place.
      var first = parts.removeLast().value
      try combine(&first, value)
      (node, value) = (node.parent, first)
    }
    parts.append((node, value))
  }

  /// The sums so far, which are then let go of.
  public mutating func takeParts() -> [Value] {
    defer { parts = [] }
    return parts.map(\.value)
  }

  /// The sum over the whole tree.
  ///
  /// - Throws: `DistributionError` when shards are missing.
  public func total() throws -> Value {
    guard let first = parts.first, first.node == tree.root else {
      let held = parts.map { "\($0.node.leaves)" }.joined(separator: ", ")
      throw DistributionError(
        "shards are missing: of 0..<\(tree.shards) there are \(held.isEmpty ? "none" : held)")
    }
    return first.value
  }
}

extension ShardSum {
  /// A sum of vectors of one length.
  public static func vectors<Element: FloatingPoint>(_ tree: ShardTree) -> ShardSum where Value == [Element] {
    ShardSum(tree) { sum, other in
      guard sum.count == other.count else {
        throw DistributionError("vectors of \(sum.count) and \(other.count) numbers cannot be summed")
      }
      sum.withUnsafeMutableBufferPointer { sum in
        other.withUnsafeBufferPointer { other in
          for place in sum.indices { sum[place] += other[place] }
        }
      }
    }
  }
}
