import Tensors

/// Which shards of a step this process runs, and how what all of them gave is summed.
///
/// A process hands over the sums of the largest subtrees that its own shards make up (`ShardSum.parts`), and gets the sum
/// of the whole tree, the same bits in all processes. All processes ask for the same sums in the same order. With one
/// process they are its own; with several, each adds some places of the vectors for all, in the tree's order.
public protocol StepReduction: Sendable {
  /// The tree over the shards of a step.
  var tree: ShardTree { get }
  /// The shards of this process.
  var local: Range<Int> { get }

  /// The sum of tensors, such as gradients. A tensor that is nil stands for zeros, unless it is nil in all shards: then
  /// the sum is nil.
  ///
  /// - Parameter sum: By `ShardSum.tensors`; the shapes are those of all other processes.
  func total(of sum: ShardSum<[Tensor?]>) throws -> [Tensor?]

  /// The sum of statistics and figures.
  ///
  /// - Parameter sum: By `ShardSum.vectors`.
  func total(of sum: ShardSum<[Double]>) throws -> [Double]
}

/// One process that runs all shards itself.
public struct SoleProcess: StepReduction {
  /// The tree over its shards.
  public let tree: ShardTree
  /// All of them.
  public var local: Range<Int> { 0..<tree.shards }

  /// A process alone with so many shards.
  public init(_ tree: ShardTree) { self.tree = tree }

  /// The sum that is there.
  public func total(of sum: ShardSum<[Tensor?]>) throws -> [Tensor?] { try sum.total() }
  /// The sum that is there.
  public func total(of sum: ShardSum<[Double]>) throws -> [Double] { try sum.total() }
}

extension ShardSum where Value == [Tensor?] {
  /// A sum of lists of tensors, such as gradients; nil stands for zeros, but nil and nil are nil.
  public static func tensors(_ tree: ShardTree) -> ShardSum {
    ShardSum(tree) { sum, other in
      guard sum.count == other.count else {
        throw DistributionError("lists of \(sum.count) and \(other.count) tensors cannot be summed")
      }
      for place in sum.indices {
        let addend = other[place]
        guard let shape = (sum[place] ?? addend)?.shape else { continue }
        // Let go of in the list, so that it is changed in place; zeros are added, too, as they change the sign of -0.
        var first = sum[place].take() ?? .zeros(shape)
        first.add(addend ?? .zeros(shape))
        sum[place] = first
      }
    }
  }
}
