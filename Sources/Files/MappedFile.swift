import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The bytes of a file as memory of the process: nothing is copied, and what is written there stays here.
///
/// The pages of a file that somebody cuts short are gone, which the system tells by a signal (SIGBUS): the program then
/// ends with a line that names the file, as it does for every file that it cannot read on. Files that are replaced, as
/// ``AtomicFile`` does it, stay as they were.
///
/// `@unchecked Sendable`: an address and a size that never change. Bytes are written by the owner of a tensor only.
package final class MappedFile: @unchecked Sendable {
  /// Where the bytes begin.
  package let address: UnsafeMutableRawPointer
  /// How many there are.
  package let count: Int
  private let watch: Int

  /// Maps the beginning of an open file; nil for an empty one, and where the system cannot.
  init?(_ descriptor: Int32, size: Int, path: String) {
    guard size > 0, let watch = MappedFileWatch.begin(path) else { return nil }
    let flags = MAP_PRIVATE | MAP_NORESERVE
    guard let address = mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0), address != MAP_FAILED
    else {
      MappedFileWatch.end(watch)
      return nil
    }
    (self.address, count, self.watch) = (address, size, watch)
    MappedFileWatch.set(watch, UInt(bitPattern: address), size)
  }

  deinit {
    munmap(address, count)
    MappedFileWatch.end(watch)
  }

  /// A part of the bytes, which the caller has checked to be there.
  package subscript(range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: address + range.lowerBound, count: range.count)
  }
}

/// What the handler of SIGBUS looks up: which addresses are those of which file.
private enum MappedFileWatch {
  /// `@unchecked Sendable`: the pointer never changes; entries are taken under the lock, and their words are atomic.
  private struct Table: @unchecked Sendable {
    let entries: UnsafeMutablePointer<Entry>

    init() {
      entries = .allocate(capacity: most)
      for index in 0..<most { (entries + index).initialize(to: Entry()) }
    }
  }

  /// Addresses of a file, and the line that the program ends with.
  private struct Entry: ~Copyable {
    let start = Atomic<UInt>(0)
    let end = Atomic<UInt>(0)
    let line = Atomic<UInt>(0)
    let length = Atomic<Int>(0)
  }

  private static let most = 64
  private static let table = Table()
  private static let taken = Mutex<Set<Int>>([])

  /// Takes an entry, and sets the handler up with the first; nil where there is none left.
  static func begin(_ path: String) -> Int? {
    taken.withLock { taken in
      guard let index = (0..<most).first(where: { !taken.contains($0) }) else { return nil }
      if taken.isEmpty { watchSignal() }
      taken.insert(index)
      let text = "error: \(FileError(file: path, .read, "became shorter while it was in use"))\n"
      let line = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
      _ = line.initialize(from: text.utf8)
      table.entries[index].line.store(UInt(bitPattern: line.baseAddress), ordering: .relaxed)
      table.entries[index].length.store(line.count, ordering: .relaxed)
      return index
    }
  }

  static func set(_ index: Int, _ address: UInt, _ size: Int) {
    table.entries[index].end.store(address + UInt(size), ordering: .relaxed)
    table.entries[index].start.store(address, ordering: .releasing)
  }

  static func end(_ index: Int) {
    table.entries[index].start.store(0, ordering: .relaxed)
    table.entries[index].end.store(0, ordering: .releasing)
    UnsafeMutablePointer<UInt8>(bitPattern: table.entries[index].line.load(ordering: .relaxed))?.deallocate()
    taken.withLock { _ = $0.remove(index) }
  }

  private static func watchSignal() {
    _ = table
    var action = sigaction()
    action.__sigaction_handler.sa_sigaction = { signal, facts, _ in
      let address = facts.map { UInt(bitPattern: $0.pointee._sifields._sigfault.si_addr) } ?? 0
      for index in 0..<MappedFileWatch.most {
        let (start, end) = (
          MappedFileWatch.table.entries[index].start.load(ordering: .acquiring),
          MappedFileWatch.table.entries[index].end.load(ordering: .acquiring)
        )
        guard start > 0, address >= start, address < end else { continue }
        let line = UnsafeRawPointer(
          bitPattern: MappedFileWatch.table.entries[index].line.load(ordering: .relaxed))
        _ = write(2, line, MappedFileWatch.table.entries[index].length.load(ordering: .relaxed))
        UnfinishedFiles.endProcess(status: 1)
      }
      // Of something else: as if there were no handler.
      var usual = sigaction()
      usual.__sigaction_handler.sa_handler = SIG_DFL
      sigaction(signal, &usual, nil)
    }
    action.sa_flags = SA_SIGINFO
    sigaction(SIGBUS, &action, nil)
  }
}
