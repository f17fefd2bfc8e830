import Tensors

/// One line of the table of floors.
struct BenchmarkedOperation {
  var name: String
  /// Floating-point operations, bytes or updates of one run.
  var work: Double
  var limit: OperationMeasurement.Limit
  var floor: Double
  /// Runs it once; the seconds of what counts.
  var seconds: () -> Double

  /// The seconds that `body` takes.
  static func measure(_ body: () -> Void) -> Double {
    let start = ContinuousClock.now
    body()
    return (ContinuousClock.now - start) / .seconds(1)
  }

  /// Every operation that has a floor, all sizes divided by `divisor`.
  static func all(shrinking divisor: Int) -> [BenchmarkedOperation] {
    let sizes = Sizes(divisor: divisor)
    let half = Precision.bfloat16.isAvailable ? sizes.half : []
    return sizes.linear + sizes.convolutions + half + [sizes.depthwise, sizes.layerNorm] + sizes.scan
      + sizes.singleStateScan
  }

  /// P: a product of square matrices, cut into as many parts as there are threads.
  static func product(size: Int) -> BenchmarkedOperation {
    let (a, b) = (Tensor.pattern([size, size]), Tensor.pattern([size, size]))
    let c = Tensor.zeros([size, size])
    return BenchmarkedOperation(
      name: "P", work: 2 * Double(size * size * size), limit: .product, floor: 1,
      seconds: { measure { MachineLimits.multiply(a, b, into: c) } })
  }

  /// The forward pass as in inference: nothing is recorded.
  static func forward(
    _ name: String, work: Int, limit: OperationMeasurement.Limit, floor: Double,
    _ function: @escaping () -> Tensor
  ) -> BenchmarkedOperation {
    BenchmarkedOperation(
      name: "\(name).forward", work: Double(work), limit: limit, floor: floor,
      seconds: { measure { withoutGradients { _ = function() } } })
  }

  /// The backward pass alone, to all `inputs`.
  static func backward(
    _ name: String, work: Int, limit: OperationMeasurement.Limit = .product, floor: Double,
    to inputs: [Tensor], _ function: @escaping ([Tensor]) -> Tensor
  ) -> BenchmarkedOperation {
    BenchmarkedOperation(
      name: name, work: Double(work), limit: limit, floor: floor,
      seconds: {
        let y = function(inputs.map { $0.withGradient() })
        let gradient = y.detached
        return measure { y.backward(from: gradient) }
      })
  }
}

