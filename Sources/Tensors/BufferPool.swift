import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Memory for tensors: 64-byte aligned blocks that are kept and handed out again.
///
/// A fresh block of 100 MB costs 44 ms of page faults, a reused one nothing; so blocks go back to a free list
/// by size class (eight classes to a power of two) and leave it only when more than `limit` bytes lie idle.
package final class BufferPool: Sendable {
  /// The pool that every tensor uses.
  package static let shared = BufferPool()

  /// Live and idle bytes, and the most that was ever live.
  package struct Usage: Sendable {
    package var live = 0
    package var idle = 0
    package var peak = 0
  }

  private struct State: ~Copyable {
    var free: [Int: [UInt]] = [:]
    var usage = Usage()
  }

  private let state = Mutex(State())
  private let limit = 8 << 30
  private static let hugePage = 2 << 20

  /// What is in use now.
  package var usage: Usage { state.withLock { $0.usage } }

  /// The block size that serves a request: at most an eighth more.
  static func blockSize(forBytes bytes: Int) -> Int {
    let least = max(bytes, 256)
    let step = max(64, 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount - 3))
    return (least + step - 1) / step * step
  }

  func take(bytes: Int) -> UnsafeMutableRawPointer {
    let size = Self.blockSize(forBytes: bytes)
    let reused: UInt? = state.withLock { state in
      state.usage.live += size
      state.usage.peak = max(state.usage.peak, state.usage.live)
      guard let address = state.free[size]?.popLast() else { return nil }
      state.usage.idle -= size
      return address
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    let isLarge = size > 4 << 20
    guard let pointer = aligned_alloc(isLarge ? Self.hugePage : 64, isLarge ? roundedToHugePage(size) : size)
    else { preconditionFailure("out of memory: \(size) bytes for a tensor") }
    #if os(Linux)
      if isLarge { _ = madvise(pointer, roundedToHugePage(size), MADV_HUGEPAGE) }
    #endif
    return pointer
  }

  func give(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
    let size = Self.blockSize(forBytes: bytes)
    let isKept = state.withLock { state in
      state.usage.live -= size
      guard state.usage.idle + size <= limit else { return false }
      state.free[size, default: []].append(UInt(bitPattern: pointer))
      state.usage.idle += size
      return true
    }
    if !isKept { free(pointer) }
  }

  private func roundedToHugePage(_ size: Int) -> Int {
    (size + Self.hugePage - 1) / Self.hugePage * Self.hugePage
  }
}

/// The numbers of a tensor. Written only by the operation that makes it, or by a sole owner.
///
/// `@unchecked Sendable`: `base` and `count` never change, and the pieces of a parallel loop write ranges that
/// no other piece touches, while the loop's closure keeps the storage alive.
package final class TensorStorage: @unchecked Sendable {
  package let base: UnsafeMutablePointer<Float>
  package let count: Int
  private let kept = Mutex<[DerivedForm: TensorStorage]>([:])

  /// Uninitialised numbers.
  package init(count: Int) {
    self.count = count
    base = BufferPool.shared.take(bytes: count * MemoryLayout<Float>.stride)
      .bindMemory(to: Float.self, capacity: count)
  }

  deinit { BufferPool.shared.give(UnsafeMutableRawPointer(base), bytes: count * MemoryLayout<Float>.stride) }

  /// All numbers.
  package var values: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: base, count: count)
  }

  /// What an operation has made of these numbers, kept until they are written: made at the first call.
  func derived(_ form: DerivedForm, _ make: () -> TensorStorage) -> TensorStorage {
    if let made = kept.withLock({ $0[form] }) { return made }
    let made = make()
    kept.withLock { $0[form] = made }
    return made
  }

  /// Drops what was made of the numbers, as they are about to be written.
  func forgetDerived() { kept.withLock { $0 = [:] } }
}
