import Foundation

/// A value behind a lock that threads can also wait on, which the standard library's `Mutex` does not offer.
///
/// `@unchecked Sendable`: the value is touched only between `lock` and `unlock` of the condition.
package final class Locked<Value>: @unchecked Sendable {
  private let condition = NSCondition()
  private var value: Value

  /// Puts a value behind a lock.
  package init(_ value: Value) { self.value = value }

  /// Reads or changes the value alone.
  package func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    condition.lock()
    defer { condition.unlock() }
    return try body(&value)
  }

  /// Changes the value and wakes all who wait.
  package func change(_ body: (inout Value) -> Void) {
    condition.lock()
    body(&value)
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until `body` gives a result.
  package func wait<Result>(for body: (inout Value) -> Result?) -> Result {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = body(&value) { return result }
      condition.wait()
    }
  }

  /// The same up to a time; nil when it has come.
  package func wait<Result>(until deadline: Date, for body: (inout Value) -> Result?) -> Result? {
    condition.lock()
    defer { condition.unlock() }
    while true {
      if let result = body(&value) { return result }
      guard condition.wait(until: deadline) else { return body(&value) }
    }
  }
}
