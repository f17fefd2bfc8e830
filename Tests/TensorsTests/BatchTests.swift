import TestSupport
import Testing

import Tensors

/// An operation on a batch: inputs whose first axis is the images, inputs that all images share, and what is made of them.
struct BatchCase: Sendable, CustomTestStringConvertible {
  let name: String
  let images: [[Int]]
  let shared: [[Int]]
  let range: ClosedRange<Float>
  /// The result's first axis is the images again, or a multiple of them; `samples` says which images there are.
  let function: @Sendable (_ inputs: [Tensor], _ samples: Range<Int>) -> Tensor

  /// - Parameter images: The shapes of one image's numbers.
  init(
    _ name: String, _ images: [[Int]], _ shared: [[Int]] = [], in range: ClosedRange<Float> = -1...1,
    _ function: @escaping @Sendable (_ inputs: [Tensor], _ samples: Range<Int>) -> Tensor
  ) {
    (self.name, self.images, self.shared, self.range, self.function) = (name, images, shared, range, function)
  }

  var testDescription: String { name }

  static let count = 5

  /// The result and the gradients by the images, image by image.
  func callAsFunction(_ samples: Range<Int>) -> [[[Float]]] {
    func part(_ whole: Tensor) -> Tensor {
      let size = whole.shape[0] / Self.count
      return whole.sliced(axis: 0, from: samples.lowerBound * size, to: samples.upperBound * size)
    }
    let leaves =
      images.enumerated().map { index, shape in
        part(.random([Self.count] + shape, in: range, seed: index + 1)).withGradient()
      } + shared.enumerated().map { Tensor.random($1, in: range, seed: 50 + $0).withGradient() }
    let y = function(leaves, samples)
    let perImage = y.shape[0] / samples.count
    y.backward(
      from: part(.random([Self.count * perImage] + y.shape.dropFirst(), seed: 99)))
    return ([y] + leaves.prefix(images.count).map { $0.gradient ?? .zeros([samples.count]) }).map { whole in
      let (values, size) = (whole.values, whole.count / samples.count)
      return samples.indices.map { image in
        let start = (image - samples.lowerBound) * size
        return Array(values[start..<start + size])
      }
    }
  }

  static let all = products + convolutions + norms + scans + elementwise + shapes + losses

  static let products: [BatchCase] =
    // Rows of an image: few, many, and more than are cut into one piece.
    [[], [7, 7], [14, 14], [40, 50]].map { rows in
      BatchCase("linear, rows \(rows)", [rows + [100]], [[230, 100], [230]]) { x, _ in
        linear(x[0], weight: x[1], bias: x[2])
      }
    } + [
      BatchCase("linear of many inputs", [[1100]], [[300, 1100], [300]]) { x, _ in
        linear(x[0], weight: x[1], bias: x[2])
      },
      BatchCase("linear of the tokens of a last stage", [[7, 7, 768]], [[768, 768]]) { x, _ in
        linear(x[0], weight: x[1])
      },
    ]
    + ([.relu, .gelu, .silu, .sigmoid] as [Activation]).map { (activation: Activation) in
      BatchCase("linear with \(activation)", [[49, 96]], [[384, 96], [384]]) { x, _ in
        linear(x[0], weight: x[1], bias: x[2], activation: activation)
      }
    } + [
      BatchCase("product with one matrix", [[17, 60]], [[60, 80]]) { x, _ in matmul(x[0], x[1]) },
      BatchCase("product with one turned matrix", [[3, 17, 60]], [[80, 60]]) { x, _ in
        matmul(x[0], x[1], transposingB: true)
      },
      BatchCase("products image by image", [[70, 40], [40, 80]]) { x, _ in matmul(x[0], x[1]) },
      BatchCase("large products image by image", [[300, 400], [400, 200]]) { x, _ in matmul(x[0], x[1]) },
      BatchCase("turned products", [[40, 70], [80, 40]]) { x, _ in
        matmul(x[0], x[1], transposingA: true, transposingB: true)
      },
      BatchCase("attention", [[300, 54]]) { x, _ in attention(x[0], heads: 3, scale: 0.3) },
      BatchCase("attention with dropout", [[50, 24]]) { x, samples in
        attention(
          x[0], heads: 2, scale: 0.3,
          dropout: AttentionDropout(probability: 0.3, generators: generators(samples)))
      },
      BatchCase("attention in windows", [[12, 8, 54]], [[3, 16, 16]]) { x, _ in
        windowAttention(x[0], heads: 3, window: 4, shift: 2, scale: 0.3, bias: x[1])
      },
    ]

