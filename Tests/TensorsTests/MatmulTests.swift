import TestSupport
import Testing

import Tensors

@Suite("products of matrices")
struct MatmulTests {
  /// Shapes without transposition.
  static let shapes: [([Int], [Int])] = [
    ([7, 5], [5, 9]), ([2, 3, 4, 6], [2, 3, 6, 5]), ([3, 4, 6], [6, 5]), ([4, 6], [3, 6, 5]),
    ([2, 1, 5, 3], [4, 3, 7]), ([1, 5, 3], [1, 3, 1]), ([1, 1], [1, 1]), ([9, 5, 3], [9, 3, 4]),
    ([2, 4, 1], [2, 1, 3]),
  ]
  static let emptyShapes: [([Int], [Int])] = [
    ([0, 5], [5, 3]), ([4, 0], [0, 3]), ([0, 4, 5], [5, 3]), ([0, 4, 5], [0, 5, 3]),
    ([0, 1, 4, 5], [2, 5, 3]),
    ([2, 4, 5], [2, 5, 0]),
  ]

  static func swapped(_ x: Tensor) -> Tensor {
    x.permuted(Array(0..<x.rank - 2) + [x.rank - 1, x.rank - 2])
  }

  /// By broadcasting products and sums.
  static func reference(_ a: Tensor, _ b: Tensor) -> Tensor {
    (a.expandedAxis(at: a.rank) * b.expandedAxis(at: b.rank - 2)).sum(axes: [-2])
  }

  @Test("values and gradients, transposed and not", arguments: shapes + emptyShapes)
  func all(left: [Int], right: [Int]) {
    let (a, b) = (Tensor.random(left, seed: 1), Tensor.random(right, seed: 2))
    let expected = Self.reference(a, b)
    for (transposingA, transposingB) in [(false, false), (true, false), (false, true), (true, true)] {
      let inputs = [transposingA ? Self.swapped(a) : a, transposingB ? Self.swapped(b) : b]
      func product(_ inputs: [Tensor]) -> Tensor {
        matmul(inputs[0], inputs[1], transposingA: transposingA, transposingB: transposingB)
      }
      let y = product(inputs)
      #expect(y.shape == expected.shape)
      #expect(zip(y.values, expected.values).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(gradientMismatches(at: inputs, samples: 24, of: product) == [])
    }
  }

  @Test(
    "large products, cut into pieces",
    arguments: [
      ([400, 70], [70, 90]), ([2, 300, 80], [2, 80, 70]), ([3, 200, 60], [60, 80]),
      ([40, 70, 20], [40, 20, 70]),
    ])
  func large(left: [Int], right: [Int]) {
    let (a, b) = (Tensor.random(left, seed: 1), Tensor.random(right, seed: 2))
    let expected = Self.reference(a, b)
    for (transposingA, transposingB) in [(false, false), (true, false), (false, true), (true, true)] {
      let y = matmul(
        transposingA ? Self.swapped(a) : a, transposingB ? Self.swapped(b) : b, transposingA: transposingA,
        transposingB: transposingB)
      #expect(zip(y.values, expected.values).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    // The gradients are products too: of the reference's gradients.
    let leaves = [a, b, a, b].map { $0.withGradient() }
    let cotangent = Tensor.random(expected.shape, seed: 3)
    matmul(leaves[0], leaves[1]).backward(from: cotangent)
    Self.reference(leaves[2], leaves[3]).backward(from: cotangent)
    for side in 0..<2 {
      let (found, wanted) = (leaves[side].gradient?.values ?? [], leaves[side + 2].gradient?.values ?? [])
      #expect(found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) < 2e-4 })
    }
  }

  @Test("one side without gradient gets none")
  func oneSide() {
    let (a, b) = (Tensor.random([3, 2], seed: 1).withGradient(), Tensor.random([2, 4], seed: 2))
    matmul(a, b).sum().backward()
    #expect(a.gradient?.shape == [3, 2] && b.gradient == nil)
  }
}
