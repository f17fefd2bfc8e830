import TestSupport
import Testing

import Tensors

/// An operation on tensors as large as a model's, with its derivative.
struct LargeCase: Sendable, CustomTestStringConvertible {
  let name: String
  let shapes: [[Int]]
  /// So many threads have a piece each.
  let threads: Int
  let function: @Sendable (_ inputs: [Tensor]) -> Tensor

  init(
    _ name: String, _ shapes: [[Int]], threads: Int = 16,
    _ function: @escaping @Sendable (_ inputs: [Tensor]) -> Tensor
  ) {
    (self.name, self.shapes, self.threads, self.function) = (name, shapes, threads, function)
  }

  var testDescription: String { name }

  static let all = products + maps + others

  private static let products: [LargeCase] = [
    LargeCase("linear of many rows", [[6400, 192], [384, 192], [384]]) { x in
      linear(x[0], weight: x[1], bias: x[2])
    },
    LargeCase("linear of few rows", [[392, 768], [3072, 768]]) { x in linear(x[0], weight: x[1]) },
    LargeCase("linear to few outputs", [[20000, 192], [40, 192]]) { x in linear(x[0], weight: x[1]) },
    LargeCase("linear of many inputs", [[512, 4096], [512, 4096]]) { x in linear(x[0], weight: x[1]) },
    LargeCase("linear with an activation", [[6400, 96], [384, 96]]) { x in
      linear(x[0], weight: x[1], activation: .gelu)
    },
    LargeCase("product with one matrix", [[2, 1600, 256], [256, 256]]) { x in matmul(x[0], x[1]) },
    LargeCase("attention", [[2, 800, 288]]) { x in attention(x[0], heads: 3, scale: 0.3) },
    LargeCase("attention in windows", [[1, 56, 56, 288], [3, 49, 49]]) { x in
      windowAttention(x[0], heads: 3, window: 7, shift: 3, scale: 0.3, bias: x[1])
    },
  ]

  private static let maps: [LargeCase] =
    [(1, 1), (3, 1), (3, 2), (7, 2)].map { kernel, stride in
      LargeCase(
        "convolution \(kernel)x\(kernel), stride \(stride)",
        [[1, 80, 100, 128], [128, kernel, kernel, 128]]
      ) { x in
        conv2d(
          x[0], weight: x[1], stride: (stride, stride), padding: (kernel / 2, kernel / 2))
      }
    } + [
      LargeCase("convolution of regions", [[64, 14, 14, 128], [128, 3, 3, 128]]) { x in
        conv2d(x[0], weight: x[1], padding: (1, 1))
      },
      LargeCase("depthwise convolution", [[1, 100, 100, 192], [192, 3, 3, 1]]) { x in
        conv2d(x[0], weight: x[1], padding: (1, 1), groups: 192)
      },
      LargeCase("depthwise convolution with SiLU", [[1, 100, 100, 192], [192, 3, 3, 1], [192]]) { x in
        conv2d(x[0], weight: x[1], bias: x[2], padding: (1, 1), groups: 192, activation: .silu)
      },
      LargeCase("transposed convolution", [[64, 14, 14, 128], [128, 2, 2, 128]]) { x in
        convTranspose2d(x[0], weight: x[1], stride: (2, 2))
      },
      LargeCase("layer norm", [[1, 100, 100, 192], [192], [192]]) { x in
        layerNorm(x[0], weight: x[1], bias: x[2], epsilon: 1e-5)
      },
      LargeCase("layer norm with a gate", [[1, 100, 100, 192], [192], [192], [1, 100, 100, 192]]) { x in
        layerNorm(x[0], weight: x[1], bias: x[2], epsilon: 1e-5, siluGatedBy: x[3])
      },
      LargeCase("group norm", [[1, 100, 100, 192], [192], [192]]) { x in
        groupNorm(x[0], groups: 32, weight: x[1], bias: x[2], epsilon: 1e-5)
      },
      LargeCase("batch norm", [[1, 100, 100, 192], [192], [192]]) { x in
        batchNorm(
          x[0], weight: x[1], bias: x[2], mean: .zeros([192]), variance: .ones([192]), epsilon: 1e-5)
      },
      // Four directions of three ranges of channels: narrower ones gather B and C once more and take a tenth longer.
      LargeCase(
        "four scans",
        [[1, 100, 100, 192], [1, 100, 100, 4 * 38], [4, 192, 6], [4, 192], [768, 16], [768]], threads: 12
      ) { x in
        crossSelectiveScan(x[0], projected: x[1], dtWeight: x[2], dtBias: x[3], aLogs: x[4], skip: x[5])
      },
      LargeCase("largest of windows", [[1, 200, 200, 64]]) { x in
        maxPool2d(x[0], kernel: (3, 3), stride: (2, 2), padding: (1, 1))
      },
      LargeCase("bilinear resizing", [[1, 50, 50, 192]]) { x in
        x[0].resizedBilinear(height: 100, width: 100, alignCorners: false)
      },
      LargeCase("resizing to the nearest", [[1, 50, 50, 192]]) { x in
        x[0].resizedNearest(height: 100, width: 100)
      },
    ]

