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

  /// Begins a sum of tensors that come one by one, as a backward pass has them ready; what is there may be on its way while
  /// the pass goes on.
  ///
  /// - Parameter shapes: Of all of them, the same in all processes.
  func begin(_ shapes: [[Int]]) throws -> any TensorSum

  /// The sum of statistics and figures.
  ///
  /// - Parameter sum: By `ShardSum.vectors`.
  func total(of sum: ShardSum<[Double]>) throws -> [Double]
}

/// A sum of tensors over all shards of a step that come one by one.
public protocol TensorSum {
  /// Hands over a tensor, each once, in any order.
  ///
  /// - Parameters:
  ///   - parts: The sums of the largest subtrees that this process' shards make up, in order; nil stands for zeros.
  ///   - place: Which of the tensors it is.
  mutating func add(_ parts: [Tensor?], at place: Int) throws

  /// The sums, once all are handed over; zeros or nil of a tensor that no shard has.
  mutating func totals() throws -> [Tensor?]
}

extension StepReduction {
  /// A sum that begins when all is there.
  public func begin(_ shapes: [[Int]]) throws -> any TensorSum { LateTensorSum(self, count: shapes.count) }
}

/// A sum of tensors that waits until all are there.
private struct LateTensorSum: TensorSum {
  private let reduction: any StepReduction
  private let nodes: [ShardTree.Node]
  /// Of each subtree.
  private var parts: [[Tensor?]]

  init(_ reduction: any StepReduction, count: Int) {
    self.reduction = reduction
    nodes = reduction.tree.completeSubtrees(of: reduction.local)
    parts = nodes.map { _ in Array(repeating: nil, count: count) }
  }

  mutating func add(_ parts: [Tensor?], at place: Int) {
    for (node, part) in parts.enumerated() { self.parts[node][place] = part }
  }

  mutating func totals() throws -> [Tensor?] {
    var sum = ShardSum<[Tensor?]>.tensors(reduction.tree)
    for (place, node) in nodes.enumerated() {
      try sum.add(parts[place], of: node)
      // Held by the sum alone, so that it is changed in place.
      parts[place] = []
    }
    return try reduction.total(of: sum)
  }
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
      for place in sum.indices { accumulate(other[place], in: &sum[place]) }
    }
  }
}

extension ShardSum where Value == Tensor? {
  /// A sum of single tensors; nil stands for zeros, but nil and nil are nil.
  public static func tensor(_ tree: ShardTree) -> ShardSum {
    ShardSum(tree) { sum, other in accumulate(other, in: &sum) }
  }
}

private func accumulate(_ addend: Tensor?, in sum: inout Tensor?) {
  guard let shape = (sum ?? addend)?.shape else { return }
  // Let go of, so that it is changed in place; zeros are added, too, as they change the sign of -0.
  var first = sum.take() ?? .zeros(shape)
  first.add(addend ?? .zeros(shape))
  sum = first
}
