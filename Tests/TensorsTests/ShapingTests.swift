import TestSupport
import Testing

import Tensors

@Suite("shaping")
struct ShapingTests {
  /// The number at an index.
  static func number(_ x: Tensor, _ index: [Int]) -> Float {
    x.values[zip(index, x.shape).reduce(0) { $0 * $1.1 + $1.0 }]
  }

  /// All indices of a shape, row-major.
  static func indices(_ shape: [Int]) -> [[Int]] {
    shape.reduce([[]]) { found, size in found.flatMap { index in (0..<size).map { index + [$0] } } }
  }

  @Test(
    "reshaping keeps the order",
    arguments: [([2, 6], [3, 4]), ([2, 6], [-1, 3]), ([0, 4], [2, 0]), ([1], [])])
  func reshaped(shape: [Int], target: [Int]) {
    let x = Tensor.random(shape)
    #expect(x.reshaped(target).values == x.values)
    #expect(gradientMismatches(at: [x]) { $0[0].reshaped(target) } == [])
    #expect(x.expandedAxis(at: 0).shape == [1] + shape)
  }

  @Test(
    "permutation",
    arguments: [
      ([2, 3, 4, 5], [0, 2, 3, 1]), ([3, 4, 5], [2, 0, 1]), ([7, 35], [1, 0]),
      ([2, 3, 4, 5, 6], [0, 1, 3, 2, 4]),
      ([1, 3, 1, 2], [3, 0, 1, 2]), ([0, 3], [1, 0]), ([2, 33, 17, 19], [0, 3, 1, 2]), ([4], [0]),
      ([3, 2, 4, 2, 5, 2], [0, 2, 4, 1, 3, 5]), ([2, 20, 30], [0, -1, 1]),
    ])
  func permuted(shape: [Int], axes: [Int]) {
    let x = Tensor.random(shape)
    let y = x.permuted(axes)
    let order = axes.map { $0 < 0 ? $0 + shape.count : $0 }
    #expect(y.shape == order.map { shape[$0] })
    #expect(
      x.count > 3000
        || y.values
          == Self.indices(y.shape).map { index in
            var source = index
            for (position, axis) in order.enumerated() { source[axis] = index[position] }
            return Self.number(x, source)
          }
    )
    var inverse = order
    for (position, axis) in order.enumerated() { inverse[axis] = position }
    #expect(y.permuted(inverse).values == x.values)
    #expect(gradientMismatches(at: [x], samples: 12) { $0[0].permuted(axes) } == [])
  }

  @Test("a large transposition, in parallel pieces")
  func transposition() {
    let x = Tensor.random([301, 257])
    let (source, y) = (x.values, x.permuted([1, 0]).values)
    var expected: [Float] = []
    for column in 0..<257 {
      for row in 0..<301 { expected.append(source[row * 257 + column]) }
    }
    #expect(y == expected)
  }

  @Test("padding")
  func padded() {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    let y = x.padded([(before: 1, after: 0), (before: 0, after: 2)], value: 9)
    let expected: [Float] = [9, 9, 9, 9, 1, 2, 9, 9, 3, 4, 9, 9]
    #expect(y.values == expected)
    let map = Tensor.random([2, 3, 4, 5])
    let amounts: [(before: Int, after: Int)] = [(0, 0), (1, 2), (0, 3), (0, 0)]
    #expect(map.padded(amounts).shape == [2, 6, 7, 5])
    #expect(gradientMismatches(at: [map]) { $0[0].padded(amounts, value: 2) } == [])
    let none = Tensor.zeros([0, 2]).padded([(before: 1, after: 0), (before: 0, after: 0)], value: 3)
    #expect(none.values == [3, 3])
  }

  @Test(
    "joining",
    arguments: [
      (0, [[2, 3], [1, 3], [0, 3]]), (1, [[2, 3], [2, 1], [2, 0]]), (-1, [[2, 2, 3], [2, 2, 5]]),
    ])
  func concatenation(axis: Int, shapes: [[Int]]) {
    let parts = shapes.enumerated().map { Tensor.random($0.element, seed: $0.offset) }
    let y = concatenated(parts, axis: axis)
    var start = 0
    for part in parts {
      let extent = part.shape[axis < 0 ? axis + part.rank : axis]
      #expect(y.sliced(axis: axis, from: start, to: start + extent).values == part.values)
      start += extent
    }
    #expect(gradientMismatches(at: parts) { concatenated($0, axis: axis) } == [])
  }

  @Test("joining gives no gradient to a part that wants none")
  func concatenationWithoutGradient() {
    let (a, b) = (Tensor.random([2, 1]).withGradient(), Tensor.random([2, 3]))
    concatenated([b, a], axis: 1).sum().backward()
    #expect(a.gradient?.values == [1, 1])
  }

  @Test(
    "slices",
    arguments: [
      (0, 1, 4, 1), (1, 0, 7, 3), (1, 2, 3, 1), (2, 0, 3, 1), (2, 1, 3, 2), (0, 2, 2, 1), (-1, 0, 2, 1),
    ])
  func sliced(axis: Int, start: Int, end: Int, step: Int) {
    let x = Tensor.random([5, 7, 3])
    let y = x.sliced(axis: axis, from: start, to: end, step: step)
    let axis = axis < 0 ? axis + 3 : axis
    let wanted = Array(stride(from: start, to: end, by: step))
    #expect(y.shape[axis] == wanted.count)
    #expect(
      y.values
        == Self.indices(y.shape).map { index in
          var source = index
          source[axis] = wanted[index[axis]]
          return Self.number(x, source)
        })
    #expect(gradientMismatches(at: [x]) { $0[0].sliced(axis: axis, from: start, to: end, step: step) } == [])
  }

  @Test(
    "gathering along an axis",
    arguments: [(2, [2, 3, 8]), (0, [7, 3, 2]), (1, [1, 1, 1]), (1, [2, 0, 6])])
  func gathered(axis: Int, target: [Int]) {
    let x = Tensor.random([2, 3, 6])
    var generator = RandomGenerator(seed: 3, purpose: .dataOrder)
    let indices = (0..<target.product).map { _ in Int32(generator.integer(below: x.shape[axis])) }
    let y = x.gathered(axis: axis, indices: indices, shape: target)
    #expect(
      y.values
        == Self.indices(target).enumerated().map { position, index in
          var source = index
          source[axis] = Int(indices[position])
          return Self.number(x, source)
        })
    #expect(gradientMismatches(at: [x]) { $0[0].gathered(axis: axis, indices: indices, shape: target) } == [])
  }

  @Test("rows by index; gradients of repeated ones add up", arguments: [0, 1, 2])
  func rows(axis: Int) {
    let x = Tensor.random([4, 5, 3])
    let indices = [2, 0, 2, 1, 2]
    let parts = indices.map { x.sliced(axis: axis, from: $0, to: $0 + 1) }
    #expect(x.rows(indices, axis: axis).values == concatenated(parts, axis: axis).values)
    #expect(gradientMismatches(at: [x]) { $0[0].rows(indices, axis: axis) } == [])
    #expect(x.rows([], axis: axis).count == 0)
  }

  @Test(
    "rolling",
    arguments: [
      ([2, 6, 7, 3], [-2, -2], [1, 2]), ([5, 8], [3], [1]), ([5, 8], [-11, 16], [0, -1]), ([3], [0], [0]),
      ([4, 3], [1, 2], [0, 0]), ([0, 3], [1, 1], [0, 1]), ([2, 3, 4], [1, -1, 2], [0, 1, 2]),
    ])
  func rolled(shape: [Int], shifts: [Int], axes: [Int]) {
    let x = Tensor.random(shape)
    let y = x.rolled(shifts, axes: axes)
    var expected = x
    for (axis, shift) in zip(axes, shifts) where x.count > 0 {
      let extent = shape[axis < 0 ? axis + shape.count : axis]
      // The element at i comes from i - shift.
      let cut = ((-shift) % extent + extent) % extent
      expected = concatenated(
        [
          expected.sliced(axis: axis, from: cut, to: extent), expected.sliced(axis: axis, from: 0, to: cut),
        ], axis: axis)
    }
    #expect(y.shape == shape && y.values == expected.values)
    #expect(y.rolled(shifts.map { -$0 }, axes: axes).values == x.values)
    #expect(gradientMismatches(at: [x]) { $0[0].rolled(shifts, axes: axes) } == [])
  }

  @Test("a table's rows by index; gradients of repeated ones add up in order")
  func embedded() {
    let table = Tensor.random([7, 3])
    let indices = (0..<300).map { $0 * $0 % 7 }
    let y = embedding(indices, shape: [20, 15], table: table)
    #expect(y.shape == [20, 15, 3])
    #expect(y.reshaped([300, 3]).values == table.rows(indices).values)
    #expect(gradientMismatches(at: [table]) { embedding(indices, shape: [20, 15], table: $0[0]) } == [])
    let leaf = table.withGradient()
    let cotangent = Tensor.random([20, 15, 3], seed: 8)
    embedding(indices, shape: [20, 15], table: leaf).backward(from: cotangent)
    var expected = [Float](repeating: 0, count: 21)
    for (position, index) in indices.enumerated() {
      for c in 0..<3 { expected[index * 3 + c] += cotangent.values[position * 3 + c] }
    }
    #expect(leaf.gradient?.values == expected)
    #expect(embedding([], shape: [0, 4], table: table).shape == [0, 4, 3])
    #expect(gradientMismatches(at: [table]) { embedding([], shape: [0], table: $0[0]) } == [])
  }
}
