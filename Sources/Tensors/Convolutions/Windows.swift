import CKernels

/// Which input pixels each output pixel of a convolution sees, and the products over them.
///
/// A window is copied into a row of columns `[pixels, kh * kw * I]`, so that a convolution is one product with
/// the weights `[O, kh * kw * I]`. Columns are made a tile of pixels at a time, small enough for the cache.
struct Windows: Sendable {
  var images: Int
  var height: Int
  var width: Int
  var channels: Int
  var outputHeight: Int
  var outputWidth: Int
  var outputs: Int
  var kernel: (height: Int, width: Int)
  var stride: (Int, Int)
  var padding: (Int, Int)
  var dilation: (Int, Int)
  var groups: Int
  /// A method that tests and measurements ask for; nil leaves the choice to the shapes.
  var forcedMethod: ConvolutionMethod?

  /// Windows over an input; the output's size follows.
  init(
    images: Int, height: Int, width: Int, channels: Int, outputs: Int, kernel: (height: Int, width: Int),
    stride: (Int, Int), padding: (Int, Int), dilation: (Int, Int), groups: Int
  ) {
    self.images = images
    self.height = height
    self.width = width
    self.channels = channels
    self.outputs = outputs
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    outputHeight = Self.extent(height, kernel.height, stride.0, padding.0, dilation.0)
    outputWidth = Self.extent(width, kernel.width, stride.1, padding.1, dilation.1)
  }

  private static func extent(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int)
    -> Int
  {
    let room = size + 2 * padding - dilation * (kernel - 1) - 1
    return room < 0 ? 0 : room / stride + 1
  }

  var taps: Int { kernel.height * kernel.width }
  var inputsPerGroup: Int { channels / groups }
  var outputsPerGroup: Int { outputs / groups }
  /// Numbers in a window: the width of a column.
  var columnWidth: Int { taps * inputsPerGroup }
  var pixels: Int { images * outputHeight * outputWidth }
  var outputShape: [Int] { [images, outputHeight, outputWidth, outputs] }
  /// Whether the columns are the input itself.
  var isPointwise: Bool { taps == 1 && stride == (1, 1) && padding == (0, 0) && groups == 1 }

  /// The same for the kernels, reading one group's channels.
  var kernels: dp_windows {
    dp_windows(
      height: height, width: width, outputHeight: outputHeight, outputWidth: outputWidth,
      kernelHeight: kernel.height, kernelWidth: kernel.width, strideY: stride.0, strideX: stride.1,
      paddingY: padding.0, paddingX: padding.1, dilationY: dilation.0, dilationX: dilation.1,
      channels: inputsPerGroup, pixelStride: channels)
  }

  /// How many tiles the pixels are cut into: their columns fill a megabyte, or 192 pixels' worth; sixteen if those have
  /// 64 pixels.
  private var tiles: Int {
    let largest = max(192, (1 << 18) / max(1, columnWidth))
    return max((pixels + largest - 1) / largest, min(16, pixels / 64))
  }

  /// Whether the columns of all pixels are made at once: they are the input, or few.
  private var makesAllColumns: Bool { isPointwise || (pixels <= 512 && groups == 1) }

  private func pixels(ofTile tile: Int) -> Range<Int> {
    pixels * tile / tiles..<pixels * (tile + 1) / tiles
  }

  /// y `[pixels, O]` = the windows of x times the weights, plus the bias.
  ///
  /// - Parameters:
  ///   - keepsTransform: Whether transformed weights stay with the weights for the next call.
  ///   - epilogue: The bias and what else is done to the sums.
  func convolve(
    _ x: TensorStorage, _ weight: TensorStorage, _ epilogue: ProductEpilogue, keepsTransform: Bool = false,
    to y: TensorStorage
  ) {
    guard Computation.isOn else { return }
    guard method == .winograd else {
      return convolveColumns(x, weight, epilogue, to: y)
    }
    func transform() -> TensorStorage {
      WinogradConvolution(self).factors(of: weight, reversed: false)
    }
    let transformed =
      keepsTransform ? weight.derived(.winogradWeights(outputs: outputs), transform) : transform()
    let isRectified = epilogue.activation == .relu
    WinogradConvolution(self).convolve(
      x, factors: transformed, bias: epilogue.bias, residual: epilogue.residual, isRectified: isRectified,
      to: y)
    if !isRectified { epilogue.finish(y, addsResidual: false) }
  }

