import Synchronization

/// Where a step's time goes: seconds and calls of each operation, forward and backward apart.
package enum OperationProfile {
  /// One operation's share.
  package struct Entry: Sendable {
    package var name: String
    package var seconds: Double
    package var calls: Int
  }

  private static let isOn = Atomic<Bool>(false)
  private static let entries = Mutex<[String: Entry]>([:])

  /// Measures all operations that `body` runs; the most expensive first. Nested operations count in both.
  package static func collect(_ body: () throws -> Void) rethrows -> [Entry] {
    begin()
    defer { isOn.store(false, ordering: .sequentiallyConsistent) }
    try body()
    return end()
  }

  /// Measures all operations from now on; what was measured before is forgotten.
  package static func begin() {
    entries.withLock { $0 = [:] }
    isOn.store(true, ordering: .sequentiallyConsistent)
  }

  /// Measures no longer.
  ///
  /// - Returns: The operations since `begin`, the most expensive first; nothing the second time.
  package static func end() -> [Entry] {
    isOn.store(false, ordering: .sequentiallyConsistent)
    return entries.withLock { entries in
      defer { entries = [:] }
      return entries.values.sorted { $0.seconds > $1.seconds }
    }
  }

  static func measure<R>(_ name: @autoclosure () -> String, _ body: () -> R) -> R {
    guard isOn.load(ordering: .relaxed) else { return body() }
    let start = ContinuousClock.now
    let result = body()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let name = name()
    entries.withLock {
      var entry = $0[name] ?? Entry(name: name, seconds: 0, calls: 0)
      entry.seconds += seconds
      entry.calls += 1
      $0[name] = entry
    }
    return result
  }
}
