import CKernels

/// A 3x3 convolution with stride 1 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, "Fast Algorithms
/// for Convolutional Neural Networks", 2015).
///
/// A tile of 4x4 output pixels sees 6x6 input pixels. Tiles, windows and weights are taken to 36 points, where
/// the convolution is a product of numbers: over the channels, 36 matrix products instead of 9 for each pixel,
/// that is 2.25 multiplications a pixel and pair of channels instead of 9.
struct WinogradConvolution: Sendable {
  /// Points at which a tile's polynomials are evaluated.
  static let points = 36
  /// Output pixels of a tile, in each direction.
  static let side = 4

  let windows: Windows
  let tiles: Int

  /// Over windows of 3x3 pixels with stride 1.
  init(_ windows: Windows) {
    require(windows.allowsWinograd, "Winograd's method for a kernel \(windows.kernel)")
    self.windows = windows
    tiles = windows.winogradTiles
  }

  /// Floats from one point to the next of `count` numbers each: whole cache lines, of an odd number, so that
  /// the points do not compete for the same lines of the cache.
  fileprivate static func plane(_ count: Int) -> Int { ((count + 15) / 16 | 1) * 16 }

  /// `[36, O, I]` from weights `[O, 3, 3, I]`, with the taps turned round for the derivative by the input.
  static func transform(_ weight: TensorStorage, outputs: Int, reversed: Bool) -> TensorStorage {
    let inputs = weight.count / (9 * max(1, outputs))
    let plane = plane(outputs * inputs)
    let transformed = TensorStorage(count: points * plane, for: "the weights of a convolution")
    parallel(over: outputs, grain: max(1, (1 << 12) / max(1, inputs))) { range in
      dp_winograd_weights(
        weight.base, range.lowerBound, range.upperBound, inputs, reversed ? 1 : 0, transformed.base, plane)
    }
    return transformed
  }

  /// How many tiles are taken at once: enough that a product pays for reading the weights, few enough that what
  /// lies between the transforms stays small (measured).
  fileprivate var tilesAtOnce: Int {
    let (inputs, outputs) = (windows.channels, windows.outputs)
    return max(256, min(512, 2 * min(inputs, outputs), (1 << 24) / (Self.points * max(1, inputs + outputs))))
  }

  /// y `[B, H', W', O]` from x and transformed weights `[36, O, I]`, or `[36, I, O]` when they are `reversed`.
  ///
  /// - Parameters:
  ///   - residual: Added to y; lies as it does.
  ///   - isRectified: Whether what is below zero becomes zero in the end.
  func convolve(
    _ x: TensorStorage, transformed: TensorStorage, reversed: Bool, bias: TensorStorage?,
    residual: TensorStorage? = nil, isRectified: Bool = false, to y: TensorStorage
  ) {
    let (inputs, outputs) = (windows.channels, windows.outputs)
    let kernels = windows.kernels
    let rounds = (tiles + tilesAtOnce - 1) / tilesAtOnce
    guard rounds > 0 else { return }
    let most = (tiles + rounds - 1) / rounds
    let (planeIn, planeOut) = (Self.plane(most * inputs), Self.plane(most * outputs))
    let plane = Self.plane(inputs * outputs)
    let source = TensorStorage(count: Self.points * planeIn, for: "the tiles of a convolution")
    let products = TensorStorage(count: Self.points * planeOut, for: "the tiles of a convolution")
    for round in 0..<rounds {
      let first = tiles * round / rounds
      let count = tiles * (round + 1) / rounds - first
      parallel(over: count, grain: 4) { range in
        var kernels = kernels
        dp_winograd_input(
          &kernels, x.base, first + range.lowerBound, first + range.upperBound,
          source.base + range.lowerBound * inputs, planeIn)
      }
      parallel(Self.points) { point in
        BLAS.multiply(
          transposingB: !reversed, m: count, n: outputs, k: inputs, source.base + point * planeIn,
          stride: inputs, transformed.base + point * plane, stride: reversed ? outputs : inputs,
          to: products.base + point * planeOut, stride: outputs)
      }
      parallel(over: count, grain: 4) { range in
        var kernels = kernels
        dp_winograd_output(
          &kernels, products.base + range.lowerBound * outputs, planeOut, first + range.lowerBound,
          first + range.upperBound, outputs, bias?.base, residual?.base, isRectified ? 1 : 0, y.base)
      }
    }
  }
}

