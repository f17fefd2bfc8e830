/// Takes what backward passes give to leaves of the graph, in place of the leaves: so the gradients of several parts of a
/// step stay apart, though all parts use the same weights.
///
/// `@unchecked Sendable`: only the thread that runs `collect`, and after it who reads the result, touches the sums.
package final class GradientCollection: @unchecked Sendable {
  /// Where the backward passes of this thread leave their gradients; nil for the leaves themselves.
  @TaskLocal static var current: GradientCollection?

  private var sums: [UInt64: Tensor] = [:]

  /// A collection of nothing.
  package init() {}

  /// Runs backward passes.
  package func collect<R>(_ body: () throws -> R) rethrows -> R {
    try Self.$current.withValue(self, operation: body)
  }

  /// The gradient of a leaf, which is then let go of; nil where no pass has reached it.
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
}
