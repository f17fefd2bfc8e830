/// Takes what a backward pass gives to leaves of the graph, in place of the leaves: so the gradients of several parts of a
/// step stay apart, though all parts use the same weights.
///
/// `@unchecked Sendable`: only the thread that runs `collect`, and after it who reads the result, touches it.
package final class GradientCollection: @unchecked Sendable {
  /// Where the backward passes of this thread leave their gradients; nil for the leaves themselves.
  @TaskLocal static var current: GradientCollection?

  private var sums: [UInt64: Tensor] = [:]
  private let takeWhole: ((_ leaf: UInt64, _ gradient: Tensor?) -> Void)?
  /// The pass that tells of whole gradients.
  private var pass: Pass?

  /// A collection of nothing.
  ///
  /// - Parameter takeWhole: Is given the gradient of each leaf that the pass reaches as soon as nothing more will be added
  ///   to it, so that the gradient can be used while the pass goes on; nil where the leaf got none. At most one backward
  ///   pass may then give to the same leaf.
  package init(takingWhole takeWhole: ((_ leaf: UInt64, _ gradient: Tensor?) -> Void)? = nil) {
    self.takeWhole = takeWhole
  }

  /// Runs backward passes.
  package func collect<R>(_ body: () throws -> R) rethrows -> R {
    try Self.$current.withValue(self, operation: body)
  }

  /// The gradient of a leaf, which is then let go of; nil where no pass has reached it, or it was taken as a whole.
  package func take(of leaf: Tensor) -> Tensor? { leaf.leafNumber.flatMap { sums.removeValue(forKey: $0) } }

  /// Adds to a leaf's gradient, in place where nobody else holds it.
  func add(_ addend: Tensor, toLeaf number: UInt64) {
    guard var sum = sums.removeValue(forKey: number) else {
      sums[number] = addend
      return
    }
    sum.add(addend)
    sums[number] = sum
  }

  /// A backward pass over these operations begins.
  ///
  /// - Returns: What it tells of its progress; nil where nobody asks, or inside another pass.
  func begin(_ nodes: [GraphNode]) -> Pass? {
    guard takeWhole != nil, pass == nil else { return nil }
    pass = Pass(nodes, of: self)
    return pass
  }

  /// Counts which leaves an operation still ahead gives to.
  final class Pass {
    private unowned let collection: GradientCollection
    /// Operations ahead that have a leaf as an input.
    private var users: [UInt64: Int] = [:]
    /// Operations ahead of which nobody knows what leaves they give to.
    private var hiding = 0
    /// Leaves that only those may still give to.
    private var held: [UInt64] = []

    fileprivate init(_ nodes: [GraphNode], of collection: GradientCollection) {
      self.collection = collection
      for node in nodes {
        if node.hidesLeaves { hiding += 1 }
        for leaf in Self.leaves(of: node) { users[leaf, default: 0] += 1 }
      }
    }

    private static func leaves(of node: GraphNode) -> some Sequence<UInt64> {
      node.inputs.lazy.compactMap(\.self).filter { $0.isLeaf && $0.original == nil }.map(\.order)
    }

    /// The operation has given its gradients.
    func passed(_ node: GraphNode) {
      if node.hidesLeaves { hiding -= 1 }
      for leaf in Self.leaves(of: node) {
        guard let count = users[leaf] else { continue }
        users[leaf] = count - 1
        if count == 1 { held.append(leaf) }
      }
      guard hiding == 0, !held.isEmpty else { return }
      for leaf in held { collection.takeWhole?(leaf, collection.sums.removeValue(forKey: leaf)) }
      held = []
    }

    /// The pass is over.
    func end() { collection.pass = nil }
  }
}
