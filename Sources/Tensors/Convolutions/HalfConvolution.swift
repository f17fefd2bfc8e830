import CKernels

/// `conv2d` of one group with weights as bfloat16, for inference: activation(conv + bias + residual), float32.
///
/// - Parameters:
///   - x: `[B, H, W, I]`.
///   - bias: `[O]`.
///   - residual: `[B, H', W', O]`.
package func conv2d(
  _ x: Tensor, half weight: HalfWeights, bias: Tensor? = nil, stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), adding residual: Tensor? = nil,
  activation: Activation? = nil
) -> Tensor {
  let channels = weight.form == .points ? weight.inputs : weight.inputs / (weight.kernel.0 * weight.kernel.1)
  require(
    x.rank == 4 && x.shape[3] == channels,
    "conv2d of x \(x.shape) with weights as bfloat16 of \(channels) channels")
  let windows = Windows(
    images: x.shape[0], height: x.shape[1], width: x.shape[2], channels: channels, outputs: weight.outputs,
    kernel: weight.kernel, stride: stride, padding: padding, dilation: dilation, groups: 1)
  requireInference("conv2d", [x, bias, residual])
  require(bias.map { $0.shape == [weight.outputs] } ?? true, "bias \(bias?.shape ?? []) of \(weight.outputs)")
  require(
    residual.map { $0.shape == windows.outputShape } ?? true,
    "\(residual?.shape ?? []) added to \(windows.outputShape)")
  OperationCounter.current?.add(.convolution, windows.outputs * windows.columnWidth, windows.pixels)
  return Tensor.operation("conv2d", of: [x] + [bias, residual].compactMap(\.self)) {
    let y = Tensor.uninitialized(windows.outputShape)
    let epilogue = ProductEpilogue(
      bias: bias?.storage, residual: residual?.storage, activation: activation)
    windows.convolve(x.storage, weight, epilogue, to: y.storage)
    return (y, { _ in [] })
  }
}

extension Windows {
  /// y `[pixels, O]` from weights as bfloat16.
  fileprivate func convolve(
    _ x: TensorStorage, _ weight: HalfWeights, _ epilogue: ProductEpilogue, to y: TensorStorage
  ) {
    guard Computation.isOn else { return }
    if weight.form == .points {
      return HalfWinograd(windows: self, weights: weight).convolve(x, epilogue, to: y)
    }
    let product = HalfProduct(rows: pixels, weights: weight)
    if isPointwise { return product.run(x, epilogue, to: y) }
    let (width, kernels) = (columnWidth, kernels)
    product.run(epilogue, to: y) { range, out, stride in
      // A few windows at a time, which stay in the first level of cache.
      let most = max(1, min(range.count, (1 << 12) / max(1, width)))
      let columns = TensorStorage(count: most * width, for: "the columns of a convolution")
      var windows = kernels
      for first in Swift.stride(from: 0, to: range.count, by: most) {
        let count = min(most, range.count - first)
        dp_gather_windows(&windows, x.base, range.lowerBound + first, count, columns.base)
        dp_half_round(columns.base, width, count, width, out + first * stride, stride)
      }
    }
  }
}

/// A 3x3 convolution with stride 1 by Winograd's F(4x4, 3x3) with the products of the 36 points in bfloat16; the
/// transforms are float32, at points of their own (`half_winograd.c`).
private struct HalfWinograd: Sendable {
  private typealias Float32 = WinogradConvolution

  let windows: Windows
  let weights: HalfWeights

  private var inputs: Int { weights.inputs }
  private var outputs: Int { weights.outputs }
  private var tiles: Int { windows.winogradTiles }
  /// Numbers from a tile to the next, at one point.
  private var stride: Int { (inputs + 31) / 32 * 32 }

  /// Tiles that a thread takes from pixels to pixels: what lies between the transforms stays in the second level of
  /// cache, unless reading the weights asks for more.
  private var tilesAtOnce: Int {
    let bytes = Float32.points * (2 * inputs + 4 * outputs)
    let most = max((3 << 19) / max(1, bytes), min(168, inputs * outputs / 1560))
    return max(28, min(224, most)) / 14 * 14
  }

  func convolve(_ x: TensorStorage, _ epilogue: ProductEpilogue, to y: TensorStorage) {
    guard tiles > 0, outputs > 0 else { return }
    let pieces = (tiles + tilesAtOnce - 1) / tilesAtOnce
    guard pieces < 16 else {
      return parallel(pieces) { piece in
        let range = tiles * piece / pieces..<tiles * (piece + 1) / pieces
        let (source, products) = buffers(range.count)
        transformInput(x, range, first: range.lowerBound, range.count, to: source)
        for point in 0..<Float32.points {
          multiply(point, source, products, range.count)
        }
        transformOutput(products, range, first: range.lowerBound, range.count, epilogue, to: y)
      }
    }
    // Few tiles: all threads work on one step after the other.
    let (source, products) = buffers(tiles)
    parallel(over: tiles, grain: 2) { range in transformInput(x, range, first: 0, tiles, to: source) }
    parallel(Float32.points) { point in multiply(point, source, products, tiles) }
    parallel(over: tiles, grain: 2) { range in
      transformOutput(products, range, first: 0, tiles, epilogue, to: y)
    }
  }

  /// From one point to the next: whole cache lines, of an odd number.
  private func planes(_ count: Int) -> (source: Int, products: Int) {
    (dp_half_stride(count * stride), ((count * outputs + 15) / 16 | 1) * 16)
  }

  private func buffers(_ count: Int) -> (source: TensorStorage, products: TensorStorage) {
    let planes = planes(count)
    return (
      TensorStorage(
        count: Float32.points * planes.source, elementType: .bfloat16, for: "the tiles of a convolution"),
      TensorStorage(count: Float32.points * planes.products, for: "the tiles of a convolution")
    )
  }

  /// - Parameters:
  ///   - first: The tile that the buffer begins with.
  ///   - count: How many the buffer has.
  private func transformInput(
    _ x: TensorStorage, _ range: Range<Int>, first: Int, _ count: Int, to source: TensorStorage
  ) {
    var kernels = windows.kernels
    dp_half_winograd_input(
      &kernels, x.base, range.lowerBound, range.upperBound,
      source.halves + (range.lowerBound - first) * stride, stride, planes(count).source)
  }

  private func multiply(
    _ point: Int, _ source: TensorStorage, _ products: TensorStorage, _ count: Int
  ) {
    let planes = planes(count)
    var product = dp_half_product(
      a: source.halves + point * planes.source, panels: weights.base + point * weights.stride,
      aStride: stride, rows: count, outputs: outputs, inputs: inputs,
      y: products.base + point * planes.products, bias: nil, residual: nil, yStride: outputs,
      residualStride: 0, activation: dp_half_none, halves: nil, halvesStride: 0)
    dp_half_multiply(&product)
  }

  private func transformOutput(
    _ products: TensorStorage, _ range: Range<Int>, first: Int, _ count: Int, _ epilogue: ProductEpilogue,
    to y: TensorStorage
  ) {
    var kernels = windows.kernels
    dp_half_winograd_output(
      &kernels, products.base + (range.lowerBound - first) * outputs, planes(count).products,
      range.lowerBound, range.upperBound, outputs, epilogue.bias?.base, epilogue.residual?.base,
      epilogue.activation?.half ?? dp_half_none, y.base)
  }
}
