import Synchronization

extension Computation {
  /// The most memory that the tensors which `body` makes would hold at once, worked out from their shapes.
  ///
  /// - Returns: Bytes, as the pool hands them out.
  public static func peakMemory(of body: () throws -> Void) rethrows -> Int {
    let account = MemoryAccount()
    try shapesOnly { try MemoryAccount.$current.withValue(account, operation: body) }
    return account.peak
  }
}

/// What tensors would take whose numbers are not computed.
final class MemoryAccount: Sendable {
  /// The account of the task; nil while nobody counts.
  @TaskLocal static var current: MemoryAccount?

  private struct Bytes {
    var live = 0
    var peak = 0
  }
  private let bytes = Mutex(Bytes())

  /// The most that was ever live.
  var peak: Int { bytes.withLock { $0.peak } }

  /// Notes that numbers are there.
  func take(_ count: Int, _ type: Tensor.ElementType) {
    let size = Self.size(count, type)
    bytes.withLock {
      $0.live = $0.live.plus(size)
      $0.peak = max($0.peak, $0.live)
    }
  }

  /// Notes that numbers are gone.
  func give(_ count: Int, _ type: Tensor.ElementType) {
    let size = Self.size(count, type)
    bytes.withLock { $0.live -= size }
  }

  private static func size(_ count: Int, _ type: Tensor.ElementType) -> Int {
    // Far below what would overflow, and beyond all memory.
    BufferPool.blockSize(forBytes: min([count, type.size].multiplied, 1 << 50))
  }
}