  /// A class for each of 10000 positions.
  private static let labels: [Int32] = (0..<10000).map { Int32($0 % 150) }

  private static let others: [LargeCase] = [
    LargeCase("arithmetic", [[1, 100, 100, 192], [1, 100, 100, 192]]) { x in x[0] * x[1] + x[0] },
    LargeCase("activation", [[1, 100, 100, 192]]) { x in x[0].gelu() },
    LargeCase("gating", [[1, 100, 100, 192], [1, 100, 100, 192]]) { x in x[0].siluGated(by: x[1]) },
    LargeCase("residual", [[2, 100, 100, 96], [1, 100, 100, 96]]) { x in
      x[0].adding(x[1], toSamples: [1], times: [1.5])
    },
    LargeCase("samples", [[2, 100, 100, 192]]) { x in x[0].samples([1]) },
    LargeCase("softmax", [[10000, 150]]) { x in x[0].softmax(axis: -1) },
    LargeCase("mean of a map", [[1, 200, 200, 192]]) { x in x[0].mean(axes: [1, 2]) },
    LargeCase("sum of wide rows", [[96, 40000]]) { x in x[0].sum(axes: [0]) },
    LargeCase("dropout of channels", [[1, 100, 100, 192]]) { x in
      channelDropout(
        x[0], probability: 0.3,
        generators: [RandomGenerator(seed: 5, sample: 0, purpose: .dropPath(layer: 0))])
    },
    LargeCase("permutation", [[1, 100, 100, 192]]) { x in x[0].permuted([0, 3, 1, 2]) },
    LargeCase("rows of an axis", [[600, 49 * 256]]) { x in x[0].rows((0..<512).map { $0 * 7 % 600 }) },
    LargeCase("joining", [[1, 100, 100, 96], [1, 100, 100, 96]]) { x in concatenated(x, axis: 3) },
    LargeCase("cross entropy", [[10000, 150]]) { x in
      crossEntropy(x[0], labels: labels, ignoreIndex: 255)
    },
    LargeCase("dice", [[1, 100, 100, 150]]) { x in
      diceSums(x[0], labels: labels, squares: true).sums
    },
  ]

  /// The part of the time, forward and backward, in which so many threads would not have a piece each.
  func shareOfFewPieces() -> (forward: Double, backward: Double) {
    let leaves = shapes.enumerated().map { Tensor.random($1, in: 0.1...1, seed: $0).withGradient() }
    var y: Tensor?
    let forward = ParallelRecording.record { y = function(leaves) }
    let gradient = y.map { Tensor.random($0.shape, seed: 99) }
    let backward = ParallelRecording.record { if let gradient { y?.backward(from: gradient) } }
    func share(_ trace: ParallelRecording.Trace) -> Double {
      1 - trace.regions.filter { $0.pieces.count >= threads }.reduce(0) { $0 + $1.seconds } / trace.seconds
    }
    return (share(forward), share(backward))
  }
}

extension ParallelRecordingTests {
  // What else the machine does may take its time in any run, but not in all of them.
  @Test("large operations have pieces for sixteen threads", arguments: LargeCase.all)
  func pieces(_ operation: LargeCase) {
    let allowed = 0.2
    var (forward, backward) = (1.0, 1.0)
    for _ in 0..<40 where max(forward, backward) >= allowed {
      let shares = operation.shareOfFewPieces()
      (forward, backward) = (min(forward, shares.forward), min(backward, shares.backward))
    }
    #expect(forward < allowed)
    #expect(backward < allowed)
  }
}
