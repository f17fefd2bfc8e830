import CKernels

/// A convolution in which each channel sees only itself, vectorised over the channels.
///
/// - Parameters:
///   - x: `[B, H, W, C]`.
///   - weight: `[C, kh, kw, 1]`.
///   - bias: `[C]`.
func depthwiseConv2d(_ x: Tensor, weight: Tensor, bias: Tensor?, windows: Windows) -> Tensor {
  Tensor.operation("depthwiseConv2d", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let depthwise = DepthwiseConvolution(windows)
    let y = Tensor.uninitialized(windows.outputShape)
    let taps = depthwise.byTap(weight.storage)
    depthwise.convolve(x.storage, taps, bias: bias?.storage, to: y.storage)
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    let (xShape, weightShape) = (x.shape, weight.shape)
    let keptX = needsWeight ? x.storage : nil
    let keptTaps = needsX ? taps : nil
    return (
      y,
      { gradient in
        var gradients: [Tensor?] = [nil, nil]
        if let keptTaps {
          let gx = Tensor.uninitialized(xShape)
          depthwise.inputGradient(gradient.storage, keptTaps, to: gx.storage)
          gradients[0] = gx
        }
        if let keptX {
          let gw = Tensor.uninitialized(weightShape)
          depthwise.weightGradient(keptX, gradient.storage, to: gw.storage)
          gradients[1] = gw
        }
        if hasBias {
          gradients.append(
            needsBias ? sumOfRows(gradient.storage, rows: windows.pixels, width: windows.outputs) : nil)
        }
        return gradients
      }
    )
  }
}

/// silu(convolution) of the same, in one pass each way. What is before the activation is not kept: the derivative makes it
/// anew from x, which it reads anyway.
func depthwiseSilu(_ x: Tensor, weight: Tensor, bias: Tensor?, windows: Windows) -> Tensor {
  Tensor.operation("depthwiseConv2d", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let depthwise = DepthwiseConvolution(windows)
    let y = Tensor.uninitialized(windows.outputShape)
    let taps = depthwise.byTap(weight.storage)
    depthwise.convolveSilu(x.storage, taps, bias: bias?.storage, to: y.storage)
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    let (xShape, weightShape) = (x.shape, weight.shape)
    let (input, shift) = (x.storage, bias?.storage)
    return (
      y,
      { gradient in
        let gx = needsX ? Tensor.uninitialized(xShape) : nil
        let gw = Tensor.uninitialized(weightShape)
        let gb = Tensor.uninitialized([windows.outputs])
        depthwise.siluGradients(
          gradient.storage, input, taps, bias: shift, to: (gx?.storage, gw.storage, gb.storage))
        return [gx, needsWeight ? gw : nil] + (hasBias ? [needsBias ? gb : nil] : [])
      }
    )
  }
}

/// The loops of a depthwise convolution. Weights are held as `[kh * kw, C]`.
struct DepthwiseConvolution: Sendable {
  let windows: Windows
  /// Output rows that are one piece of work.
  let rowsAtOnce: Int

  init(_ windows: Windows) {
    self.windows = windows
    // A piece reads a row above and one below its own: pieces of a few rows would read much twice.
    rowsAtOnce = max(1, (1 << 17) / max(1, windows.outputWidth * windows.channels))
  }

  var rows: Int { windows.images * windows.outputHeight }

  var kernels: dp_windows {
    var kernels = windows.kernels
    kernels.channels = windows.channels
    return kernels
  }

  /// `[kh * kw, C]` from `[C, kh, kw, 1]`.
  func byTap(_ weight: TensorStorage) -> TensorStorage {
    let turned = TensorStorage(count: weight.count, for: "the turned weights of a convolution")
    for tap in 0..<windows.taps {
      for channel in 0..<windows.channels {
        turned.base[tap * windows.channels + channel] = weight.base[channel * windows.taps + tap]
      }
    }
    return turned
  }

  /// From 16 MiB on an output is streamed: it would leave the caches before it is read again.
  static let streamedCount = 4 << 20

  func convolve(_ x: TensorStorage, _ taps: TensorStorage, bias: TensorStorage?, to y: TensorStorage) {
    let isStreamed: Int32 = y.count >= Self.streamedCount ? 1 : 0
    parallel(over: rows, grain: rowsAtOnce) { range in
      var kernels = kernels
      dp_depthwise(
        &kernels, x.base, taps.base, bias?.base, y.base, range.lowerBound, range.upperBound,
        isStreamed)
    }
  }

  func inputGradient(_ gy: TensorStorage, _ taps: TensorStorage, to gx: TensorStorage) {
    let reach = (
      windows.dilation.0 * (windows.kernel.height - 1), windows.dilation.1 * (windows.kernel.width - 1)
    )
    let channels = windows.channels
    if windows.stride == (1, 1), windows.padding.0 <= reach.0, windows.padding.1 <= reach.1,
      windows.outputHeight > 0, windows.outputWidth > 0
    {
      let reversed = TensorStorage(count: taps.count, for: "the turned weights of a convolution")
      for tap in 0..<windows.taps {
        (reversed.base + tap * channels).update(
          from: taps.base + (windows.taps - 1 - tap) * channels, count: channels)
      }
      DepthwiseConvolution(
        Windows(
          images: windows.images, height: windows.outputHeight, width: windows.outputWidth,
          channels: channels,
          outputs: channels, kernel: windows.kernel, stride: (1, 1),
          padding: (reach.0 - windows.padding.0, reach.1 - windows.padding.1), dilation: windows.dilation,
          groups: windows.groups)
      ).convolve(gy, reversed, bias: nil, to: gx)
      return
    }
    gx.values.update(repeating: 0)
    let parts = max(1, channels / 64)
    let (imageSize, outputSize) = (
      windows.height * windows.width * channels, windows.outputHeight * windows.outputWidth * channels
    )
    parallel(windows.images * parts) { piece in
      let (image, part) = (piece / parts, piece % parts)
      var kernels = kernels
      dp_depthwise_scatter(
        &kernels, gy.base + image * outputSize, taps.base, gx.base + image * imageSize,
        channels * part / parts,
        channels * (part + 1) / parts)
    }
  }

  func weightGradient(_ x: TensorStorage, _ gy: TensorStorage, to gw: TensorStorage) {
    let (rows, count, channels, taps) = (rows, gw.count, windows.channels, windows.taps)
    let pieces = min(16, max(1, rows / rowsAtOnce))
    let partial = TensorStorage(count: pieces * count, for: "the partial sums of a convolution")
    parallel(pieces) { piece in
      var kernels = kernels
      UnsafeMutableBufferPointer(start: partial.base + piece * count, count: count).update(repeating: 0)
      dp_depthwise_weights(
        &kernels, x.base, gy.base, partial.base + piece * count, rows * piece / pieces,
        rows * (piece + 1) / pieces)
    }
    let sum = TensorStorage(count: count, for: "the gradient of a convolution's weights")
    sumOfPartials(partial, pieces: pieces, to: sum)
    for tap in 0..<taps {
      for channel in 0..<channels { gw.base[channel * taps + tap] = sum.base[tap * channels + channel] }
    }
  }
}
