import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// Seconds of this thread's processor time: other tests run beside.
public func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  try body()
  return now() - start
}

/// The least of three attempts at most, where the first ones take `limit` or more: a core that is shared with other
/// programs makes work slower for a while, and never faster.
public func processorSeconds(below limit: Double, _ body: () throws -> Void) rethrows -> Double {
  var least = try processorSeconds(body)
  for _ in 0..<2 where least >= limit { least = min(least, try processorSeconds(body)) }
  return least
}

/// Bytes that this thread reads from files, as the system counts them.
///
/// - Throws: When the system does not tell.
public func bytesRead(_ body: () throws -> Void) throws -> Int {
  struct NotTold: Error {}
  func now() throws -> Int {
    let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
    let line = text.split(separator: "\n").first { $0.hasPrefix("rchar: ") }
    guard let count = line.flatMap({ Int($0.dropFirst("rchar: ".count)) }) else { throw NotTold() }
    return count
  }
  let start = try now()
  try body()
  return try now() - start
}