  /// The same over columns.
  private func convolveColumns(
    _ x: TensorStorage, _ weight: TensorStorage, _ epilogue: ProductEpilogue, to y: TensorStorage
  ) {
    let (outputs, group, width, inputs) = (outputs, outputsPerGroup, columnWidth, inputsPerGroup)
    let product = RowProduct(inputs: width, outputs: group)
    let (bias, finish) = (epilogue.bias, epilogue.finish(y))
    if makesAllColumns {
      product.parallelMultiply(
        rows: pixels, allColumns(of: x), weight, stride: width, transposed: true, bias: bias, to: y,
        finish: finish)
      return
    }
    let factors = (0..<groups).map {
      product.packed(weight, at: $0 * group * width, stride: width, transposed: true)
    }
    parallel(tiles) { tile in
      let range = pixels(ofTile: tile)
      let columns = TensorStorage(count: range.count * width, for: "the columns of a convolution")
      let rows = y.base + range.lowerBound * outputs
      var windows = kernels
      for (g, factor) in factors.enumerated() {
        dp_gather_windows(&windows, x.base + g * inputs, range.lowerBound, range.count, columns.base)
        product.multiply(
          rows: range.count, columns.base, stride: width, factor.base, bias: bias.map { $0.base + g * group },
          to: rows + g * group, stride: outputs)
      }
      finish?(rows, range.lowerBound * outputs, range.count * outputs)
    }
  }

  /// All columns of an input with one group; the input itself where they are the same.
  private func allColumns(of x: TensorStorage) -> TensorStorage {
    if isPointwise { return x }
    let columns = TensorStorage(count: pixels * columnWidth, for: "the columns of a convolution")
    parallel(over: pixels, grain: 16) { range in
      var windows = kernels
      dp_gather_windows(
        &windows, x.base, range.lowerBound, range.count, columns.base + range.lowerBound * columnWidth)
    }
    return columns
  }

  /// gw `[O, kh * kw * I]` = gyᵀ times the columns of x, in partial sums that are added in order.
  func weightGradient(_ x: TensorStorage, _ gy: TensorStorage, to gw: TensorStorage) {
    guard weightGradientMethod == .columns else {
      return WinogradConvolution(self).weightGradient(x, gy, to: gw)
    }
    let (outputs, group, width, inputs) = (outputs, outputsPerGroup, columnWidth, inputsPerGroup)
    if makesAllColumns {
      BLAS.parallelMultiply(
        transposingA: true, m: outputs, n: width, k: pixels, gy, stride: outputs, allColumns(of: x),
        stride: width, to: gw, stride: width)
      return
    }
    let (pixels, count) = (pixels, outputs * width)
    guard pixels > 0 else { return gw.values.update(repeating: 0) }
    // A piece has some of the pixels, whose sums are held apart; where those are too large for many, some rows of the
    // kernel, and then some outputs. What is narrower is copied more often.
    let most = max(1, min(pixels / 192, max(4, (1 << 22) / max(1, count))))
    let lines = most < 16 && kernel.width * inputs >= 96 ? kernel.height : 1
    let parts = most * lines < 16 ? max(1, min(4, group / 192)) : 1
    let layers = lines * parts == 1 ? min(most, most < 32 ? 16 : 32) : min(most, 32 / (lines * parts) + 1)
    let partial = TensorStorage(count: layers * count, for: "the partial sums of a convolution")
    let span = width / lines
    let largest = max(192, (1 << 18) / max(1, span))
    parallel(lines * parts * layers) { piece in
      let (place, layer) = piece.quotientAndRemainder(dividingBy: layers)
      let (line, part) = place.quotientAndRemainder(dividingBy: parts)
      let (first, end) = (group * part / parts, group * (part + 1) / parts)
      var windows = kernels
      if lines > 1 {
        windows.kernelHeight = 1
        windows.paddingY -= line * windows.dilationY
      }
      let own = pixels * layer / layers..<pixels * (layer + 1) / layers
      let tiles = (own.count + largest - 1) / largest
      for tile in 0..<tiles {
        let (start, stop) = (
          own.lowerBound + own.count * tile / tiles, own.lowerBound + own.count * (tile + 1) / tiles
        )
        let columns = TensorStorage(count: (stop - start) * span, for: "the columns of a convolution")
        for g in 0..<groups {
          dp_gather_windows(&windows, x.base + g * inputs, start, stop - start, columns.base)
          BLAS.multiply(
            transposingA: true, m: end - first, n: span, k: stop - start,
            gy.base + start * outputs + g * group + first, stride: outputs, columns.base, stride: span,
            adding: tile == 0 ? 0 : 1,
            to: partial.base + layer * count + (g * group + first) * width + line * span, stride: width)
        }
      }
    }
    sumOfPartials(partial, pieces: layers, to: gw)
  }

