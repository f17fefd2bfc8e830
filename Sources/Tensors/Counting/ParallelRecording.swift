import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// What of a computation is cut into pieces, and what runs on one thread between: recorded on one thread, to work out what
/// more threads would make of it.
package enum ParallelRecording {
  /// A parallel loop.
  package struct Region: Sendable {
    /// The operation that it is a part of; `.backward` behind it where its derivative is meant.
    package var operation: String
    /// Seconds of each piece, in the order in which threads take them.
    package var pieces: [Double]
  }

  /// What was recorded.
  package struct Trace: Sendable {
    /// In their order.
    package var regions: [Region] = []
    /// Seconds between the loops, by the operation; loops of a single piece are among them.
    package var serial: [String: Double] = [:]
  }

  private struct State {
    var trace = Trace()
    /// The operations that have begun and not ended, the outer one first.
    var operations: [String] = []
    /// Until when everything is accounted for.
    var last = ParallelRecording.now

    mutating func account() {
      let now = ParallelRecording.now
      let name = operations.last ?? "between operations"
      trace.serial[name, default: 0] += now - last
      last = now
    }
  }

  private static let recorded = Atomic<UInt>(0)
  private static let state = Mutex(State())

  private static let turn = Mutex(())

  /// Records what `body` does on this thread, which does all of it; one recording at a time, others wait.
  package static func record(_ body: () throws -> Void) rethrows -> Trace {
    try turn.withLock { _ in try recordAlone(body) }
  }

  private static func recordAlone(_ body: () throws -> Void) rethrows -> Trace {
    state.withLock { $0 = State() }
    recorded.store(UInt(pthread_self()), ordering: .releasing)
    defer { recorded.store(0, ordering: .releasing) }
    try body()
    return state.withLock {
      $0.account()
      return $0.trace
    }
  }

  /// The processor time of this thread in seconds: what else the machine does must not make a piece longer than others.
  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  /// Whether this thread is recorded: but one load where nobody records.
  private static var isOn: Bool {
    let thread = recorded.load(ordering: .relaxed)
    return thread != 0 && thread == UInt(pthread_self())
  }

  /// Runs an operation under its name.
  static func operation<R>(_ name: @autoclosure () -> String, _ body: () -> R) -> R {
    guard isOn else { return body() }
    let name = name()
    state.withLock {
      $0.account()
      $0.operations.append(name)
    }
    defer {
      state.withLock {
        $0.account()
        $0.operations.removeLast()
      }
    }
    return body()
  }

  /// Runs the pieces of a loop one after the other, or answers false where nobody records. Loops inside are a part of
  /// their piece.
  static func run(_ pieces: Int, _ body: (Int) -> Void) -> Bool {
    guard isOn else { return false }
    let thread = recorded.load(ordering: .relaxed)
    state.withLock { $0.account() }
    recorded.store(0, ordering: .relaxed)
    var seconds: [Double] = []
    seconds.reserveCapacity(pieces)
    var start = now
    for piece in 0..<pieces {
      body(piece)
      let end = now
      seconds.append(end - start)
      start = end
    }
    recorded.store(thread, ordering: .relaxed)
    state.withLock { state in
      state.last = start
      state.trace.regions.append(
        Region(operation: state.operations.last ?? "between operations", pieces: seconds))
    }
    return true
  }
}

extension ParallelRecording.Trace {
  /// Seconds on one thread.
  package var seconds: Double {
    serial.values.reduce(0, +) + regions.reduce(0) { $0 + $1.seconds }
  }

  /// Seconds of all on so many threads.
  ///
  /// - Parameter overhead: Seconds for a loop to be told to the other threads and to be waited for.
  package func seconds(threads: Int, overhead: Double) -> Double {
    regions.reduce(serial.values.reduce(0, +)) { $0 + $1.seconds(threads: threads, overhead: overhead) }
  }
}

extension ParallelRecording.Region {
  /// Seconds on one thread.
  package var seconds: Double { pieces.reduce(0, +) }

  /// Seconds on so many threads: as the pool does it, whoever is free takes the next piece.
  package func seconds(threads: Int, overhead: Double) -> Double {
    guard threads > 1 else { return seconds }
    var free = [Double](repeating: 0, count: min(threads, pieces.count))
    for piece in pieces {
      let first = free.indices.min { free[$0] < free[$1] } ?? 0
      free[first] += piece
    }
    return (free.max() ?? 0) + overhead
  }
}
