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

  /// What a tile's channels are multiplied by at each point.
  private var product: RowProduct { RowProduct(inputs: windows.channels, outputs: windows.outputs) }

  /// The factors of the 36 points, packed, from weights `[O, 3, 3, I]`; from weights `[I, 3, 3, O]`, with the taps
  /// turned round, when they are `reversed`: for the derivative by the input.
  func factors(of weight: TensorStorage, reversed: Bool) -> TensorStorage {
    let (rows, width) =
      reversed ? (windows.channels, windows.outputs) : (windows.outputs, windows.channels)
    let plane = Self.plane(rows * width)
    let transformed = TensorStorage(count: Self.points * plane, for: "the weights of a convolution")
    parallel(over: rows, grain: max(1, (1 << 12) / max(1, width))) { range in
      dp_winograd_weights(
        weight.base, range.lowerBound, range.upperBound, width, reversed ? 1 : 0, transformed.base, plane)
    }
    let product = product
    let packed = TensorStorage(count: Self.points * product.packedCount, for: "the weights of a convolution")
    parallel(Self.points) { point in
      product.pack(
        transformed.base + point * plane, stride: width, transposed: !reversed,
        to: packed.base + point * product.packedCount)
    }
    return packed
  }

  /// How many tiles are taken at once: enough that a product pays for reading the weights, few enough that what
  /// lies between the transforms stays small (measured).
  fileprivate var tilesAtOnce: Int {
    let (inputs, outputs) = (windows.channels, windows.outputs)
    return max(256, min(512, 2 * min(inputs, outputs), (1 << 24) / (Self.points * max(1, inputs + outputs))))
  }

  /// y `[B, H', W', O]` from x and the points' factors.
  ///
  /// - Parameters:
  ///   - x: `[B, H, W, I]`.
  ///   - factors: What `factors(of:reversed:)` made.
  ///   - bias: `[O]`.
  ///   - residual: Added to y; lies as it does.
  ///   - isRectified: Whether what is below zero becomes zero in the end.
  ///   - y: Is written.
  func convolve(
    _ x: TensorStorage, factors: TensorStorage, bias: TensorStorage?, residual: TensorStorage? = nil,
    isRectified: Bool = false, to y: TensorStorage
  ) {
    let (inputs, outputs) = (windows.channels, windows.outputs)
    let kernels = windows.kernels
    let rounds = (tiles + tilesAtOnce - 1) / tilesAtOnce
    guard rounds > 0 else { return }
    let most = (tiles + rounds - 1) / rounds
    let (planeIn, planeOut) = (Self.plane(most * inputs), Self.plane(most * outputs))
    let product = product
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
      // A point's rows are cut so that many threads come out even, at the height that a product takes at once.
      let parts = max(1, (count + RowProduct.rowsAtOnce - 1) / RowProduct.rowsAtOnce)
      parallel(Self.points * parts) { piece in
        let (point, part) = piece.quotientAndRemainder(dividingBy: parts)
        let (start, end) = (count * part / parts, count * (part + 1) / parts)
        product.multiply(
          rows: end - start, source.base + point * planeIn + start * inputs, stride: inputs,
          factors.base + point * product.packedCount, to: products.base + point * planeOut + start * outputs,
          stride: outputs)
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
      let parts = max(1, min(2, outputs / 128))
      parallel(Self.points * parts) { piece in
        let (point, part) = piece.quotientAndRemainder(dividingBy: parts)
        let (start, end) = (outputs * part / parts, outputs * (part + 1) / parts)
        BLAS.multiply(
          transposingA: true, m: end - start, n: inputs, k: count, slopes.base + point * planeOut + start,
          stride: outputs, source.base + point * planeIn, stride: inputs, adding: round == 0 ? 0 : 1,
          to: products.base + point * plane + start * inputs, stride: inputs)
      }
    }
    parallel(over: outputs, grain: max(1, (1 << 12) / max(1, inputs))) { range in
      dp_winograd_taps(products.base, plane, range.lowerBound, range.upperBound, inputs, gw.base)
    }
  }
}

/// A form of a tensor's numbers that can be kept with them.
enum DerivedForm: Hashable {
  /// The points' factors of weights `[O, 3, 3, I]`.
  case winogradWeights(outputs: Int)
  /// The weights `[O, I]` of a linear layer, packed for `RowProduct`.
  case packedRows(outputs: Int)
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
  var winogradTiles: Int { images * tilesOfImage }

  private var tilesOfImage: Int {
    let side = WinogradConvolution.side
    return ((outputHeight + side - 1) / side) * ((outputWidth + side - 1) / side)
  }

  /// The faster method, by the shapes of one image alone: in every batch an image has the same bits.
  ///
  /// Costs are counted in multiplications of the products (measured with AVX2, weights transformed in each call):
  /// 25 for each number of a tile that is transformed, 6 for each number that is copied to a column; each weight
  /// and each point of it costs more where they leave the cache, and is taken to serve four images: fewer of small ones
  /// are rare in training, and in inference the weights stay transformed. Winograd's method has to win by a tenth.
  var method: ConvolutionMethod {
    if let forcedMethod { return forcedMethod }
    guard allowsWinograd else { return .columns }
    let (points, shared) = (WinogradConvolution.points, 4)
    let pair = channels * outputs
    let isInCache = points * pair * MemoryLayout<Float>.stride <= 3 << 19
    let area = shared * outputHeight * outputWidth
    let columns = 9 * (area * (pair + 6 * channels) + (isInCache ? 5 : 20) * pair)
    let winograd =
      points * (shared * tilesOfImage * (pair + 25 * (channels + outputs)) + (isInCache ? 12 : 45) * pair)
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
