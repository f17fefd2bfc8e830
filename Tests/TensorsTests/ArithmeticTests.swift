import TestSupport
import Testing

import Tensors

@Suite("arithmetic")
struct ArithmeticTests {
  /// Shapes of the two sides and of the result.
  static let shapes: [([Int], [Int], [Int])] = [
    ([5, 7], [5, 7], [5, 7]), ([], [], []), ([4, 3], [], [4, 3]), ([], [4, 3], [4, 3]),
    ([2, 5, 33], [33], [2, 5, 33]), ([33], [2, 5, 33], [2, 5, 33]),
    ([2, 3, 1, 5], [3, 4, 1], [2, 3, 4, 5]),
    ([3, 1], [1, 4], [3, 4]), ([2, 3, 4], [3, 4], [2, 3, 4]), ([2, 3, 4], [2, 1, 1], [2, 3, 4]),
    ([0, 3], [3], [0, 3]), ([4, 0], [4, 1], [4, 0]), ([1, 1], [3], [1, 3]), ([40_000, 2], [2], [40_000, 2]),
  ]

  /// The number of a tensor that broadcasting puts at a row-major position of `shape`.
  static func broadcast(_ x: Tensor, to shape: [Int]) -> [Float] {
    let values = x.values
    return (0..<shape.product).map { position in
      var (rest, offset, stride) = (position, 0, 1)
      for axis in shape.indices.reversed() {
        let own = axis - (shape.count - x.rank)
        if own >= 0 {
          if x.shape[own] > 1 { offset += rest % shape[axis] * stride }
          stride *= x.shape[own]
        }
        rest /= shape[axis]
      }
      return values[offset]
    }
  }

  @Test("shapes broadcast", arguments: shapes)
  func values(left: [Int], right: [Int], expected: [Int]) {
    let a = Tensor.random(left, seed: 1)
    let b = Tensor.random(right, in: 0.5...2, seed: 2)
    let (x, y) = (Self.broadcast(a, to: expected), Self.broadcast(b, to: expected))
    #expect((a + b).shape == expected)
    #expect((a + b).values == zip(x, y).map { $0 + $1 })
    #expect((a - b).values == zip(x, y).map { $0 - $1 })
    #expect((a * b).values == zip(x, y).map { $0 * $1 })
    #expect((a / b).values == zip(x, y).map { $0 / $1 })
  }

  @Test("gradients", arguments: shapes.filter { $0.2.product < 1000 })
  func gradients(left: [Int], right: [Int], expected: [Int]) {
    let inputs = [Tensor.random(left, seed: 1), Tensor.random(right, in: 0.5...2, seed: 2)]
    #expect(gradientMismatches(at: inputs) { $0[0] + $0[1] } == [])
    #expect(gradientMismatches(at: inputs) { $0[0] - $0[1] } == [])
    #expect(gradientMismatches(at: inputs) { $0[0] * $0[1] } == [])
    #expect(gradientMismatches(at: inputs, tolerance: 4e-3) { $0[0] / $0[1] } == [])
    #expect(gradientMismatches(at: [inputs[0]]) { $0[0] * $0[0] } == [])
  }

  @Test("numbers on either side")
  func numbers() {
    let x = Tensor([1, 2, 4], shape: [3])
    #expect((x + 1).values == [2, 3, 5] && (1 + x).values == [2, 3, 5])
    #expect((x - 1).values == [0, 1, 3] && (1 - x).values == [0, -1, -3])
    #expect((x * 2).values == [2, 4, 8] && (2 * x).values == [2, 4, 8])
    #expect((x / 2).values == [0.5, 1, 2] && (4 / x).values == [4, 2, 1])
    #expect((-x).values == [-1, -2, -4])
  }

  @Test("one side without gradient gets none")
  func oneSide() {
    let (a, b) = (Tensor.random([3, 2], seed: 1).withGradient(), Tensor.random([2], seed: 2))
    (a * b / b - b + b).sum().backward()
    #expect(a.gradient?.shape == [3, 2])
    #expect(b.gradient == nil)
  }
}
