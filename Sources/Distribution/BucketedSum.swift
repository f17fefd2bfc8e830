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
      let source = Source(
        first: buckets[bucket].lowerBound,
        starts: Array(starts[places[bucket].lowerBound...places[bucket].upperBound]),
        parts: Array(self.parts[places[bucket]]))
      way.take(
        sum.begin(count: buckets[bucket].count, on: .parts, back: .totals) {
          source.copy($1, of: $0, to: $2)
        },
        of: buckets.count)
      begun += 1
      let open = begun < buckets.count ? buckets[begun].upperBound : 0
      for place in places[begun - 1] where starts[place] >= open { self.parts[place] = [] }
    }
  }

  /// The tensors of a bucket.
  ///
  /// `@unchecked Sendable`: tensors are values, and these are only read.
  private struct Source: @unchecked Sendable {
    /// The bucket's first number, and where the tensors begin and the last one ends, among the numbers of all.
    let first: Int
    let starts: [Int]
    /// Of each tensor, the sum of each subtree.
    let parts: [[Tensor?]]

    /// Copies numbers of the bucket, of one subtree.
    func copy(_ range: Range<Int>, of node: Int, to target: UnsafeMutableRawBufferPointer) {
      let range = range.moved(by: first)
      for place in parts.indices {
        let own = range.clamped(to: starts[place]..<starts[place + 1])
        guard !own.isEmpty else { continue }
        let piece = UnsafeMutableRawBufferPointer(
          rebasing: target[own.moved(by: -range.lowerBound).bytes])
        if let tensor = parts[place][node] {
          tensor.copy(own.moved(by: -starts[place]), to: piece)
        } else {
          // Zeros are what is added in place of nothing in one process, too.
          piece.initializeMemory(as: UInt8.self, repeating: 0)
        }
      }
    }
  }

  mutating func totals() throws -> [Tensor?] {
    guard begun == buckets.count else {
      throw DistributionError("\(missing.filter { $0 > 0 }.count) buckets of gradients are not whole")
    }
    return try Tensor.tensors(shapes) { memory in
      // Each bucket while the next ones are still on their way.
      for index in buckets.indices { copy(try way.total(of: index).parts(), of: index, to: memory) }
    }
  }

  /// Copies the sum of a bucket to the memory of all tensors.
  private func copy(_ parts: [RankSum.Part], of bucket: Int, to memory: [UnsafeMutableRawBufferPointer]) {
    let (first, places, starts) = (buckets[bucket].lowerBound, places[bucket], starts)
    let pieces = buckets[bucket].pieces(of: RankSum.piece)
    // Each piece writes numbers of its own.
    nonisolated(unsafe) let memory = memory
    parallel(pieces.count) { index in
      for place in places {
        let own = pieces[index].clamped(to: starts[place]..<starts[place + 1])
        guard !own.isEmpty else { continue }
        let target = UnsafeMutableRawBufferPointer(
          rebasing: memory[place][own.moved(by: -starts[place]).bytes])
        for part in parts { part.copy(own.moved(by: -first), to: target) }
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

  /// The sum of a bucket on its way back, the first that set out being 0.
  func total(of bucket: Int) throws -> RankSum.Total {
    try state.wait { state -> Result<RankSum.Total, any Error>? in
      if let failure = state.failure { return .failure(failure) }
      return bucket < state.totals.count ? .success(state.totals[bucket]) : nil
    }.get()
  }
}
