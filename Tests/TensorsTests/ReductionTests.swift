import TestSupport
import Testing

import Tensors

@Suite("sums and means")
struct ReductionTests {
  static let cases: [([Int], [Int], [Int])] = [
    ([3, 5, 4, 6], [0, 2], [5, 6]), ([2, 7, 9], [-1], [2, 7]), ([3, 5, 4, 6], [1, 2], [3, 6]),
    ([3, 5, 4, 6], [1, 3], [3, 4]), ([3, 5, 4], [0], [5, 4]), ([3, 5], [0, 1], []), ([], [], []),
    ([7], [], [7]), ([2, 0, 3], [1], [2, 3]), ([0, 3], [1], [0]), ([3000, 3], [0], [3]),
    ([3, 3000], [1], [3]),
    ([1, 5, 1], [0, 2], [5]), ([2, 300, 200], [1], [2, 200]),
  ]

  /// Sums in double precision.
  static func reference(_ x: Tensor, _ axes: [Int]) -> [Double] {
    let gone = Set(axes.map { $0 < 0 ? $0 + x.rank : $0 })
    let kept = x.shape.indices.filter { !gone.contains($0) }
    var sums = [Double](repeating: 0, count: kept.map { x.shape[$0] }.product)
    for (position, value) in x.values.enumerated() {
      var (rest, index) = (position, [Int](repeating: 0, count: x.rank))
      for axis in x.shape.indices.reversed() {
        index[axis] = rest % x.shape[axis]
        rest /= x.shape[axis]
      }
      sums[kept.reduce(0) { $0 * x.shape[$1] + index[$1] }] += Double(value)
    }
    return sums
  }

  @Test("values", arguments: cases)
  func values(shape: [Int], axes: [Int], expected: [Int]) {
    let x = Tensor.random(shape)
    let sum = x.sum(axes: axes)
    #expect(sum.shape == expected)
    let reference = Self.reference(x, axes)
    #expect(zip(sum.values, reference).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    let kept = x.sum(axes: axes, keepingAxes: true)
    #expect(kept.rank == shape.count && kept.values == sum.values)
    let count = Float(axes.map { shape[$0 < 0 ? $0 + shape.count : $0] }.product)
    if count > 0 {
      #expect(zip(x.mean(axes: axes).values, reference).allSatisfy { abs($0 - Float($1) / count) < 1e-6 })
    }
  }

  @Test("gradients", arguments: cases.filter { $0.0.product < 10_000 })
  func gradients(shape: [Int], axes: [Int], expected: [Int]) {
    let x = Tensor.random(shape)
    #expect(gradientMismatches(at: [x]) { $0[0].sum(axes: axes) } == [])
    #expect(gradientMismatches(at: [x]) { $0[0].sum(axes: axes, keepingAxes: true) } == [])
    guard x.count > 0 else { return }
    #expect(gradientMismatches(at: [x]) { $0[0].mean(axes: axes) } == [])
  }

  @Test("a large sum keeps its digits")
  func accuracy() {
    #expect(abs(Tensor(repeating: 0.1, shape: [3_000_001]).sum().scalar / 300_000.1045 - 1) < 3e-7)
    #expect(abs(Tensor(repeating: 0.1, shape: [1000, 3001]).mean().scalar / 0.1 - 1) < 3e-7)
    let columns = Tensor(repeating: 0.1, shape: [100_000, 2]).mean(axes: [0]).values
    #expect(columns.allSatisfy { abs($0 - 0.1) < 1e-6 }, "\(columns)")
  }

  @Test("nothing sums to 0, and has no mean")
  func empty() {
    #expect(Tensor.zeros([0]).sum().scalar == 0)
    #expect(Tensor.zeros([0]).mean().scalar.isNaN)
  }

  @Test("the same bits for any number of threads")
  func threads() {
    let x = Tensor.random([333, 777])
    let before = Threads.count
    defer { Threads.count = before }
    let results = [1, 2, 5].map { count in
      Threads.count = count
      return x.sum().values + x.sum(axes: [0]).values + x.sum(axes: [1]).values
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