extension WinogradConvolution {
  /// gw `[O, 3, 3, I]` from x and the gradient of y: F(3x3, 4x4), the transposed method. The gradient's tiles and the
  /// windows that they came from are taken to the 36 points, multiplied over the tiles, and taken back to 3x3 taps.
  func weightGradient(_ x: TensorStorage, _ gy: TensorStorage, to gw: TensorStorage) {
    let (inputs, outputs) = (windows.channels, windows.outputs)
    let kernels = windows.kernels
    let rounds = (tiles + tilesAtOnce - 1) / tilesAtOnce
    guard rounds > 0 else { return gw.values.update(repeating: 0) }
    let most = (tiles + rounds - 1) / rounds
    let (planeIn, planeOut) = (Self.plane(most * inputs), Self.plane(most * outputs))
    let plane = Self.plane(inputs * outputs)
    let source = TensorStorage(count: Self.points * planeIn, for: "the tiles of a convolution")
    let slopes = TensorStorage(count: Self.points * planeOut, for: "the tiles of a convolution")
    let products = TensorStorage(count: Self.points * plane, for: "the weights of a convolution")
    for round in 0..<rounds {
      let first = tiles * round / rounds
      let count = tiles * (round + 1) / rounds - first
      parallel(over: count, grain: 4) { range in
        var kernels = kernels
        let (start, end) = (first + range.lowerBound, first + range.upperBound)
        dp_winograd_input(&kernels, x.base, start, end, source.base + range.lowerBound * inputs, planeIn)
        dp_winograd_gradient(
          &kernels, gy.base, start, end, outputs, slopes.base + range.lowerBound * outputs, planeOut)
      }
      parallel(Self.points) { point in
        BLAS.multiply(
          transposingA: true, m: outputs, n: inputs, k: count, slopes.base + point * planeOut,
          stride: outputs, source.base + point * planeIn, stride: inputs, adding: round == 0 ? 0 : 1,
          to: products.base + point * plane, stride: inputs)
      }
    }
    parallel(over: outputs, grain: max(1, (1 << 12) / max(1, inputs))) { range in
      dp_winograd_taps(products.base, plane, range.lowerBound, range.upperBound, inputs, gw.base)
    }
  }
}

/// A form of a tensor's numbers that can be kept with them.
enum DerivedForm: Hashable {
  /// `[36, O, I]` of weights `[O, 3, 3, I]`.
  case winogradWeights(outputs: Int)
}

/// How a convolution is computed.
package enum ConvolutionMethod: Sendable {
  /// Windows are copied to columns, and one product is taken with them.
  case columns
  /// By `WinogradConvolution`; for a 3x3 kernel with stride 1, padding up to 2 and one group only.
  case winograd
}

extension Windows {
  /// Whether Winograd's method can be used at all.
  var allowsWinograd: Bool {
    kernel == (3, 3) && stride == (1, 1) && dilation == (1, 1) && groups == 1
      && max(padding.0, padding.1) <= 2
  }

  /// Tiles of 4x4 output pixels.
  var winogradTiles: Int {
    let side = WinogradConvolution.side
    return images * ((outputHeight + side - 1) / side) * ((outputWidth + side - 1) / side)
  }

  /// The faster method, by the shapes alone.
  ///
  /// Costs are counted in multiplications of the products (measured with AVX2, weights transformed in each call):
  /// 25 for each number of a tile that is transformed, 6 for each number that is copied to a column; each weight
  /// and each point of it costs more where they leave the cache. Winograd's method has to win by a tenth.
  var method: ConvolutionMethod {
    if let forcedMethod { return forcedMethod }
    guard allowsWinograd else { return .columns }
    let points = WinogradConvolution.points
    let pair = channels * outputs
    let isInCache = points * pair * MemoryLayout<Float>.stride <= 3 << 19
    let columns = 9 * (pixels * (pair + 6 * channels) + (isInCache ? 5 : 20) * pair)
    let winograd =
      points * (winogradTiles * (pair + 25 * (channels + outputs)) + (isInCache ? 12 : 45) * pair)
    return 11 * winograd < 10 * columns ? .winograd : .columns
  }

  /// The faster method for the gradient of the weights, by the shapes alone: costs as for `method`. The products are
  /// added up in `[36, O, I]`, which each round of tiles reads and writes.
  var weightGradientMethod: ConvolutionMethod {
    if let forcedMethod { return forcedMethod }
    guard allowsWinograd else { return .columns }
    let points = WinogradConvolution.points
    let pair = channels * outputs
    let columns = 9 * pixels * (pair + 6 * channels)
    let winograd = points * (winogradTiles * (pair + 25 * (channels + outputs)) + 45 * pair)
    return 11 * winograd < 10 * columns ? .winograd : .columns
  }
}