  static let convolutions: [BatchCase] =
    [
      ("1x1", [14, 14], 96, 130, 1, 1, 1), ("1x1, stride 2", [15, 13], 40, 70, 1, 2, 1),
      ("3x3", [20, 30], 96, 80, 3, 1, 1), ("3x3 of a small map", [7, 7], 160, 96, 3, 1, 1),
      ("3x3 of few channels", [9, 11], 3, 20, 3, 1, 1), ("3x3, stride 2", [21, 30], 24, 40, 3, 2, 1),
      ("3x3 in groups", [10, 10], 32, 48, 3, 1, 4), ("4x4 patches", [32, 32], 3, 48, 4, 4, 1),
      ("7x7, stride 2", [40, 40], 3, 32, 7, 2, 1), ("depthwise", [20, 30], 40, 40, 3, 1, 40),
      ("depthwise, stride 2", [20, 30], 40, 40, 3, 2, 40), ("5x5", [9, 9], 20, 20, 5, 1, 1),
    ].map { (name: String, size: [Int], inputs: Int, outputs: Int, kernel: Int, stride: Int, groups: Int) in
      BatchCase(
        "convolution \(name)", [size + [inputs]], [[outputs, kernel, kernel, inputs / groups], [outputs]]
      ) { x, _ in
        let padding = kernel == 4 ? 0 : kernel / 2
        return conv2d(
          x[0], weight: x[1], bias: x[2], stride: (stride, stride), padding: (padding, padding),
          groups: groups)
      }
    } + [
      BatchCase("depthwise with SiLU", [[30, 20, 200]], [[200, 3, 3, 1], [200]]) { x, _ in
        conv2d(x[0], weight: x[1], bias: x[2], padding: (1, 1), groups: 200, activation: .silu)
      },
      BatchCase("depthwise with SiLU, stride 2", [[20, 30, 20]], [[20, 3, 3, 1]]) { x, _ in
        conv2d(x[0], weight: x[1], stride: (2, 2), padding: (1, 1), groups: 20, activation: .silu)
      },
      BatchCase("Winograd's convolution", [[14, 14, 64]], [[64, 3, 3, 64]]) { x, _ in
        conv2d(x[0], weight: x[1], padding: (1, 1), method: .winograd)
      },
      BatchCase("convolution with holes", [[12, 12, 16]], [[24, 3, 3, 16]]) { x, _ in
        conv2d(x[0], weight: x[1], padding: (2, 2), dilation: (2, 2))
      },
      BatchCase("transposed convolution", [[14, 14, 24]], [[24, 2, 2, 40], [40]]) { x, _ in
        convTranspose2d(x[0], weight: x[1], bias: x[2], stride: (2, 2))
      },
    ]

  static let norms: [BatchCase] = [
    BatchCase("layer norm", [[14, 14, 96]], [[96], [96]]) { x, _ in
      layerNorm(x[0], weight: x[1], bias: x[2], epsilon: 1e-5)
    },
    BatchCase("layer norm with a gate", [[14, 14, 97], [14, 14, 97]], [[97], [97]]) { x, _ in
      layerNorm(x[0], weight: x[2], bias: x[3], epsilon: 1e-5, siluGatedBy: x[1])
    },
    BatchCase("group norm", [[40, 50, 33]], [[33], [33]]) { x, _ in
      groupNorm(x[0], groups: 3, weight: x[1], bias: x[2], epsilon: 1e-5)
    },
    BatchCase("batch norm in evaluation", [[14, 14, 33]], [[33], [33]]) { x, _ in
      batchNorm(
        x[0], weight: x[1], bias: x[2], mean: .random([33], seed: 7),
        variance: .random([33], in: 0.5...2, seed: 8), epsilon: 1e-5)
    },
    BatchCase("softmax", [[9, 9, 21]]) { x, _ in x[0].softmax(axis: -1) },
    BatchCase("softmax over an axis in the middle", [[9, 9, 21]]) { x, _ in x[0].softmax(axis: 1) },
    BatchCase("logarithm of softmax", [[100]]) { x, _ in x[0].logSoftmax(axis: 1) },
  ]

  static let scans: [BatchCase] =
    [(96, 1, 4), (192, 16, 4), (192, 16, 1), (600, 4, 4), (40, 1, 1), (40, 3, 4)].map {
      channels, states, sets in
      BatchCase(
        "four scans of \(channels) channels, \(states) states, \(sets) sets",
        [[9, 7, channels], [9, 7, sets * (3 + 2 * states)]],
        [[sets, channels, 3], [sets, channels], [sets * channels, states], [sets * channels]]
      ) { x, _ in
        crossSelectiveScan(
          x[0], projected: x[1], dtWeight: x[2], dtBias: x[3], aLogs: x[4], skip: x[5])
      }
    } + [
      BatchCase("a scan", [[70, 48], [70, 48], [70, 2, 4], [70, 2, 4]], [[48, 4], [48]]) { x, _ in
        selectiveScan(u: x[0], delta: x[1], A: x[4], B: x[2], C: x[3], D: x[5])
      }
    ]

