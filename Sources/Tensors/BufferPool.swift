import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The memory that tensors take, in bytes.
public struct TensorMemory: Sendable {
  /// Held by tensors.
  public internal(set) var live = 0
  /// The most that tensors ever held at once.
  public internal(set) var peak = 0
  /// Kept for tensors to come.
  public internal(set) var idle = 0

  /// What the program's tensors take now.
  public static var current: TensorMemory { BufferPool.shared.usage }
}

/// Memory for tensors: 64-byte aligned blocks that are kept and handed out again.
///
/// A fresh block of 100 MB costs 44 ms of page faults, a reused one nothing; so blocks go back to a free list by
/// size class (eight classes to a power of two). Where more than `limit` bytes lie idle, or more than `total` are held
/// in all, idle ones that have lain longest go back to the system.
package final class BufferPool: Sendable {
  /// The pool that every tensor uses.
  package static let shared = BufferPool(limit: 8 << 30, total: physicalMemory / 4 * 3)

  private struct IdleBlock {
    var address: UInt
    /// When it was given back, counted in blocks.
    var time: Int
  }

  private struct State: ~Copyable {
    /// By size, those idle longest first.
    var free: [Int: [IdleBlock]] = [:]
    var usage = TensorMemory()
    var time = 0
  }

  private let state = Mutex(State())
  private let limit: Int
  private let total: Int
  private static let hugePage = 2 << 20

  /// A pool that keeps at most `limit` bytes idle, and fewer where tensors and idle bytes would be more than `total`.
  package init(limit: Int, total: Int = .max) { (self.limit, self.total) = (limit, total) }

  private static var physicalMemory: Int {
    max(1 << 30, Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))))
  }

  /// What is in use now.
  package var usage: TensorMemory { state.withLock { $0.usage } }

  /// The block size that serves a request: at most an eighth more.
  static func blockSize(forBytes bytes: Int) -> Int {
    let least = max(bytes, 256)
    let step = max(64, 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount - 3))
    return (least + step - 1) / step * step
  }

  package func take(bytes: Int) -> UnsafeMutableRawPointer {
    let size = Self.blockSize(forBytes: bytes)
    let reused: UInt? = state.withLock { state in
      state.usage.live += size
      state.usage.peak = max(state.usage.peak, state.usage.live)
      guard let block = state.free[size]?.popLast() else { return nil }
      state.usage.idle -= size
      return block.address
    }
    if let reused, let pointer = UnsafeMutableRawPointer(bitPattern: reused) { return pointer }
    releaseSurplus()
    if let pointer = allocate(size) { return pointer }
    // The system has no more: perhaps it has when what lies idle goes back.
    release { _ in 0 }
    guard let pointer = allocate(size) else {
      preconditionFailure("out of memory: \(size) bytes for a tensor")
    }
    return pointer
  }

  package func give(_ pointer: UnsafeMutableRawPointer, bytes: Int) {
    let size = Self.blockSize(forBytes: bytes)
    state.withLock { state in
      state.usage.live -= size
      state.usage.idle += size
      state.time += 1
      state.free[size, default: []].append(IdleBlock(address: UInt(bitPattern: pointer), time: state.time))
    }
    releaseSurplus()
  }

  private func releaseSurplus() {
    release { [limit, total] usage in min(limit, max(0, total - usage.live)) }
  }

  private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    let isLarge = size > 4 << 20
    let rounded = isLarge ? (size + Self.hugePage - 1) / Self.hugePage * Self.hugePage : size
    guard let pointer = aligned_alloc(isLarge ? Self.hugePage : 64, rounded) else { return nil }
    #if os(Linux)
      if isLarge { _ = madvise(pointer, rounded, MADV_HUGEPAGE) }
    #endif
    return pointer
  }

  /// Gives idle blocks back to the system, those that have lain longest first, until as many bytes are idle as may be.
  private func release(_ allowed: (TensorMemory) -> Int) {
    let released: [UInt] = state.withLock { state in
      let bytes = allowed(state.usage)
      var released: [UInt] = []
      while state.usage.idle > bytes,
        let size = state.free.min(by: { ($0.value.first?.time ?? .max) < ($1.value.first?.time ?? .max) })?
          .key,
        let block = state.free[size]?.first
      {
        state.free[size]?.removeFirst()
        if state.free[size]?.isEmpty == true { state.free[size] = nil }
        state.usage.idle -= size
        released.append(block.address)
      }
      return released
    }
    for address in released { free(UnsafeMutableRawPointer(bitPattern: address)) }
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