  /// gx = the derivative by the input; also the transposed convolution of gy.
  ///
  /// - Parameter bias: What each pixel of gx starts from, `[C]`; zero without.
  func inputGradient(
    _ gy: TensorStorage, _ weight: TensorStorage, bias: TensorStorage? = nil, to gx: TensorStorage
  ) {
    guard Computation.isOn else { return }
    let reach = (dilation.0 * (kernel.height - 1), dilation.1 * (kernel.width - 1))
    if isPointwise {
      RowProduct(inputs: outputs, outputs: channels).parallelMultiply(
        rows: pixels, gy, weight, stride: channels, transposed: false, bias: bias, to: gx)
    } else if stride == (1, 1), padding.0 <= reach.0, padding.1 <= reach.1, outputHeight > 0, outputWidth > 0
    {
      var windows = Windows(
        images: images, height: outputHeight, width: outputWidth, channels: outputs, outputs: channels,
        kernel: kernel, stride: (1, 1), padding: (reach.0 - padding.0, reach.1 - padding.1),
        dilation: dilation, groups: groups)
      windows.forcedMethod = forcedMethod
      if windows.method == .winograd {
        let convolution = WinogradConvolution(windows)
        return convolution.convolve(
          gy, factors: convolution.factors(of: weight, reversed: true), bias: bias, to: gx)
      }
      let turned = TensorStorage(count: weight.count, for: "the turned weights of a convolution")
      dp_turn_weights(weight.base, groups, outputsPerGroup, taps, inputsPerGroup, turned.base)
      windows.convolveColumns(gy, turned, ProductEpilogue(bias: bias), to: gx)
    } else {
      scatter(gy, weight, bias: bias, to: gx)
    }
  }

