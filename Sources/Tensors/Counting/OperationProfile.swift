import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// Where a step's time goes: seconds and calls of each operation, forward and backward apart.
package enum OperationProfile {
  /// One operation's share.
  package struct Entry: Sendable {
    package var name: String
    package var seconds: Double
    package var calls: Int
  }

  /// How many threads are measured: as long as it is none, an operation costs no look-up.
  private static let measured = Atomic<Int>(0)
  /// By the thread that operations are called from: others may run beside it.
  private static let profiles = Mutex<[UInt: [String: Entry]]>([:])

  /// Whose operations these are.
  enum Thread {
    /// The thread that this one works for while that one waits; nil for itself.
    @TaskLocal static var stood: UInt?

    static var current: UInt { stood ?? UInt(pthread_self()) }
  }

  private static var thread: UInt { Thread.current }

  /// Measures all operations that `body` runs on this thread; the most expensive first. Nested operations count in both.
  package static func collect(_ body: () throws -> Void) rethrows -> [Entry] {
    begin()
    do { try body() } catch {
      _ = end()
      throw error
    }
    return end()
  }

  /// Measures all operations of this thread from now on; what was measured before is forgotten.
  package static func begin() {
    if profiles.withLock({ $0.updateValue([:], forKey: thread) }) == nil {
      measured.add(1, ordering: .relaxed)
    }
  }

  /// Measures this thread no longer.
  ///
  /// - Returns: The operations since `begin`, the most expensive first; nothing the second time.
  package static func end() -> [Entry] {
    guard let entries = profiles.withLock({ $0.removeValue(forKey: thread) }) else { return [] }
    measured.subtract(1, ordering: .relaxed)
    return entries.values.sorted { $0.seconds > $1.seconds }
  }

  static func measure<R>(_ name: @autoclosure () -> String, _ body: () -> R) -> R {
    ParallelRecording.operation(name()) { measured(name(), body) }
  }

  private static func measured<R>(_ name: @autoclosure () -> String, _ body: () -> R) -> R {
    let thread = measured.load(ordering: .relaxed) > 0 ? thread : 0
    guard thread != 0, profiles.withLock({ $0[thread] != nil }) else { return body() }
    let start = ContinuousClock.now
    let result = body()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let name = name()
    profiles.withLock {
      var entry = $0[thread]?[name] ?? Entry(name: name, seconds: 0, calls: 0)
      entry.seconds += seconds
      entry.calls += 1
      $0[thread]?[name] = entry
    }
    return result
  }
}
