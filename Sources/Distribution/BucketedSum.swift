import Data
import DequeModule
import Foundation
import Tensors

/// A sum of tensors over ranks, bucket by bucket: a bucket sets out as soon as all tensors in it are there, the last ones
/// first, while the backward pass goes on. What is in a bucket does not depend on when it sets out, nor do its bits.
struct BucketedSum: TensorSum {
  private let shapes: [[Int]]
  private let sum: RankSum
  /// Where each tensor begins among the numbers of all, and where the last one ends.
  private let starts: [Int]
  private let buckets: [Range<Int>]
  /// The tensors of each bucket, and how many of them are still to come.
  private let places: [Range<Int>]
  private var missing: [Int]
  /// What is there and not yet on its way as a whole.
  private var parts: [[Tensor?]]
  private var begun = 0
  private let way: Way

  /// Of tensors of these shapes.
  init(_ shapes: [[Int]], over sum: RankSum) {
    let starts = shapes.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.product) }
    let buckets = RankSum.reverseBuckets(of: starts.last ?? 0)
    let places = buckets.map { bucket in
      let first = shapes.indices.first { starts[$0 + 1] > bucket.lowerBound } ?? 0
      return first..<(shapes.indices.last { starts[$0] < bucket.upperBound } ?? 0) + 1
    }
    (self.shapes, self.sum, self.starts, self.buckets, self.places) = (shapes, sum, starts, buckets, places)
    missing = places.map(\.count)
    parts = shapes.map { _ in [] }
    way = Way()
  }

  mutating func add(_ parts: [Tensor?], at place: Int) throws {
    self.parts[place] = parts
    for bucket in buckets.indices where places[bucket].contains(place) { missing[bucket] -= 1 }
    while begun < buckets.count, missing[begun] == 0 {
      let bucket = begun
      way.take(
        sum.begin(count: buckets[bucket].count, on: .parts, back: .totals) {
          copy($0, $1, of: bucket, to: $2)
        }, of: buckets.count)
      begun += 1
      let open = begun < buckets.count ? buckets[begun].upperBound : 0
      for place in places[begun - 1] where starts[place] >= open { self.parts[place] = [] }
    }
  }

  /// Copies numbers of a bucket, of one subtree.
  private func copy(
    _ node: Int, _ range: Range<Int>, of bucket: Int, to target: UnsafeMutableRawBufferPointer
  ) {
    let first = buckets[bucket].lowerBound + range.lowerBound
    let range = first..<first + range.count
    for place in places[bucket] {
      let own = range.clamped(to: starts[place]..<starts[place + 1])
      guard !own.isEmpty else { continue }
      let size = MemoryLayout<Float>.size
      let piece = UnsafeMutableRawBufferPointer(
        rebasing: target[(own.lowerBound - first) * size..<(own.upperBound - first) * size])
      if let tensor = parts[place][node] {
        tensor.copy(own.lowerBound - starts[place]..<own.upperBound - starts[place], to: piece)
      } else {
        // Zeros are what is added in place of nothing in one process, too.
        piece.initializeMemory(as: UInt8.self, repeating: 0)
      }
    }
  }

  mutating func totals() throws -> [Tensor?] {
    guard begun == buckets.count else {
      throw DistributionError("\(missing.filter { $0 > 0 }.count) buckets of gradients are not whole")
    }
    var parts: [RankSum.Part] = []
    for (bucket, total) in zip(buckets, try way.totals(of: buckets.count)) {
      parts += try total.parts().map { $0.moved(by: bucket.lowerBound) }
    }
    // From the first number on, as the tensors are.
    parts.sort { $0.range.lowerBound < $1.range.lowerBound }
    var first = 0
    return shapes.enumerated().map { place, shape in
      let own = starts[place]..<starts[place + 1]
      while first < parts.count, parts[first].range.upperBound <= own.lowerBound { first += 1 }
      return Tensor(shape: shape) { target in
        for part in parts[first...].prefix(while: { $0.range.lowerBound < own.upperBound }) {
          part.copy(own, to: target)
        }
      }
    }
  }
}

/// The buckets under way: a thread adds up this rank's slice of each as soon as it is there, and gives it back.
private final class Way: Sendable {
  private struct State: Sendable {
    var waiting: Deque<RankSum.Bucket> = []
    var totals: [RankSum.Total] = []
    var failure: (any Error)?
    var isStarted = false
    var isLeft = false
  }

  private let state = Locked(State())

  deinit { state.change { $0.isLeft = true } }

  /// Takes a bucket, one of so many.
  func take(_ bucket: RankSum.Bucket, of count: Int) {
    state.change { $0.waiting.append(bucket) }
    let starts = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    guard starts else { return }
    let thread = Thread { [state] in
      for _ in 0..<count {
        let next: RankSum.Bucket? = state.wait { state in
          if state.isLeft { return .some(nil) }
          return state.waiting.popFirst().map { .some($0) }
        }
        guard let next else { return }
        do {
          let total = try next.total()
          state.change { $0.totals.append(total) }
        } catch { return state.change { $0.failure = error } }
      }
    }
    thread.name = "sums"
    thread.stackSize = 1 << 20
    thread.start()
  }

  /// The sums of all buckets, on their way back.
  func totals(of count: Int) throws -> [RankSum.Total] {
    try state.wait { state -> Result<[RankSum.Total], any Error>? in
      if let failure = state.failure { return .failure(failure) }
      return state.totals.count == count ? .success(state.totals) : nil
    }.get()
  }
}