  /// Bands of input rows, and parts of the channels where those are few, in parallel; each computes the columns of all
  /// output rows that reach into it.
  private func scatter(
    _ gy: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, to gx: TensorStorage
  ) {
    let (outputs, group, width, inputs) = (outputs, outputsPerGroup, columnWidth, inputsPerGroup)
    let rowsAtOnce = max(1, (1 << 18) / max(1, outputWidth * width))
    let reach = dilation.0 * (kernel.height - 1)
    let bandHeight = max(rowsAtOnce * stride.0, reach >= stride.0 ? 4 * (reach + 1) : 1)
    let bands = (height + bandHeight - 1) / bandHeight
    // By the sizes of one image: an image has the same bits in every batch.
    let work = outputHeight * outputWidth * group * width
    let parts = groups > 1 ? 1 : max(1, min(inputs / 16, (15 + bands) / max(1, bands), work >> 26))
    let cut = parts > 1 ? parted(weight, parts: parts) : weight
    parallel(images * bands * parts) { piece in
      let (place, part) = piece.quotientAndRemainder(dividingBy: parts)
      let (image, band) = (place / bands, place % bands)
      let rows = height * band / bands..<height * (band + 1) / bands
      let target = gx.base + image * height * self.width * channels
      let own = inputs * part / parts..<inputs * (part + 1) / parts
      if parts == 1, bias == nil {
        (target + rows.lowerBound * self.width * channels)
          .update(repeating: 0, count: rows.count * self.width * channels)
      } else {
        // Of all groups where there is but one part.
        let (from, some) = parts == 1 ? (0, channels) : (own.lowerBound, own.count)
        for pixel in rows.lowerBound * self.width..<rows.upperBound * self.width {
          let out = target + pixel * channels + from
          if let bias {
            out.update(from: bias.base + from, count: some)
          } else {
            out.update(repeating: 0, count: some)
          }
        }
      }
      let first = max(0, (rows.lowerBound + padding.0 - reach + stride.0 - 1) / stride.0)
      let last = min(outputHeight, (rows.upperBound - 1 + padding.0) / stride.0 + 1)
      guard first < last else { return }
      let span = taps * own.count
      let columns = TensorStorage(
        count: min(rowsAtOnce, last - first) * outputWidth * span, for: "the columns of a convolution")
      var windows = kernels
      windows.channels = own.count
      let factors = cut.base + own.lowerBound * taps * outputs
      for start in Swift.stride(from: first, to: last, by: rowsAtOnce) {
        let end = min(last, start + rowsAtOnce)
        let source = gy.base + (image * outputHeight + start) * outputWidth * outputs
        for g in 0..<groups {
          BLAS.multiply(
            m: (end - start) * outputWidth, n: span, k: group, source + g * group, stride: outputs,
            factors + g * group * span, stride: span, to: columns.base, stride: span)
          dp_scatter_windows(
            &windows, columns.base, start, end, rows.lowerBound, rows.upperBound,
            target + g * inputs + own.lowerBound)
        }
      }
    }
  }

  /// Weights `[O, kh * kw, I]` as `[O, kh * kw, part of I]` for each part, one after the other.
  private func parted(_ weight: TensorStorage, parts: Int) -> TensorStorage {
    let (outputs, taps, inputs) = (outputs, taps, inputsPerGroup)
    let result = TensorStorage(count: weight.count, for: "the weights of a convolution")
    parallel(over: outputs, grain: max(1, (1 << 14) / max(1, taps * inputs))) { range in
      for part in 0..<parts {
        let own = inputs * part / parts..<inputs * (part + 1) / parts
        let start = result.base + own.lowerBound * taps * outputs
        for row in range.lowerBound * taps..<range.upperBound * taps {
          (start + row * own.count).update(
            from: weight.base + row * inputs + own.lowerBound, count: own.count)
        }
      }
    }
    return result
  }
}

/// Adds up partial sums `[pieces, count]` in their order.
///
/// - Parameters:
///   - start: Where they begin.
///   - count: Of each; all of `sum` without.
///   - offset: Where in `sum` they belong.
func sumOfPartials(
  _ partial: TensorStorage, at start: Int = 0, pieces: Int, count: Int? = nil, to sum: TensorStorage,
  offset: Int = 0
) {
  let count = count ?? sum.count
  parallel(over: count, grain: max(1 << 8, (1 << 15) / max(1, pieces))) { range in
    let out = sum.base + offset + range.lowerBound
    // An empty batch has none.
    if pieces < 1 { return out.update(repeating: 0, count: range.count) }
    let first = partial.base + start + range.lowerBound
    out.update(from: first, count: range.count)
    for piece in 1..<pieces {
      dp_accumulate(out, first + piece * count, range.count)
    }
  }
}
