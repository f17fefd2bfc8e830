import CKernels

extension DepthwiseConvolution {
  /// silu(convolution), the sums of some pixels at a time.
  func convolveSilu(_ x: TensorStorage, _ taps: TensorStorage, bias: TensorStorage?, to y: TensorStorage) {
    let isStreamed: Int32 = y.count >= Self.streamedCount ? 1 : 0
    let columns = max(4, (1 << 13) / max(1, windows.channels) / 4 * 4)
    parallel(over: rows, grain: rowsAtOnce) { range in
      var kernels = kernels
      let sums = TensorStorage(count: columns * windows.channels, for: "the sums of a convolution")
      dp_depthwise_silu(
        &kernels, x.base, taps.base, bias?.base, y.base, range.lowerBound, range.upperBound, columns,
        sums.base, isStreamed)
      withExtendedLifetime(sums) {}
    }
  }

  /// The gradients by x, if it is wanted, the weight and the bias.
  func siluGradients(
    _ g: TensorStorage, _ x: TensorStorage, _ taps: TensorStorage, bias: TensorStorage?,
    to gradients: (x: TensorStorage?, weight: TensorStorage, bias: TensorStorage)
  ) {
    guard windows.images > 0, isOnePass else {
      return siluGradientsByParts(g, x, taps, bias: bias, to: gradients)
    }
    let (channels, height, width) = (windows.channels, windows.height, windows.width)
    let blocks = (channels + Self.channelsAtOnce - 1) / Self.channelsAtOnce
    // As few as give sixteen pieces: a band makes two rows more than its own.
    let pieces = blocks * windows.images
    let bands = max(1, min(height / 6, (16 + pieces - 1) / pieces))
    let count = 10 * channels
    let partial = TensorStorage(
      count: windows.images * bands * count, for: "the partial sums of a convolution")
    let isStreamed: Int32 = x.count >= Self.streamedCount ? 1 : 0
    parallel(windows.images * bands * blocks) { piece in
      let (part, block) = piece.quotientAndRemainder(dividingBy: blocks)
      let (image, band) = part.quotientAndRemainder(dividingBy: bands)
      let first = block * Self.channelsAtOnce
      var kernels = windows.kernels
      kernels.channels = min(Self.channelsAtOnce, channels - first)
      kernels.pixelStride = channels
      let scratch = TensorStorage(
        count: dp_depthwise_silu_scratch(width, kernels.channels), for: "some rows of a convolution")
      let offset = image * height * width * channels + first
      dp_depthwise_silu_backward(
        &kernels, x.base + offset, g.base + offset, taps.base + first, bias.map { $0.base + first },
        gradients.x.map { $0.base + offset }, partial.base + part * count + first, scratch.base,
        height * band / bands, height * (band + 1) / bands, isStreamed)
      withExtendedLifetime(scratch) {}
    }
    let sum = TensorStorage(count: count, for: "the gradient of a convolution's weights")
    sumOfPartials(partial, pieces: windows.images * bands, to: sum)
    for channel in 0..<channels {
      for tap in 0..<9 { gradients.weight.base[channel * 9 + tap] = sum.base[tap * channels + channel] }
    }
    gradients.bias.base.update(from: sum.base + 9 * channels, count: channels)
  }

  /// Channels of a piece: enough for memory to be read in long stretches, which is worth more than that the rows stay in the
  /// second level of cache.
  private static var channelsAtOnce: Int { 192 }

  private var isOnePass: Bool {
    windows.kernel == (3, 3) && windows.stride == (1, 1) && windows.dilation == (1, 1)
      && windows.padding == (1, 1) && windows.channels % 8 == 0
  }

  private func siluGradientsByParts(
    _ g: TensorStorage, _ x: TensorStorage, _ taps: TensorStorage, bias: TensorStorage?,
    to gradients: (x: TensorStorage?, weight: TensorStorage, bias: TensorStorage)
  ) {
    let sums = TensorStorage(count: g.count, for: "the sums of a convolution")
    let slopes = TensorStorage(count: g.count, for: "the sums of a convolution")
    convolve(x, taps, bias: bias, to: sums)
    parallel(over: g.count, grain: 1 << 14) { range in
      let start = range.lowerBound
      dp_silu_backward(slopes.base + start, g.base + start, sums.base + start, range.count)
    }
    if let gx = gradients.x { inputGradient(slopes, taps, to: gx) }
    weightGradient(x, slopes, to: gradients.weight)
    let bias = sumOfRows(slopes, rows: windows.pixels, width: windows.outputs)
    gradients.bias.base.update(from: bias.storage.base, count: bias.count)
  }
}