  static let elementwise: [BatchCase] =
    [
      each("exp") { $0.exp() }, each("log") { $0.log() }, each("sqrt") { $0.sqrt() },
      each("abs") { $0.abs() }, each("tanh") { $0.tanh() }, each("clamp") { $0.clamped(to: 0.2...0.7) },
      each("sigmoid") { $0.sigmoid() }, each("relu") { $0.relu() }, each("gelu") { $0.gelu() },
      each("silu") { $0.silu() }, each("softplus") { $0.softplus() }, each("scaling") { 3 * $0 / 7 - 1 },
      BatchCase("arithmetic", [[13, 17, 7], [13, 1, 7]], [[7]], in: 0.5...1) { x, _ in
        x[0] * x[1] + x[2] - x[0] / x[1]
      },
      BatchCase("gating", [[13, 17, 7], [13, 17, 7]]) { x, _ in x[0].siluGated(by: x[1]) },
      BatchCase("dropout", [[13, 17, 7]]) { x, samples in
        dropout(x[0], probability: 0.3, generators: generators(samples))
      },
      BatchCase("dropout of channels", [[13, 17, 7]]) { x, samples in
        channelDropout(x[0], probability: 0.3, generators: generators(samples))
      },
      BatchCase("stochastic depth", [[13, 17, 7]]) { x, samples in
        stochasticDepth(x[0], probability: 0.5, generators: generators(samples))
      },
      BatchCase("residual of some samples", [[13, 17, 7]], [[9, 7]]) { x, samples in
        let kept = samples.filter { $0 != 1 }
        let places = kept.map { $0 - samples.lowerBound }
        return x[0].adding(
          linear(linear(x[0].samples(places), weight: x[1]), weight: x[1].permuted([1, 0])),
          toSamples: places, times: kept.map { 1 + Float($0) })
      },
      BatchCase("what two take", [[13, 17, 96]], [[70, 96], [70, 96], [96], [96]]) { x, _ in
        let doubled = x[0] * 2
        let sum =
          linear(doubled, weight: x[1]) + linear(doubled, weight: x[2], activation: .gelu)
          + linear(layerNorm(doubled, weight: x[3], bias: x[4], epsilon: 1e-5), weight: x[2])
        return concatenated([sum, doubled], axis: -1)
      },
    ]

