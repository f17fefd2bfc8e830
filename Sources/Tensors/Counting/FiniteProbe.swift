import CKernels
import Synchronization

/// Finds the first operation whose result holds NaN or infinity, in the order in which they run.
package final class FiniteProbe: Sendable {
  /// Where it happened.
  package struct Finding: Sendable, Equatable {
    /// The operation; `.backward` behind it where its gradients are meant.
    package var operation: String
    /// The weights that it takes by itself; else the one that was taken last before it.
    package var weights: [UInt64]
    /// Whether one of the operation's inputs was not finite already: then no operation has made it so.
    package var isGiven: Bool
  }

  private struct State {
    var finding: Finding?
    var latest: UInt64?
  }

  /// That of the task; nil while nobody looks.
  @TaskLocal static var current: FiniteProbe?
  private let state = Mutex(State())

  /// Looks at all operations that `body` runs: as slow as reading every result once more.
  ///
  /// - Returns: The first, nil where all are finite or `body` throws before; and what `body` came to.
  package static func look<R>(at body: () throws -> R) -> (finding: Finding?, result: Result<R, any Error>) {
    let probe = FiniteProbe()
    let result = $current.withValue(probe) { Result { try body() } }
    return (probe.state.withLock { $0.finding }, result)
  }

  /// Runs the operations of a derivative, which are noted together.
  static func unnoted<R>(_ body: () -> R) -> R {
    current == nil ? body() : $current.withValue(nil, operation: body)
  }

  /// Notes an operation's result, or the gradients that it gives.
  static func note(
    _ name: @autoclosure () -> String, inputs: @autoclosure () -> [(node: GraphNode?, tensor: Tensor?)],
    results: @autoclosure () -> [Tensor]
  ) {
    guard let probe = current else { return }
    let (inputs, results) = (inputs(), results())
    let leaves = inputs.compactMap(\.node).filter { $0.isLeaf && $0.original == nil }.map(\.order)
    probe.state.withLock { state in
      guard state.finding == nil else { return }
      if !results.allSatisfy(isFinite) {
        state.finding = Finding(
          operation: name(), weights: leaves.isEmpty ? [state.latest].compactMap { $0 } : leaves,
          isGiven: !inputs.compactMap(\.tensor).allSatisfy(isFinite))
      }
      state.latest = leaves.last ?? state.latest
    }
  }

  private static func isFinite(_ tensor: Tensor) -> Bool {
    tensor.elementType != .float32 || tensor.isFinite
  }
}

extension Tensor {
  /// Whether no float32 number is NaN or infinite; read on all threads.
  package var isFinite: Bool {
    let (numbers, findings) = (storage, Findings())
    parallel(over: count, grain: 1 << 16) { range in
      if dp_is_finite(numbers.base + range.lowerBound, range.count) == 0 {
        findings.hasAny.store(true, ordering: .relaxed)
      }
    }
    return !findings.hasAny.load(ordering: .relaxed)
  }

  private final class Findings: Sendable {
    let hasAny = Atomic<Bool>(false)
  }
}

extension Tensor {
  /// What a leaf is called in `FiniteProbe.Finding`.
  package var leafNumber: UInt64? { node.flatMap { $0.isLeaf ? $0.order : nil } }
}
