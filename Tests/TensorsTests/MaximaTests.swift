import TestSupport
import Testing

import Tensors

@Suite("positions of maxima")
struct MaximaTests {
  @Test(
    "the first among equals",
    arguments: [
      ([1, 3, 2], [1]), ([4, 4, 1, 0, 2, 2], [0, 1]), ([-1, -2, -.infinity], [0]),
    ] as [([Float], [Int32])])
  func rows(values: [Float], expected: [Int32]) {
    #expect(Tensor(values, shape: [values.count / 3, 3]).indicesOfMaxima == expected)
  }
}

@Suite("maxima")
struct LargestNumberTests {
  static let shapes: [([Int], Int)] = [
    ([5], 0), ([4, 11], -1), ([3, 8, 5], 1), ([3, 8, 5], 0), ([2, 3, 77], 2), ([1, 1], 0), ([7, 600], 0),
    ([2, 5, 3, 33], 1), ([3, 31], 1), ([3, 32], 1), ([3, 33], 1), ([2, 1000], 1),
  ]

  /// Numbers that are all apart by more than the steps of the gradient check.
  static func distinct(_ shape: [Int]) -> Tensor {
    var generator = RandomGenerator(seed: 5, purpose: .dataOrder)
    return Tensor(generator.permutation(shape.product).map { Float($0) * 0.125 - 9 }, shape: shape)
  }

  /// The first largest number along an axis, by comparing all.
  static func reference(_ x: Tensor, _ axis: Int) -> (values: [Float], indices: [Int32]) {
    let axis = axis < 0 ? axis + x.rank : axis
    let (outer, inner) = (x.shape[..<axis].product, x.shape[(axis + 1)...].product)
    let (numbers, extent) = (x.values, x.shape[axis])
    var (values, indices): ([Float], [Int32]) = ([], [])
    for o in 0..<outer {
      for i in 0..<inner {
        var best = 0
        for k in 1..<max(1, extent)
        where numbers[(o * extent + k) * inner + i] > numbers[(o * extent + best) * inner + i] { best = k }
        values.append(numbers[(o * extent + best) * inner + i])
        indices.append(Int32(best))
      }
    }
    return (values, indices)
  }

  @Test("along an axis, with their places", arguments: shapes)
  func alongAxis(shape: [Int], axis: Int) {
    // Few different numbers: many are equal, and the first one counts.
    let coarse = Tensor(Self.distinct(shape).values.map { ($0 / 4).rounded() }, shape: shape)
    for x in [Self.distinct(shape), coarse] {
      let (values, indices) = x.maximum(axis: axis)
      let expected = Self.reference(x, axis)
      #expect(values.values == expected.values)
      #expect(indices == expected.indices)
      #expect(x.maximum(axes: [axis]).values == expected.values)
    }
    let place = axis < 0 ? axis + shape.count : axis
    var kept = shape
    kept[place] = 1
    #expect(coarse.maximum(axis: axis, keepingAxis: true).values.shape == kept)
    #expect(coarse.maximum(axes: [axis], keepingAxes: true).shape == kept)
    kept.remove(at: place)
    #expect(coarse.maximum(axis: axis).values.shape == kept)
    #expect(coarse.maximum(axes: [axis]).shape == kept)
  }

  @Test("gradients", arguments: shapes)
  func gradients(shape: [Int], axis: Int) {
    let x = Self.distinct(shape)
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axis: axis).values } == [])
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axis: axis, keepingAxis: true).values } == [])
  }

  @Test(
    "over several axes",
    arguments: [
      ([3, 4, 5, 6], [1, 3]), ([3, 4, 5, 6], [0, 1, 2, 3]), ([3, 4, 5], []), ([], []), ([40, 3], [0, 1]),
    ])
  func severalAxes(shape: [Int], axes: [Int]) {
    let x = Self.distinct(shape)
    var expected = x
    for axis in axes { expected = expected.maximum(axis: axis, keepingAxis: true).values }
    let y = x.maximum(axes: axes)
    #expect(y.values == expected.values)
    #expect(y.rank == shape.count - axes.count)
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axes: axes) } == [])
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axes: axes, keepingAxes: true) } == [])
  }

  @Test("the first of equal numbers gets the gradient along one axis, all share it over several")
  func ties() {
    let x = Tensor([1, 3, 3, 0, 2, 2], shape: [2, 3]).withGradient()
    x.maximum(axis: 1).values.sum().backward()
    #expect(x.gradient?.values == [0, 1, 0, 0, 1, 0])
    x.clearGradient()
    (x.maximum(axes: [1]) * 4).sum().backward()
    #expect(x.gradient?.values == [0, 2, 2, 0, 2, 2])
  }

  @Test("NaN is the largest, wherever it is", arguments: [0, 1, 20, 34, 39])
  func notANumber(place: Int) {
    var numbers = (0..<40).map { Float($0) }
    numbers[place] = .nan
    for (shape, axis) in [([40], 0), ([40, 1], 0), ([1, 40], 1)] {
      let (values, indices) = Tensor(numbers, shape: shape).maximum(axis: axis)
      #expect(values.scalar.isNaN && indices == [Int32(place)])
    }
    let columns = Tensor(numbers.flatMap { [$0, 1] }, shape: [40, 2]).maximum(axis: 0)
    #expect(columns.values.values[0].isNaN && columns.indices == [Int32(place), 0])
    #expect(Tensor(numbers, shape: [40]).maximum(axes: [0]).scalar.isNaN)
  }

  @Test("no rows")
  func empty() {
    let x = Tensor.zeros([0, 3])
    #expect(x.maximum(axis: 1).values.shape == [0] && x.maximum(axes: [1]).shape == [0])
    #expect(Tensor.zeros([0, 3, 0]).maximum(axis: 0).values.shape == [3, 0])
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axis: 1).values } == [])
    #expect(gradientMismatches(at: [x]) { $0[0].maximum(axes: [1]) } == [])
  }
}