extension [Double] {
  /// The middle one, or the mean of the two in the middle; of none 0.
  var median: Double {
    guard !isEmpty else { return 0 }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// The operations, by their sizes.
private struct Sizes {
  let divisor: Int

  private func of(_ size: Int) -> Int { max(1, size / divisor) }

  /// linear 16384x384 -> 768.
  var linear: [BenchmarkedOperation] {
    let (rows, inputs, outputs) = (of(16_384), of(384), of(768))
    let (x, weight, bias) = (
      Tensor.pattern([rows, inputs]), Tensor.pattern([outputs, inputs]), Tensor.pattern([outputs])
    )
    let work = 2 * rows * inputs * outputs
    return [
      .forward("linear", work: work, limit: .product, floor: 0.85) {
        Tensors.linear(x, weight: weight, bias: bias)
      },
      .backward("linear.backward", work: 2 * work, floor: 0.75, to: [x, weight]) {
        Tensors.linear($0[0], weight: $0[1], bias: bias)
      },
    ]
  }

  /// Convolutions with stride 1; counted are the operations of the direct one, however it is done.
  var convolutions: [BenchmarkedOperation] {
    let (height, width, channels) = (of(200), of(320), of(256))
    let (side, many, fewer) = (of(128), of(2048), of(512))
    let x = Tensor.pattern([1, height, width, channels])
    let weight = Tensor.pattern([channels, 3, 3, channels])
    let pointwise = Tensor.pattern([channels, 1, 1, channels])
    let bias = Tensor.pattern([channels])
    let (wideX, wideWeight) = (
      Tensor.pattern([1, side, side, many]), Tensor.pattern([fewer, 3, 3, many])
    )
    let wideBias = Tensor.pattern([fewer])
    let work = 2 * height * width * channels * channels
    return [
      .forward("conv3x3_256", work: 9 * work, limit: .product, floor: 2.4) {
        conv2d(x, weight: weight, bias: bias, padding: (1, 1))
      },
      .backward("conv3x3_256.backward_input", work: 9 * work, floor: 2.2, to: [x]) {
        conv2d($0[0], weight: weight, bias: bias, padding: (1, 1))
      },
      .backward("conv3x3_256.backward_weights", work: 9 * work, floor: 1.9, to: [weight]) {
        conv2d(x, weight: $0[0], bias: bias, padding: (1, 1))
      },
      .forward("conv3x3_2048", work: 18 * side * side * many * fewer, limit: .product, floor: 2.6) {
        conv2d(wideX, weight: wideWeight, bias: wideBias, padding: (1, 1))
      },
      .forward("conv1x1_256", work: work, limit: .product, floor: 0.85) {
        conv2d(x, weight: pointwise, bias: bias)
      },
    ]
  }

  /// Products in bfloat16, of the same sizes as those in float32.
  var half: [BenchmarkedOperation] {
    let (rows, inputs, outputs, bias) = (of(16_384), of(384), of(768), Tensor.pattern([of(768)]))
    let x = Tensor.pattern([rows, inputs])
    let weight = HalfWeights(linear: .pattern([outputs, inputs]))
    let (height, width, channels) = (of(200), of(320), of(256))
    let (side, many, fewer) = (of(128), of(2048), of(512))
    let (map, wide) = (Tensor.pattern([1, height, width, channels]), Tensor.pattern([1, side, side, many]))
    func weights(_ shape: [Int]) -> HalfWeights {
      HalfWeights(
        convolution: .pattern(shape), stride: (1, 1), padding: (shape[1] / 2, shape[1] / 2),
        dilation: (1, 1))
    }
    let narrowWeight = weights([channels, 3, 3, channels])
    let wideWeight = weights([fewer, 3, 3, many])
    let pointwise = weights([channels, 1, 1, channels])
    let (narrowBias, wideBias) = (Tensor.pattern([channels]), Tensor.pattern([fewer]))
    let work = 2 * height * width * channels * channels
    return [
      .forward("linear_bfloat16", work: 2 * rows * inputs * outputs, limit: .product, floor: 1.6) {
        Tensors.linear(x, half: weight, bias: bias)
      },
      .forward("conv3x3_256_bfloat16", work: 9 * work, limit: .product, floor: 4) {
        conv2d(map, half: narrowWeight, bias: narrowBias, padding: (1, 1))
      },
      .forward("conv3x3_2048_bfloat16", work: 18 * side * side * many * fewer, limit: .product, floor: 4.5) {
        conv2d(wide, half: wideWeight, bias: wideBias, padding: (1, 1))
      },
      .forward("conv1x1_256_bfloat16", work: work, limit: .product, floor: 1.5) {
        conv2d(map, half: pointwise, bias: narrowBias)
      },
    ]
  }

  /// depthwise 3x3, 192 channels, 8x56x56.
  var depthwise: BenchmarkedOperation {
    let (images, side, channels) = (of(8), of(56), of(192))
    let x = Tensor.pattern([images, side, side, channels])
    let (weight, bias) = (Tensor.pattern([channels, 3, 3, 1]), Tensor.pattern([channels]))
    return .forward(
      "depthwise3x3_192", work: 4 * (2 * x.count + weight.count + bias.count), limit: .memory, floor: 0.5
    ) {
      conv2d(x, weight: weight, bias: bias, padding: (1, 1), groups: channels)
    }
  }

  /// layer norm, 25088x96.
  var layerNorm: BenchmarkedOperation {
    let (rows, width) = (of(25_088), of(96))
    let (x, weight, bias) = (
      Tensor.pattern([rows, width]), Tensor.pattern([width]), Tensor.pattern([width])
    )
    return .forward("layer_norm_96", work: 4 * (2 * x.count + 2 * width), limit: .memory, floor: 0.6) {
      Tensors.layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5)
    }
  }

  /// cross selective scan, 56x56, D = 192, N = 16; R = 6, as of VMamba's first stage.
  var scan: [BenchmarkedOperation] { scan("scan", images: 1, channels: 192, states: 16) }

  /// The same with N = 1, 8x56x56, D = 96, as of today's VMamba.
  var singleStateScan: [BenchmarkedOperation] { scan("scan_n1", images: of(8), channels: 96, states: 1) }

  private func scan(_ name: String, images: Int, channels: Int, states: Int) -> [BenchmarkedOperation] {
    ScanShape(
      images: images, height: of(56), width: of(56), channels: of(channels),
      states: states == 1 ? 1 : max(2, of(states)), rank: of(6)
    ).operations(name)
  }
}
