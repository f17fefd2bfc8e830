import CKernels

/// Largest number of each window (torch's `max_pool2d`); its gradient goes to the first of several.
///
/// - Parameters:
///   - x: `[B, H, W, C]`.
///   - kernel: Height and width of a window.
///   - stride: Step between windows, (vertical, horizontal); the kernel without.
///   - padding: Rows and columns around the image that count as smaller than all numbers: at most half the kernel.
///   - dilation: Distance between the pixels of a window.
/// - Returns: `[B, H', W', C]`, H' = (H + 2 padding - dilation (kernel - 1) - 1) / stride + 1.
public func maxPool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0),
  dilation: (Int, Int) = (1, 1)
) -> Tensor {
  let stride = stride ?? kernel
  require(x.rank == 4, "maxPool2d of x \(x.shape)")
  require(
    min(kernel.0, kernel.1, stride.0, stride.1, dilation.0, dilation.1) > 0
      && (0...kernel.0 / 2).contains(padding.0) && (0...kernel.1 / 2).contains(padding.1),
    "maxPool2d with kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation)")
  let windows = Windows(
    images: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.shape[3], outputs: x.shape[3],
    kernel: (kernel.0, kernel.1), stride: stride, padding: padding, dilation: dilation, groups: 1)
  return Tensor.operation("maxPool2d", of: [x]) {
    let y = Tensor.uninitialized(windows.outputShape)
    let (source, target) = (x.storage, y.storage)
    let rows = windows.images * windows.outputHeight
    parallel(over: rows, grain: max(1, (1 << 14) / max(1, windows.outputWidth * windows.channels))) { range in
      var kernels = windows.kernels
      dp_max_pool(&kernels, source.base, target.base, range.lowerBound, range.upperBound)
    }
    let shape = x.shape
    return (
      y,
      { gradient in
        let gx = Tensor.uninitialized(shape)
        let (gradients, sums) = (gradient.storage, gx.storage)
        parallelOverBands(windows, to: sums) { kernels, image, rows, channels in
          let offset = image * windows.height * windows.width * windows.channels
          dp_max_pool_backward(
            kernels, source.base + offset,
            gradients.base + image * windows.outputHeight * windows.outputWidth * windows.channels,
            sums.base + offset, rows.lowerBound, rows.upperBound, channels.lowerBound, channels.upperBound)
        }
        return [gx]
      }
    )
  }
}

/// Mean of each window (torch's `avg_pool2d`); the zeros of the padding count.
///
/// - Parameters:
///   - x: `[B, H, W, C]`.
///   - kernel: Height and width of a window.
///   - stride: Step between windows, (vertical, horizontal); the kernel without.
///   - padding: Rows and columns of zeros around the image: at most half the kernel.
/// - Returns: `[B, H', W', C]`, H' = (H + 2 padding - kernel) / stride + 1.
public func averagePool2d(
  _ x: Tensor, kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0)
) -> Tensor {
  let stride = stride ?? kernel
  require(x.rank == 4, "averagePool2d of x \(x.shape)")
  require(
    min(kernel.0, kernel.1, stride.0, stride.1) > 0
      && (0...kernel.0 / 2).contains(padding.0) && (0...kernel.1 / 2).contains(padding.1),
    "averagePool2d with kernel \(kernel), stride \(stride), padding \(padding)")
  let windows = Windows(
    images: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.shape[3], outputs: x.shape[3],
    kernel: (kernel.0, kernel.1), stride: stride, padding: padding, dilation: (1, 1), groups: 1)
  return Tensor.operation("averagePool2d", of: [x]) {
    let y = Tensor.uninitialized(windows.outputShape)
    let (source, target) = (x.storage, y.storage)
    let rows = windows.images * windows.outputHeight
    parallel(over: rows, grain: max(1, (1 << 14) / max(1, windows.outputWidth * windows.channels))) { range in
      var kernels = windows.kernels
      dp_average_pool(&kernels, source.base, target.base, range.lowerBound, range.upperBound)
    }
    let shape = x.shape
    return (
      y,
      { gradient in
        let gx = Tensor.uninitialized(shape)
        let (gradients, sums) = (gradient.storage, gx.storage)
        parallelOverBands(windows, to: sums) { kernels, image, rows, channels in
          dp_average_pool_backward(
            kernels,
            gradients.base + image * windows.outputHeight * windows.outputWidth * windows.channels,
            sums.base + image * windows.height * windows.width * windows.channels, rows.lowerBound,
            rows.upperBound, channels.lowerBound, channels.upperBound)
        }
        return [gx]
      }
    )
  }
}

