import Tensors

/// Takes what layers change of their buffers, such as running statistics, in place of the buffers: so several parts of a
/// step all begin with the buffers as they were before it.
///
/// `@unchecked Sendable`: only the thread that runs `collect`, and after it who reads the result, touches the changes.
package final class BufferChanges: @unchecked Sendable {
  /// Where the layers of this thread leave their changes; nil for the buffers themselves.
  @TaskLocal static var current: BufferChanges?

  var values: [ObjectIdentifier: Tensor] = [:]
  var counts: [ObjectIdentifier: Int] = [:]

  /// No changes.
  package init() {}

  /// Runs layers.
  package func collect<R>(_ body: () throws -> R) rethrows -> R {
    try Self.$current.withValue(self, operation: body)
  }

  /// A buffer's numbers with the changes.
  package func value(of buffer: Buffer) -> Tensor { values[ObjectIdentifier(buffer)] ?? buffer.value }

  /// What a counter counted on; 0 for all other buffers.
  package func growth(of buffer: Buffer) -> Int {
    guard let count = buffer.count, let changed = counts[ObjectIdentifier(buffer)] else { return 0 }
    return changed - count
  }
}
