/// Transposed 2-D convolution (torch's `conv_transpose2d`): the derivative of a convolution by its input.
///
/// - Parameters:
///   - x: `[B, H, W, I]`.
///   - weight: `[I, kh, kw, O / groups]`.
///   - bias: `[O]`.
///   - stride: Step between the windows in the result, (vertical, horizontal), as all pairs here.
///   - padding: What is cut off around the result.
///   - outputPadding: Rows and columns more at the bottom and right of the result.
///   - dilation: Distance between the taps of a window.
///   - groups: Parts of the channels that see each other only.
/// - Returns: `[B, H', W', O]`, H' = (H - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1.
public func convTranspose2d(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
  outputPadding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
) -> Tensor {
  require(
    x.rank == 4 && weight.rank == 4 && groups > 0 && weight.shape[0] == x.shape[3]
      && weight.shape[0] % groups == 0,
    "convTranspose2d of x \(x.shape) with weight \(weight.shape) in \(groups) groups")
  let outputs = weight.shape[3] * groups
  require(
    bias.map { $0.shape == [outputs] } ?? true,
    "bias \(bias?.shape ?? []) of \(weight.shape) in \(groups) groups")
  require(
    min(stride.0, stride.1, dilation.0, dilation.1) > 0 && min(padding.0, padding.1) >= 0
      && (0..<max(stride.0, dilation.0)).contains(outputPadding.0)
      && (0..<max(stride.1, dilation.1)).contains(outputPadding.1),
    "convTranspose2d with stride \(stride), padding \(padding), output padding \(outputPadding), "
      + "dilation \(dilation)")
  func extent(
    _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ outputPadding: Int, _ dilation: Int
  ) -> Int {
    max(0, (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + outputPadding + 1)
  }
  // The convolution whose derivative this is: from the result to x.
  let windows = Windows(
    images: x.shape[0],
    height: extent(x.shape[1], weight.shape[1], stride.0, padding.0, outputPadding.0, dilation.0),
    width: extent(x.shape[2], weight.shape[2], stride.1, padding.1, outputPadding.1, dilation.1),
    channels: outputs, outputs: x.shape[3], kernel: (weight.shape[1], weight.shape[2]), stride: stride,
    padding: padding, dilation: dilation, groups: groups)
  require(
    windows.outputShape == x.shape,
    "convTranspose2d of x \(x.shape) with weight \(weight.shape), padding \(padding): nothing is left")
  OperationCounter.current?.add(.convolution, weight.count, windows.pixels)
  return Tensor.operation("convTranspose2d", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized([windows.images, windows.height, windows.width, outputs])
    windows.inputGradient(x.storage, weight.storage, bias: bias?.storage, to: y.storage)
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    let (xShape, weightShape) = (x.shape, weight.shape)
    let keptX = needsWeight ? x.storage : nil
    let keptWeight = needsX ? weight.storage : nil
    return (
      y,
      { gradient in
        var gradients: [Tensor?] = [nil, nil]
        if let keptWeight {
          let gx = Tensor.uninitialized(xShape)
          windows.convolve(gradient.storage, keptWeight, ProductEpilogue(), to: gx.storage)
          gradients[0] = gx
        }
        if let keptX {
          let gw = Tensor.uninitialized(weightShape)
          windows.weightGradient(gradient.storage, keptX, to: gw.storage)
          gradients[1] = gw
        }
        if hasBias {
          let pixels = windows.images * windows.height * windows.width
          gradients.append(needsBias ? sumOfRows(gradient.storage, rows: pixels, width: outputs) : nil)
        }
        return gradients
      }
    )
  }
}
