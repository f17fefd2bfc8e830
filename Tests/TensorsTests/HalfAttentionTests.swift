import TestSupport
import Testing

import Tensors

private let isAvailable = Precision.bfloat16.isAvailable

/// Root of the mean square of what differs, against the wanted numbers'.
private func difference(_ found: Tensor, _ wanted: Tensor) -> Double {
  let squares = zip(found.values, wanted.values).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
  return (squares / max(1e-30, wanted.values.reduce(0.0) { $0 + Double($1 * $1) })).squareRoot()
}

@Suite("attention with products in bfloat16", .enabled(if: isAvailable))
struct HalfAttentionTests {
  @Test(
    "is that of float32 but for the rounding of its products",
    arguments: [
      // Images, tokens, heads, channels of a head: beside the sizes of vectors, pairs, tiles and blocks.
      [1, 1, 1, 1], [2, 2, 1, 2], [1, 15, 2, 3], [1, 16, 1, 16], [2, 17, 3, 33], [1, 49, 3, 32],
      [2, 197, 2, 64],
      [1, 300, 1, 54], [1, 700, 1, 8], [1, 33, 1, 130],
    ])
  func tokens(_ size: [Int]) {
    let x = Tensor.random([size[0], size[1], 3 * size[2] * size[3]], seed: 1)
    let scale = 1 / Float(size[3]).squareRoot()
    let found = attention(x, heads: size[2], scale: scale, precision: .bfloat16)
    #expect(difference(found, attention(x, heads: size[2], scale: scale)) < 6e-3)
  }

  @Test(
    "in windows, too, with shifts, bias, and sides that are no whole vectors",
    arguments: [
      // Side of the map, window, shift, heads, channels of a head.
      [4, 2, 1, 1, 4], [14, 7, 3, 3, 32], [14, 7, 0, 2, 17], [5, 5, 2, 2, 16], [24, 12, 6, 1, 32],
    ], [true, false])
  func windows(_ size: [Int], hasBias: Bool) {
    let x = Tensor.random([2, size[0], size[0], 3 * size[3] * size[4]], seed: 1)
    let positions = size[1] * size[1]
    let bias = hasBias ? Tensor.random([size[3], positions, positions], seed: 2) : nil
    func run(_ precision: Precision) -> Tensor {
      windowAttention(
        x, heads: size[3], window: size[1], shift: size[2], scale: 0.5, bias: bias, precision: precision)
    }
    #expect(difference(run(.bfloat16), run(.float32)) < 6e-3)
  }

  @Test("an image has the same bits alone, in a batch, and with any number of threads")
  func bits() {
    let x = Tensor.random([3, 14, 14, 96], seed: 1)
    func run(_ x: Tensor) -> [[Float]] {
      let tokens = x.reshaped([x.shape[0], 196, 96])
      return [
        attention(tokens, heads: 2, scale: 0.3, precision: .bfloat16).values,
        windowAttention(x, heads: 2, window: 7, shift: 3, scale: 0.3, precision: .bfloat16).values,
      ]
    }
    let whole = run(x)
    let before = Threads.count
    defer { Threads.count = before }
    for count in [1, 2, 5] {
      Threads.count = count
      #expect(run(x) == whole)
    }
    let alone = run(x.sliced(axis: 0, from: 1, to: 2))
    for (part, all) in zip(alone, whole) { #expect(part == Array(all[part.count..<2 * part.count])) }
  }

  @Test("with a derivative to come it is float32")
  func derivative() {
    let x = Tensor.random([1, 20, 24], seed: 1)
    let plain = attention(x, heads: 2, scale: 0.3)
    #expect(attention(x.withGradient(), heads: 2, scale: 0.3, precision: .bfloat16).values == plain.values)
    #expect(attention(x, heads: 2, scale: 0.3, precision: .bfloat16).values != plain.values)
  }
}