/// Means over a grid of `height` x `width` cells that cover the image, `[B, H, W, C]` (torch's `adaptive_avg_pool2d`).
///
/// Cell i covers floor(i in / out) up to, not including, ceil((i + 1) in / out); neighbours may overlap.
///
/// - Returns: `[B, height, width, C]`.
public func adaptiveAveragePool2d(_ x: Tensor, height: Int, width: Int) -> Tensor {
  require(
    x.rank == 4 && height > 0 && width > 0 && x.shape[1] > 0 && x.shape[2] > 0,
    "adaptiveAveragePool2d of x \(x.shape) to \(height) x \(width)")
  let (images, inHeight, inWidth, channels) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
  OperationCounter.current?.add(.adaptiveAveragePooling, x.count)
  return Tensor.operation("adaptiveAveragePool2d", of: [x]) {
    let y = Tensor.uninitialized([images, height, width, channels])
    let (source, target) = (x.storage, y.storage)
    parallel(images * height) { line in
      dp_adaptive_average_row(
        source.base + line / height * inHeight * inWidth * channels, inHeight, inWidth, channels, height,
        width,
        line % height, target.base + line * width * channels)
    }
    let shape = x.shape
    return (
      y,
      { gradient in
        let gx = Tensor.zeros(shape)
        let (gradients, sums) = (gradient.storage, gx.storage)
        parallelOverImages(images, channels: channels) { image, range in
          dp_adaptive_average_backward(
            gradients.base + image * height * width * channels, inHeight, inWidth, channels, height, width,
            range.lowerBound, range.upperBound, sums.base + image * inHeight * inWidth * channels)
        }
        return [gx]
      }
    )
  }
}

/// Runs `body` for each image and range of about 64 channels: for sums whose windows overlap in an image.
func parallelOverImages(
  _ images: Int, channels: Int, _ body: @escaping @Sendable (_ image: Int, _ channels: Range<Int>) -> Void
) {
  let parts = max(1, channels / 64)
  parallel(images * parts) { piece in
    let part = piece % parts
    body(piece / parts, channels * part / parts..<channels * (part + 1) / parts)
  }
}

/// Clears `sums` `[B, H, W, C]` and runs `body` for each image and part of it, some input rows and about 64 channels: for
/// sums over windows that overlap. Wherever it is cut, a sum has one order.
private func parallelOverBands(
  _ windows: Windows, to sums: TensorStorage,
  _ body:
    @escaping @Sendable (
      _ kernels: UnsafePointer<dp_windows>, _ image: Int, _ rows: Range<Int>, _ channels: Range<Int>
    ) -> Void
) {
  let (width, channels) = (windows.width, windows.channels)
  let parts = max(1, channels / 64)
  let others = max(1, windows.images * parts)
  // A band looks again at the windows that reach into it from its neighbours.
  let bands = max(1, min(windows.height / (8 * max(1, windows.kernel.height / 2)), (15 + others) / others))
  parallel(windows.images * bands * parts) { piece in
    let (place, part) = piece.quotientAndRemainder(dividingBy: parts)
    let (image, band) = place.quotientAndRemainder(dividingBy: bands)
    let rows = windows.height * band / bands..<windows.height * (band + 1) / bands
    let own = channels * part / parts..<channels * (part + 1) / parts
    // Whole rows at once where a piece has all channels.
    let (runs, run) = parts == 1 ? (1, rows.count * width * channels) : (rows.count * width, own.count)
    let first = sums.base + (image * windows.height + rows.lowerBound) * width * channels + own.lowerBound
    for pixel in 0..<runs { (first + pixel * channels).update(repeating: 0, count: run) }
    var kernels = windows.kernels
    body(&kernels, image, rows, own)
  }
}
