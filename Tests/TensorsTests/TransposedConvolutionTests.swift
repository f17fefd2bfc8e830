import TestSupport
import Testing

import Tensors

/// Sizes and arguments of one transposed convolution.
struct TransposedCase: Sendable, CustomTestStringConvertible {
  var x: [Int]
  var weight: [Int]
  var stride = (1, 1)
  var padding = (0, 0)
  var outputPadding = (0, 0)
  var dilation = (1, 1)
  var groups = 1

  var testDescription: String { "x \(x) weight \(weight) stride \(stride) padding \(padding)" }

  static let all: [TransposedCase] = [
    .init(x: [2, 7, 6, 6], weight: [6, 2, 2, 5], stride: (2, 2)),
    .init(x: [2, 5, 6, 4], weight: [4, 3, 3, 4], stride: (2, 2), padding: (1, 1), outputPadding: (1, 1)),
    .init(x: [1, 4, 3, 6], weight: [6, 3, 2, 2], stride: (1, 3), padding: (1, 0), groups: 3),
    .init(x: [1, 4, 5, 2], weight: [2, 3, 3, 3], padding: (2, 2), dilation: (2, 2)),
    .init(x: [0, 14, 14, 8], weight: [8, 2, 2, 8], stride: (2, 2)),
    .init(x: [3, 20, 30, 33], weight: [33, 4, 4, 17], stride: (2, 2), padding: (1, 1)),
  ]

  func callAsFunction(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    convTranspose2d(
      x, weight: weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding,
      dilation: dilation, groups: groups)
  }

  /// The definition: every pixel spreads its window over the result.
  func expected(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, shape: [Int]) -> [Float] {
    let (xs, ws, bs) = (x.values, weight.values, bias.values)
    let (height, width, inputs) = (self.x[1], self.x[2], self.x[3])
    let (kh, kw, group) = (self.weight[1], self.weight[2], self.weight[3])
    var y = [Double](repeating: 0, count: shape.reduce(1, *))
    for i in y.indices { y[i] = Double(bs[i % shape[3]]) }
    for b in 0..<self.x[0] {
      for (row, column) in (0..<height).flatMap({ row in (0..<width).map { (row, $0) } }) {
        for (ky, kx) in (0..<kh).flatMap({ ky in (0..<kw).map { (ky, $0) } }) {
          let oy = row * stride.0 - padding.0 + ky * dilation.0
          let ox = column * stride.1 - padding.1 + kx * dilation.1
          guard (0..<shape[1]).contains(oy), (0..<shape[2]).contains(ox) else { continue }
          for i in 0..<inputs {
            for o in 0..<group {
              let output = i / (inputs / groups) * group + o
              y[((b * shape[1] + oy) * shape[2] + ox) * shape[3] + output] +=
                Double(xs[((b * height + row) * width + column) * inputs + i])
                * Double(ws[((i * kh + ky) * kw + kx) * group + o])
            }
          }
        }
      }
    }
    return y.map(Float.init)
  }
}

@Suite("transposed convolution")
struct TransposedConvolutionTests {
  @Test("the definition, and gradients", arguments: TransposedCase.all)
  func definition(_ conv: TransposedCase) {
    let x = Tensor.random(conv.x, seed: 1)
    let weight = Tensor.random(conv.weight, seed: 2)
    let bias = Tensor.random([conv.weight[3] * conv.groups], seed: 3)
    let y = conv(x, weight, bias)
    for (axis, (kernel, stride, padding, more, dilation)) in [
      (conv.weight[1], conv.stride.0, conv.padding.0, conv.outputPadding.0, conv.dilation.0),
      (conv.weight[2], conv.stride.1, conv.padding.1, conv.outputPadding.1, conv.dilation.1),
    ].enumerated() {
      #expect(
        y.shape[axis + 1] == (conv.x[axis + 1] - 1) * stride - 2 * padding + dilation * (kernel - 1) + more
          + 1)
    }
    let expected = conv.expected(x, weight, bias, shape: y.shape)
    #expect(zip(y.values, expected).allSatisfy { abs($0 - $1) <= 2e-5 })
    #expect(gradientMismatches(at: [x, weight, bias], samples: 24) { conv($0[0], $0[1], $0[2]) } == [])
  }
}
