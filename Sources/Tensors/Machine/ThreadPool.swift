import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// The threads that compute, and the number of them in use.
///
/// Work is split into pieces whose number depends on the problem, never on the number of threads: so results are
/// the same bits with any number of threads.
public enum Threads {
  /// Cores that the process may use: those it is bound to (`taskset`), fewer where its control group has a quota.
  public static let available = AvailableCores.count

  /// The most threads that work together; more would find no piece of the work.
  public static let most = 1024

  /// Threads that work on a parallel loop, the calling one included, ``most`` at most. Setting 0 means one a core.
  public static var count: Int {
    get { limit.load(ordering: .relaxed) }
    set { limit.store(newValue > 0 ? min(newValue, most) : available, ordering: .relaxed) }
  }

  /// Takes the memory that the threads' products work in, or ends the program by ``EngineFailure``: called at the
  /// start of what computes, so that a limit is met before hours of work and not after.
  public static func prepare() { BLASWorkspace.prepare() }

  /// Restarts the program without OpenBLAS's own threads where `ulimit -v` limits its memory. To be called first.
  ///
  /// OpenBLAS starts them as it is loaded, before any of our code runs, and each asks for 128 MB for ever where there
  /// are none: the program could not even end. They are never used here.
  public static func keepToOurOwn() {
    let name = "OPENBLAS_NUM_THREADS"
    guard ProcessMemory.addressLimit != nil, getenv(name) == nil else { return }
    setenv(name, "1", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
  }

  /// Seconds that a loop takes longer than its pieces, of which each thread has one: the median of many. They last long
  /// enough for the others to come before the calling thread has done them all.
  package static func loopOverhead() -> Double {
    let piece = Duration.microseconds(50)
    let times = (0..<401).map { _ in
      let start = ContinuousClock.now
      parallel(count) { _ in
        let start = ContinuousClock.now
        while ContinuousClock.now - start < piece {}
      }
      return (ContinuousClock.now - start - piece) / .seconds(1)
    }
    return max(0, times.sorted()[200])
  }

  private static let limit = Atomic<Int>(available)
}

/// Runs `body` for each of `pieces` pieces, on several threads where there are some.
///
/// A parallel loop inside another, or beside another, runs on its own thread. While only shapes are worked out none runs.
package func parallel(_ pieces: Int, _ body: @escaping @Sendable (_ piece: Int) -> Void) {
  guard Computation.isOn else { return }
  if pieces > 1, ParallelRecording.run(pieces, body) { return }
  guard pieces > 1, Threads.count > 1, ThreadPool.shared.run(pieces, body) else {
    for piece in 0..<pieces { body(piece) }
    return
  }
}

/// Runs `body` over the ranges that make up `0 ..< count`, each of `grain` elements or more, at most 64 of them.
package func parallel(over count: Int, grain: Int, _ body: @escaping @Sendable (_ range: Range<Int>) -> Void)
{
  guard count > 0 else { return }
  let pieces = min(64, max(1, count / max(1, grain)))
  parallel(pieces) { piece in body(count * piece / pieces..<count * (piece + 1) / pieces) }
}

/// A fixed set of sleeping threads that share out the pieces of one region at a time.
///
/// One atomic word holds the region's number and the next piece: threads claim pieces by compare-exchange, so a
/// late thread cannot touch the next region. The caller takes pieces too and waits for pieces, not for threads.
private final class ThreadPool: Sendable {
  static let shared = ThreadPool()

  private struct Region: Sendable {
    var body: @Sendable (Int) -> Void
    var pieces: Int
    var workers: Int
  }

  private let isBusy = Atomic<Bool>(false)
  /// Region number in the upper, pieces not yet claimed in the lower half.
  private let ticket = Atomic<UInt64>(0)
  private let finished = Atomic<Int>(0)
  private let region = Mutex<Region?>(nil)
  private let sleepers = Sleepers()
  private let started = Mutex<Int>(0)

  /// Runs the region, or answers false when another one is running.
  func run(_ pieces: Int, _ body: @escaping @Sendable (Int) -> Void) -> Bool {
    guard isBusy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
    else { return false }
    let workers = min(Threads.count - 1, pieces - 1)
    start(workers)
    finished.store(0, ordering: .relaxed)
    region.withLock { $0 = Region(body: body, pieces: pieces, workers: workers) }
    let number = (ticket.load(ordering: .relaxed) >> 32) &+ 1
    ticket.store(number << 32 | UInt64(pieces), ordering: .releasing)
    sleepers.wake()
    work(on: number, body, pieces)
    var spins = 0
    while finished.load(ordering: .acquiring) < pieces {
      spins += 1
      if spins > 200 { sched_yield() }
    }
    region.withLock { $0 = nil }
    isBusy.store(false, ordering: .releasing)
    return true
  }

  private func work(on number: UInt64, _ body: @Sendable (Int) -> Void, _ pieces: Int) {
    while let piece = claim(number, pieces) {
      body(piece)
      finished.add(1, ordering: .acquiringAndReleasing)
    }
  }

  private func claim(_ number: UInt64, _ pieces: Int) -> Int? {
    var now = ticket.load(ordering: .acquiring)
    while now >> 32 == number, now & 0xffff_ffff > 0 {
      let (exchanged, original) = ticket.compareExchange(
        expected: now, desired: now - 1, ordering: .acquiringAndReleasing)
      if exchanged { return pieces - Int(now & 0xffff_ffff) }
      now = original
    }
    return nil
  }

  private func start(_ workers: Int) {
    started.withLock { started in
      while started < workers {
        let index = started
        let thread = WorkerThread { [self] in loop(index) }
        thread.start()
        started += 1
      }
    }
  }

  private func loop(_ index: Int) {
    var seen: UInt64 = 0
    while true {
      var now = ticket.load(ordering: .acquiring)
      var spins = 0
      while now >> 32 == seen {
        spins += 1
        if spins > 300 {
          sleepers.sleep { self.ticket.load(ordering: .acquiring) >> 32 == seen }
          spins = 0
        } else if spins > 200 {
          sched_yield()
        }
        now = ticket.load(ordering: .acquiring)
      }
      seen = now >> 32
      join(seen, as: index)
    }
  }

  /// Takes part in a region that has begun. A function of its own, so that the region is let go when it ends.
  @inline(never)
  private func join(_ number: UInt64, as index: Int) {
    let current: Region? = region.withLock { $0 }
    guard let current, index < current.workers, ticket.load(ordering: .acquiring) >> 32 == number else {
      return
    }
    work(on: number, current.body, current.pieces)
  }
}

/// A detached POSIX thread.
private struct WorkerThread {
  private final class Job {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  private let job: Job

  init(_ body: @escaping @Sendable () -> Void) { job = Job(body) }

  func start() {
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(job).toOpaque())
    require(
      code == 0,
      "no thread could be started: \(String(cString: strerror(code))) (ulimit -u, ulimit -v): fewer --threads need less"
    )
    pthread_detach(thread)
  }
}

/// Where idle threads sleep.
///
/// `@unchecked Sendable`: the two pointers never change, and what they point at is made for use by many threads.
private final class Sleepers: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func wake() {
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func sleep(while isIdle: () -> Bool) {
    pthread_mutex_lock(mutex)
    while isIdle() { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }
}
