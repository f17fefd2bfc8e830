import DequeModule
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
/// A fresh block of 100 MB costs 44 ms of page faults, a reused one nothing. Small blocks go back to a free list by size
/// class (eight classes to a power of two); a request that finds none of its class takes one of the next two, at most a
/// quarter larger, before it asks the system. Those of a megabyte or more go back to `IdleSpans`, which cut and join
/// them.
///
/// What has lain idle longest goes back to the system where more than `limit` bytes lie idle, or where more is held in
/// all than `total`, or than the most that tensors ever held and an eighth: where sizes vary from step to step, the
/// blocks of old sizes go.
package final class BufferPool: Sendable {
  /// The pool that every tensor uses.
  package static let shared = BufferPool(
    limit: 8 << 30, total: ProcessMemory.current.limit / 4 * 3, memory: .current)

  /// Memory handed out.
  ///
  /// `@unchecked Sendable`: it is an address and a size; who takes a block owns what it points at.
  package struct Block: Equatable, @unchecked Sendable {
    package let address: UnsafeMutableRawPointer
    /// Bytes, of which the request may have asked for fewer.
    package let size: Int
  }

  private struct IdleBlock {
    var address: UInt
    /// When it was given back, counted in blocks.
    var time: Int
  }

  private struct State: ~Copyable {
    /// By size, those idle longest first.
    var free: [Int: Deque<IdleBlock>] = [:]
    /// The large ones.
    var spans = IdleSpans()
    var usage = TensorMemory()
    var time = 0

    /// An idle block that serves a request of a class: of that class, or of one that wastes little.
    mutating func reuse(_ size: Int) -> Block? {
      if size >= BufferPool.large {
        guard let address = spans.take(size).flatMap({ UnsafeMutableRawPointer(bitPattern: $0) }) else {
          return nil
        }
        usage.idle -= size
        return Block(address: address, size: size)
      }
      var candidate = size
      for _ in 0..<3 {
        if let block = free[candidate]?.popLast(),
          let address = UnsafeMutableRawPointer(bitPattern: block.address)
        {
          usage.idle -= candidate
          return Block(address: address, size: candidate)
        }
        candidate = BufferPool.blockSize(forBytes: candidate + 1)
        if candidate >= BufferPool.large { break }
      }
      return nil
    }

    mutating func count(_ size: Int) {
      usage.live += size
      usage.peak = max(usage.peak, usage.live)
    }
  }

  private let state = Mutex(State())
  private let limit: Int
  private let total: Int
  private let memory: ProcessMemory
  private static let hugePage = 2 << 20
  /// Blocks from here on are pages of their own.
  private static let large = 1 << 20

  /// A pool that keeps at most `limit` bytes idle, and fewer where tensors and idle bytes would be more than `total`.
  ///
  /// - Parameter memory: What tensors may take; a request beyond it ends the program.
  package init(
    limit: Int, total: Int = .max, memory: ProcessMemory = ProcessMemory(limit: .max, source: "no limit")
  ) {
    (self.limit, self.total, self.memory) = (limit, total, memory)
  }

  /// What is in use now.
  package var usage: TensorMemory { state.withLock { $0.usage } }

  /// The block size that serves a request: at most an eighth more, and at most 128 KB.
  static func blockSize(forBytes bytes: Int) -> Int {
    let least = max(bytes, 256)
    let step = max(64, min(large / 8, 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount - 3)))
    return (least + step - 1) / step * step
  }

  /// Hands out a block; its bytes are whatever they were.
  ///
  /// - Parameter purpose: What it is for, for the line that ends the program when there is no memory.
  package func take(bytes: Int, for purpose: () -> String = { "a buffer" }) -> Block {
    // Room for rounding up, which must not overflow either.
    guard bytes <= min(memory.limit, Int.max / 4) else { outOfMemory(bytes, purpose) }
    let size = Self.blockSize(forBytes: bytes)
    let (reused, isTooMuch) = state.withLock { state -> (Block?, Bool) in
      let block = state.reuse(size)
      if block == nil, state.usage.live > memory.limit - size { return (nil, true) }
      state.count(block?.size ?? size)
      return (block, false)
    }
    if let reused { return reused }
    if isTooMuch { outOfMemory(bytes, purpose) }
    releaseSurplus()
    if let address = allocate(size) { return Block(address: address, size: size) }
    // The system has no more: perhaps it has when what lies idle goes back.
    release { _ in 0 }
    if let address = allocate(size) { return Block(address: address, size: size) }
    state.withLock { $0.usage.live -= size }
    outOfMemory(bytes, purpose)
  }

  private func outOfMemory(_ bytes: Int, _ purpose: () -> String) -> Never {
    release { _ in 0 }
    EngineFailure.end(
      "out of memory: \(purpose()) needs \(ProcessMemory.text(bytes)) beside \(ProcessMemory.text(usage.live))"
        + " of others; the process may have \(ProcessMemory.text(memory.limit)) (\(memory.source)):"
        + " smaller images, batches or models need less")
  }

  /// Counts the most that tensors hold from now on.
  package func forgetPeak() { state.withLock { $0.usage.peak = $0.usage.live } }

  /// Takes a block back.
  package func give(_ block: Block) {
    state.withLock { state in
      state.usage.live -= block.size
      state.usage.idle += block.size
      state.time += 1
      let address = UInt(bitPattern: block.address)
      if block.size >= Self.large {
        state.spans.give(address, block.size, time: state.time)
      } else {
        state.free[block.size, default: []].append(IdleBlock(address: address, time: state.time))
      }
    }
    releaseSurplus()
  }

  private func releaseSurplus() {
    release { [limit, total] usage in
      min(limit, max(0, min(total, usage.peak + usage.peak / 8) - usage.live))
    }
  }

  private func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    size >= Self.large ? pages(size) : aligned_alloc(64, size)
  }

  /// Fresh pages: whole huge ones where there is room, so that those of blocks that are asked for one after the other
  /// touch. What the block does not take of them lies idle.
  private func pages(_ size: Int) -> UnsafeMutableRawPointer? {
    let (page, rest) = (Self.hugePage, (Self.hugePage - size % Self.hugePage) % Self.hugePage)
    let rounded = size + rest
    func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
      let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      return address == MAP_FAILED ? nil : address
    }
    guard size > 2 * page, let first = map(rounded + page) else { return map(size) }
    // As far behind as it goes: the next mapping comes before this one.
    let end = (UInt(bitPattern: first) + UInt(rounded + page)) / UInt(page) * UInt(page)
    let pointer = first + (Int(end - UInt(bitPattern: first)) - rounded)
    let (before, behind) = (pointer - first, page - (pointer - first))
    if before > 0 { munmap(first, before) }
    if behind > 0 { munmap(pointer + rounded, behind) }
    #if os(Linux)
      _ = madvise(pointer, rounded, MADV_HUGEPAGE)
    #endif
    if rest > 0 {
      state.withLock { state in
        state.usage.idle += rest
        state.spans.give(UInt(bitPattern: pointer + size), rest, time: state.time)
      }
    }
    return pointer
  }

  /// Gives what lies idle back to the system, what has lain longest first, until as many bytes are idle as may be.
  private func release(_ allowed: (TensorMemory) -> Int) {
    let (blocks, spans) = state.withLock { state in
      let bytes = allowed(state.usage)
      var (blocks, spans): ([UInt], [(address: UInt, size: Int)]) = ([], [])
      while state.usage.idle > bytes {
        let small = state.free.min { ($0.value.first?.time ?? .max) < ($1.value.first?.time ?? .max) }
        let time = small?.value.first?.time
        if let large = state.spans.oldest, large < time ?? .max {
          guard let span = state.spans.release(state.usage.idle - bytes, page: Self.hugePage) else { break }
          state.usage.idle -= span.size
          spans.append(span)
          continue
        }
        guard let size = small?.key, let block = state.free[size]?.popFirst() else { break }
        if state.free[size]?.isEmpty == true { state.free[size] = nil }
        state.usage.idle -= size
        blocks.append(block.address)
      }
      return (blocks, spans)
    }
    for address in blocks { free(UnsafeMutableRawPointer(bitPattern: address)) }
    for (address, size) in spans { munmap(UnsafeMutableRawPointer(bitPattern: address), size) }
  }
}
