import TestSupport
import Testing

import Tensors

/// Sizes and arguments of one convolution.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  var x: [Int]
  var weight: [Int]
  var stride = (1, 1)
  var padding = (0, 0)
  var dilation = (1, 1)
  var groups = 1

  var testDescription: String {
    "x \(x) weight \(weight) stride \(stride) padding \(padding) dilation \(dilation) groups \(groups)"
  }

  static let all: [ConvolutionCase] = [
    .init(x: [2, 9, 11, 5], weight: [7, 3, 3, 5], padding: (1, 1)),
    .init(x: [1, 13, 10, 4], weight: [6, 3, 3, 4], stride: (2, 2), padding: (1, 1)),
    .init(x: [1, 21, 18, 3], weight: [8, 7, 7, 3], stride: (2, 2), padding: (3, 3)),
    .init(x: [2, 5, 7, 6], weight: [9, 1, 1, 6]),
    .init(x: [1, 18, 23, 3], weight: [8, 4, 4, 3], stride: (4, 4)),
    .init(x: [1, 11, 9, 4], weight: [5, 3, 3, 4], padding: (2, 2), dilation: (2, 2)),
    .init(x: [1, 7, 8, 8], weight: [12, 3, 3, 2], padding: (1, 1), groups: 4),
    .init(x: [2, 10, 6, 8], weight: [8, 3, 3, 1], padding: (1, 1), groups: 8),
    .init(x: [1, 9, 13, 19], weight: [19, 3, 3, 1], padding: (1, 1), groups: 19),
    .init(x: [2, 6, 5, 33], weight: [33, 3, 3, 1], padding: (2, 0), groups: 33),
    .init(x: [1, 9, 8, 18], weight: [18, 5, 3, 1], stride: (2, 1), padding: (2, 1), groups: 18),
    .init(x: [1, 9, 8, 6], weight: [6, 3, 3, 1], padding: (2, 2), dilation: (2, 2), groups: 6),
    .init(x: [1, 1, 1, 4], weight: [3, 3, 3, 4], padding: (1, 1)),
    .init(x: [1, 6, 7, 4], weight: [5, 2, 3, 4], stride: (1, 3), padding: (0, 2)),
    .init(x: [1, 5, 5, 3], weight: [4, 1, 1, 3], stride: (2, 2)),
    .init(x: [1, 4, 6, 2], weight: [3, 2, 2, 2], padding: (3, 3)),
    .init(x: [3, 17, 30, 20], weight: [9, 3, 3, 20], padding: (1, 1)),
    .init(x: [2, 40, 50, 33], weight: [65, 3, 3, 33], stride: (2, 2), padding: (1, 1)),
  ]

  func callAsFunction(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    conv2d(
      x, weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// The definition, in double precision.
  func expected(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> [Float] {
    let (xs, ws, bs) = (x.values, weight.values, bias.values)
    let (height, width, inputs) = (self.x[1], self.x[2], self.x[3])
    let (outputs, kh, kw, group) = (self.weight[0], self.weight[1], self.weight[2], self.weight[3])
    let oh = (height + 2 * padding.0 - dilation.0 * (kh - 1) - 1) / stride.0 + 1
    let ow = (width + 2 * padding.1 - dilation.1 * (kw - 1) - 1) / stride.1 + 1
    var y: [Float] = []
    for b in 0..<self.x[0] {
      for row in 0..<oh {
        for column in 0..<ow {
          for o in 0..<outputs {
            var sum = Double(bs[o])
            let first = o / (outputs / groups) * group
            for ky in 0..<kh {
              let iy = row * stride.0 - padding.0 + ky * dilation.0
              guard iy >= 0, iy < height else { continue }
              for kx in 0..<kw {
                let ix = column * stride.1 - padding.1 + kx * dilation.1
                guard ix >= 0, ix < width else { continue }
                for i in 0..<group {
                  sum +=
                    Double(xs[((b * height + iy) * width + ix) * inputs + first + i])
                    * Double(ws[((o * kh + ky) * kw + kx) * group + i])
                }
              }
            }
            y.append(Float(sum))
          }
        }
      }
    }
    return y
  }
}

@Suite("convolution")
struct ConvolutionTests {
  @Test("the definition", arguments: ConvolutionCase.all)
  func definition(_ conv: ConvolutionCase) {
    let x = Tensor.random(conv.x, seed: 1)
    let weight = Tensor.random(conv.weight, seed: 2)
    let bias = Tensor.random([conv.weight[0]], seed: 3)
    let y = conv(x, weight, bias)
    let expected = conv.expected(x, weight, bias)
    #expect(y.count == expected.count)
    #expect(zip(y.values, expected).allSatisfy { abs($0 - $1) <= 2e-5 })
  }

  @Test("gradients", arguments: ConvolutionCase.all)
  func gradients(_ conv: ConvolutionCase) {
    let x = Tensor.random(conv.x, seed: 1)
    let weight = Tensor.random(conv.weight, seed: 2)
    let bias = Tensor.random([conv.weight[0]], seed: 3)
    #expect(gradientMismatches(at: [x, weight, bias], samples: 24) { conv($0[0], $0[1], $0[2]) } == [])
    #expect(gradientMismatches(at: [x], samples: 4) { conv($0[0], weight, nil) } == [])
    #expect(gradientMismatches(at: [weight], samples: 4) { conv(x, $0[0], bias) } == [])
  }

  /// Depthwise, with SiLU behind them: in one pass, over several bands and blocks of channels, and in several passes.
  static let activated: [ConvolutionCase] = [
    .init(x: [2, 10, 6, 8], weight: [8, 3, 3, 1], padding: (1, 1), groups: 8),
    .init(x: [2, 25, 9, 200], weight: [200, 3, 3, 1], padding: (1, 1), groups: 200),
    .init(x: [1, 1, 1, 8], weight: [8, 3, 3, 1], padding: (1, 1), groups: 8),
    .init(x: [1, 2, 2, 16], weight: [16, 3, 3, 1], padding: (1, 1), groups: 16),
    .init(x: [1, 9, 13, 19], weight: [19, 3, 3, 1], padding: (1, 1), groups: 19),
    .init(x: [1, 9, 8, 8], weight: [8, 3, 3, 1], stride: (2, 2), padding: (1, 1), groups: 8),
    .init(x: [1, 9, 8, 8], weight: [8, 5, 5, 1], padding: (2, 2), groups: 8),
    .init(x: [0, 9, 8, 8], weight: [8, 3, 3, 1], padding: (1, 1), groups: 8),
  ]

  @Test("depthwise with SiLU: what the two give one after the other, and its gradients", arguments: activated)
  func depthwiseSilu(_ conv: ConvolutionCase) {
    func joined(_ x: [Tensor]) -> Tensor {
      conv2d(
        x[0], weight: x[1], bias: x.count > 2 ? x[2] : nil, stride: conv.stride, padding: conv.padding,
        groups: conv.groups, activation: .silu)
    }
    let inputs = [
      Tensor.random(conv.x, seed: 1), .random(conv.weight, seed: 2), .random([conv.weight[0]], seed: 3),
    ]
    #expect(joined(inputs).values == conv(inputs[0], inputs[1], inputs[2]).silu().values)
    #expect(gradientMismatches(at: inputs, tolerance: 2e-3, samples: 24) { joined($0) } == [])
    #expect(gradientMismatches(at: Array(inputs.prefix(2)), tolerance: 2e-3, samples: 4) { joined($0) } == [])
    #expect(
      gradientMismatches(at: [inputs[1]], tolerance: 2e-3, samples: 4) { joined([inputs[0], $0[0]]) } == [])

    // Every number of the gradients is that of the two one after the other.
    func gradients(_ function: ([Tensor]) -> Tensor) -> [[Float]] {
      let leaves = inputs.map { $0.withGradient() }
      let y = function(leaves)
      y.backward(from: .random(y.shape, seed: 9))
      return leaves.map { $0.gradient?.values ?? [] }
    }
    for (one, two) in zip(gradients(joined), gradients { conv($0[0], $0[1], $0[2]).silu() }) {
      #expect(one.count == two.count)
      #expect(zip(one, two).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
    }
  }

  @Test("empty batches", arguments: [1, 8])
  func empty(groups: Int) throws {
    let x = Tensor.zeros([0, 5, 5, 8]).withGradient()
    let weight = Tensor.random([8, 3, 3, 8 / groups]).withGradient()
    let y = conv2d(x, weight: weight, padding: (1, 1), groups: groups)
    #expect(y.shape == [0, 5, 5, 8])
    y.backward(from: Tensor.zeros(y.shape))
    let gradient = try #require(weight.gradient)
    #expect(gradient.values.allSatisfy { $0 == 0 })
  }
}
