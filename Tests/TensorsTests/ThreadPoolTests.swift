import Synchronization
import Testing

import Tensors

@Suite("parallel loops")
struct ThreadPoolTests {
  @Test("every piece runs once", arguments: [1, 2, 3, 64, 1000])
  func pieces(count: Int) {
    let seen = Mutex([Int](repeating: 0, count: count))
    for _ in 0..<20 { parallel(count) { piece in seen.withLock { $0[piece] += 1 } } }
    #expect(seen.withLock { $0.allSatisfy { $0 == 20 } })
  }

  @Test("a loop inside a loop runs inline")
  func nested() {
    let sum = Atomic<Int>(0)
    parallel(8) { _ in parallel(8) { _ in sum.add(1, ordering: .relaxed) } }
    #expect(sum.load(ordering: .relaxed) == 64)
  }

  @Test("ranges cover the whole", arguments: [(0, 1), (1, 1), (7, 3), (1000, 1), (65, 64)])
  func ranges(count: Int, grain: Int) {
    let seen = Mutex([Int](repeating: 0, count: count))
    parallel(over: count, grain: grain) { range in seen.withLock { for i in range { $0[i] += 1 } } }
    #expect(seen.withLock { $0.allSatisfy { $0 == 1 } })
  }

  @Test("what a loop holds is let go when it ends, also by the threads that helped")
  func release() {
    final class Held: Sendable {
      static let alive = Atomic<Int>(0)
      init() { Self.alive.add(1, ordering: .relaxed) }
      deinit { Self.alive.subtract(1, ordering: .relaxed) }
    }
    for _ in 0..<200 {
      let held = Held()
      let sum = Mutex(0.0)
      parallel(8) { piece in
        var x = Double(piece)
        for k in 0..<20_000 { x = x * 1.000_000_1 + Double(k) }
        withExtendedLifetime(held) { sum.withLock { $0 += x } }
      }
    }
    // A helper that is late may still hold the last one.
    #expect(Held.alive.load(ordering: .relaxed) <= max(1, Threads.count))
  }
}
