import COpenBLAS
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The memory that OpenBLAS works in: a buffer for each thread inside it.
///
/// Where the system refuses one, OpenBLAS 0.3.21 asks again for ever. So before its first call it is seen that all can
/// be had, and OpenBLAS is made to take them at once, before tensors take what is left; they are touched when used.
enum BLASWorkspace {
  /// What OpenBLAS 0.3.21 asks for on x86-64 at once (`BUFFER_SIZE` and a page for alignment).
  private static let bytes = 128 << 20 + 64 << 10
  /// What a small program takes beside: the runtime traps where it gets none for something small.
  private static let rest = 96 << 20
  /// Loops are cut into 64 pieces at most, so no more threads are inside.
  private static let most = 64

  /// For how many threads there is a buffer.
  private static let prepared = Atomic<Int>(0)
  private static let preparing = Mutex<Int>(0)

  /// Sees that there is a buffer for each thread that computes, or ends the program.
  static func prepare() {
    let wanted = min(most, Threads.count)
    if prepared.load(ordering: .acquiring) >= wanted { return }
    preparing.withLock { made in
      guard made < wanted else { return }
      if made == 0 { openblas_set_num_threads(1) }
      let missing = missing([rest] + Array(repeating: bytes, count: wanted - made))
      if missing > 0 { end(missing: missing, of: wanted) }
      dp_openblas_take_buffers(Int32(wanted))
      made = wanted
      prepared.store(wanted, ordering: .releasing)
    }
  }

  /// How many bytes of some pieces of memory cannot be had.
  private static func missing(_ sizes: [Int]) -> Int {
    var found: [(address: UnsafeMutableRawPointer, size: Int)] = []
    defer { for piece in found { munmap(piece.address, piece.size) } }
    for size in sizes {
      let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let address, address != MAP_FAILED else { break }
      found.append((address, size))
    }
    return sizes.reduce(0, +) - found.reduce(0) { $0 + $1.size }
  }

  private static func end(missing: Int, of count: Int) -> Never {
    let (each, lacking) = (ProcessMemory.text(bytes), ProcessMemory.text(missing))
    let limit = ProcessMemory.addressLimit.map { "ulimit -v allows \(ProcessMemory.text($0)) in all" }
    EngineFailure.end(
      "out of memory: OpenBLAS works in \(each) for each of \(count) thread\(count > 1 ? "s" : ""), and"
        + " \(lacking) of that and of \(ProcessMemory.text(rest)) beside cannot be had;"
        + " \(limit ?? "the system has no more"): a higher limit or fewer --threads would help")
  }
}