  static let shapes: [BatchCase] = [
    BatchCase("mean of a map", [[56, 56, 24]]) { x, _ in x[0].mean(axes: [1, 2]) },
    BatchCase("mean of a large map", [[70, 80, 20]]) { x, _ in x[0].mean(axes: [1, 2], keepingAxes: true) },
    BatchCase("sum over channels", [[9, 10, 40]]) { x, _ in x[0].sum(axes: [3]) },
    BatchCase("sum of an image", [[300, 300, 2]]) { x, _ in x[0].sum(axes: [1, 2, 3]) },
    BatchCase("sum over an axis in the middle", [[50, 3, 40]]) { x, _ in x[0].sum(axes: [2]) },
    BatchCase("maximum", [[9, 10, 40]]) { x, _ in x[0].maximum(axes: [1, 2]) },
    BatchCase("maximum over channels", [[9, 10, 40]]) { x, _ in x[0].maximum(axis: -1).values },
    BatchCase("largest of windows", [[20, 30, 24]]) { x, _ in
      maxPool2d(x[0], kernel: (3, 3), stride: (2, 2), padding: (1, 1))
    },
    BatchCase("mean of windows", [[20, 30, 24]]) { x, _ in averagePool2d(x[0], kernel: (2, 2)) },
    BatchCase("adaptive pooling", [[20, 30, 24]]) { x, _ in adaptiveAveragePool2d(x[0], height: 6, width: 6)
    },
    BatchCase("bilinear resizing", [[9, 10, 24]]) { x, _ in
      x[0].resizedBilinear(height: 20, width: 17, alignCorners: false)
    },
    BatchCase("resizing to the nearest", [[9, 10, 24]]) { x, _ in x[0].resizedNearest(height: 18, width: 20)
    },
    BatchCase("sampling at a grid", [[9, 10, 24], [6, 7, 2]]) { x, _ in gridSample(x[0], grid: x[1]) },
    BatchCase("permutation", [[9, 10, 24]]) { x, _ in x[0].permuted([0, 3, 1, 2]) },
    BatchCase("padding", [[9, 10, 24]]) { x, _ in x[0].padded([(0, 0), (1, 2), (3, 0), (0, 0)]) },
    BatchCase("slicing", [[9, 10, 24]]) { x, _ in x[0].sliced(axis: 2, from: 1, to: 9, step: 2) },
    BatchCase("rolling", [[9, 10, 24]]) { x, _ in x[0].rolled([2, -3], axes: [1, 2]) },
    BatchCase("joining", [[9, 10, 24], [9, 10, 5]]) { x, _ in concatenated(x, axis: 3) },
    BatchCase("rows of an axis", [[9, 10, 24]]) { x, _ in x[0].rows([3, 3, 0, 8, 1], axis: 1) },
    BatchCase("computing again", [[9, 30]], [[70, 30]]) { x, _ in
      recomputed(x) { linear($0[0], weight: $0[1]).gelu() }
    },
    BatchCase("regions", [[30, 30, 70]]) { x, samples in
      let boxes = RoIAlignTests.boxes.flatMap { $0 }
      let own = RoIAlignTests.boxes.count
      return roiAlign(
        x[0], boxes: samples.flatMap { _ in boxes },
        batchIndices: samples.indices.flatMap { [Int](repeating: $0 - samples.lowerBound, count: own) },
        outputSize: (7, 7), spatialScale: 0.5)
    },
    BatchCase("regions through a head", [[30, 30, 70]], [[50, 3, 3, 70], [90, 2450]]) { x, samples in
      let boxes = RoIAlignTests.boxes.flatMap { $0 }
      let own = RoIAlignTests.boxes.count
      let regions = roiAlign(
        x[0], boxes: samples.flatMap { _ in boxes },
        batchIndices: samples.indices.flatMap { [Int](repeating: $0 - samples.lowerBound, count: own) },
        outputSize: (7, 7), spatialScale: 0.5)
      let maps = conv2d(regions, weight: x[1], padding: (1, 1)).relu()
      return linear(maps.reshaped([maps.shape[0], -1]), weight: x[2])
    },
  ]

  static let losses: [BatchCase] = [
    BatchCase("cross entropy", [[20, 30, 21]]) { x, samples in
      crossEntropy(x[0], labels: labels(samples, 600, 21), ignoreIndex: 20, labelSmoothing: 0.1)
    },
    BatchCase("binary cross entropy", [[20, 30]]) { x, _ in
      binaryCrossEntropy(logits: x[0], targets: x[0].detached.clamped(to: 0...1))
    },
    BatchCase("L1", [[20, 4], [20, 4]]) { x, _ in l1(x[0], x[1]) },
    BatchCase("smooth L1", [[20, 4], [20, 4]]) { x, _ in smoothL1(x[0], x[1]) },
    BatchCase("dice", [[50, 60, 21]], in: 0...1) { x, samples in
      diceSums(x[0], labels: labels(samples, 3000, 21), squares: true).sums
    },
  ]

  /// A function of each number.
  private static func each(
    _ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor
  ) -> BatchCase {
    BatchCase(name, [[13, 17, 7]], in: 0.1...1) { x, _ in function(x[0]) }
  }

  private static func labels(_ samples: Range<Int>, _ positions: Int, _ classes: Int) -> [Int32] {
    samples.flatMap { sample in (0..<positions).map { Int32(($0 * 7 + sample) % classes) } }
  }

  private static func generators(_ samples: Range<Int>) -> [RandomGenerator] {
    samples.map { RandomGenerator(seed: 5, sample: $0, purpose: .dropPath(layer: 0)) }
  }
}

/// What an image comes to does not depend on what else is in the batch.
@Suite("a batch of five", .serialized)
struct BatchTests {
  @Test("is its images alone, in every operation, with one thread and several", arguments: BatchCase.all)
  func alone(_ operation: BatchCase) {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let images = (0..<BatchCase.count).map { operation($0..<$0 + 1) }
    for threads in [1, 3] {
      Threads.count = threads
      let whole = operation(0..<BatchCase.count)
      for (index, part) in whole.enumerated() {
        let what = index == 0 ? "the result" : "the gradient by input \(index - 1)"
        for (image, alone) in images.enumerated() {
          let isSame =
            part[image].count == alone[index][0].count
            && zip(part[image], alone[index][0]).allSatisfy { $0.bitPattern == $1.bitPattern }
          #expect(isSame, "\(what) of image \(image) with \(threads) threads")
        }
      }
    }
  }
}
