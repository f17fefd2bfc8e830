/// 2-D convolution (cross-correlation, as torch's `conv2d`).
///
/// - Parameters:
///   - x: `[B, H, W, I]`.
///   - weight: `[O, kh, kw, I / groups]`.
///   - bias: `[O]`.
///   - stride: Step between windows, (vertical, horizontal), as all pairs here.
///   - padding: Zeros around the image.
///   - dilation: Distance between the taps of a window.
///   - groups: Parts of the channels that see each other only.
/// - Returns: `[B, H', W', O]`, H' = (H + 2 padding - dilation (kh - 1) - 1) / stride + 1.
public func conv2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
  dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor {
  conv2d(
    x, weight: weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups,
    method: nil)
}

/// The same by a given method, or by the faster one when nil.
///
/// - Parameters:
///   - residual: Added to the result, `[B, H', W', O]`.
///   - activation: The last of all; both are part of the operation where nothing is to be differentiated, and SiLU is of
///     a depthwise convolution without a residual.
package func conv2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
  dilation: (Int, Int) = (1, 1), groups: Int = 1, method: ConvolutionMethod? = nil,
  adding residual: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  require(
    x.rank == 4 && weight.rank == 4 && groups > 0 && weight.shape[3] * groups == x.shape[3]
      && weight.shape[0] % groups == 0,
    "conv2d of x \(x.shape) with weight \(weight.shape) in \(groups) groups")
  require(
    bias.map { $0.shape == [weight.shape[0]] } ?? true, "bias \(bias?.shape ?? []) of \(weight.shape)")
  require(
    min(stride.0, stride.1, dilation.0, dilation.1) > 0 && min(padding.0, padding.1) >= 0,
    "conv2d with stride \(stride), padding \(padding), dilation \(dilation)")
  var windows = Windows(
    images: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.shape[3], outputs: weight.shape[0],
    kernel: (weight.shape[1], weight.shape[2]), stride: stride, padding: padding, dilation: dilation,
    groups: groups)
  require(
    residual.map { $0.shape == windows.outputShape } ?? true,
    "\(residual?.shape ?? []) added to \(windows.outputShape)")
  OperationCounter.current?.add(.convolution, weight.count, windows.pixels)
  windows.forcedMethod = method
  let isDepthwise = groups > 1 && groups == windows.channels && groups == windows.outputs
  let isRecorded = [x, weight, bias, residual].contains { $0?.needsGradient ?? false }
  if !isDepthwise, !isRecorded {
    return convolution(x, weight, bias, adding: residual, activation, windows)
  }
  if isDepthwise, residual == nil, activation == .silu {
    return depthwiseSilu(x, weight: weight, bias: bias, windows: windows)
  }
  let y =
    isDepthwise
    ? depthwiseConv2d(x, weight: weight, bias: bias, windows: windows)
    : convolution(x, weight: weight, bias: bias, windows: windows)
  let sum = residual.map { y + $0 } ?? y
  return activation?(sum) ?? sum
}

/// A convolution that is not depthwise, without its derivative, with all that is done to its sums.
private func convolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, adding residual: Tensor?, _ activation: Activation?,
  _ windows: Windows
) -> Tensor {
  Tensor.operation("conv2d", of: [x, weight] + [bias, residual].compactMap(\.self)) {
    let y = Tensor.uninitialized(windows.outputShape)
    // The weights stay as they are from call to call.
    windows.convolve(
      x.storage, weight.storage,
      ProductEpilogue(bias: bias?.storage, residual: residual?.storage, activation: activation),
      keepsTransform: true, to: y.storage)
    return (y, { _ in [] })
  }
}

/// A convolution that is not depthwise, with its derivative.
private func convolution(_ x: Tensor, weight: Tensor, bias: Tensor?, windows: Windows) -> Tensor {
  Tensor.operation("conv2d", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized(windows.outputShape)
    // Frozen weights stay as they are from call to call.
    windows.convolve(
      x.storage, weight.storage, ProductEpilogue(bias: bias?.storage), keepsTransform: !weight.needsGradient,
      to: y.storage)
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    // What the other input's gradient needs, and nothing else, is kept alive.
    let (xShape, weightShape) = (x.shape, weight.shape)
    let keptX = needsWeight ? x.storage : nil
    let keptWeight = needsX ? weight.storage : nil
    return (
      y,
      { gradient in
        var gradients: [Tensor?] = [nil, nil]
        if let keptWeight {
          let gx = Tensor.uninitialized(xShape)
          windows.inputGradient(gradient.storage, keptWeight, to: gx.storage)
          gradients[0] = gx
        }
        if let keptX {
          let gw = Tensor.uninitialized(weightShape)
          windows.weightGradient(keptX, gradient.storage, to: gw.storage)
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
