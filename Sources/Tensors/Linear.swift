import CKernels

/// y = activation(x Wᵀ + b) over the last axis.
///
/// - Parameters:
///   - x: `[..., I]`.
///   - weight: `[O, I]`.
///   - bias: `[O]`.
///   - activation: Applied to each piece of the product as it is made, so that the sums before it need a tensor of
///     their own only for a derivative; none when nil.
/// - Returns: `[..., O]`.
public func linear(
  _ x: Tensor, weight: Tensor, bias: Tensor? = nil, activation: Activation? = nil
) -> Tensor {
  require(
    weight.rank == 2 && x.rank >= 1 && x.shape.last == weight.shape[1],
    "linear of x \(x.shape) with weight \(weight.shape)")
  require(
    bias.map { $0.shape == [weight.shape[0]] } ?? true, "bias \(bias?.shape ?? []) of \(weight.shape)")
  let product = LinearProduct(
    rows: x.shape.dropLast().product, inputs: weight.shape[1], outputs: weight.shape[0])
  OperationCounter.current?.addLinear(product.rows, product.inputs, product.outputs)
  return Tensor.operation("linear", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized(x.shape.dropLast() + [product.outputs])
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let (hasBias, needsBias) = (bias != nil, bias?.needsGradient ?? false)
    let isKept = needsX || needsWeight || needsBias
    // What the activation's derivative is computed from.
    var kept: TensorStorage?
    if let activation {
      let sums =
        isKept && !activation.slopeIsFromResult
        ? TensorStorage(count: product.rows * product.outputs, for: "the sums of a linear layer") : nil
      product.forward(
        x.storage, weight.storage, bias: bias?.storage, activation, keepingSumsIn: sums, to: y.storage)
      kept = sums ?? y.storage
    } else {
      product.forward(x.storage, weight.storage, bias: bias?.storage, to: y.storage)
    }
    let (xShape, weightShape) = (x.shape, weight.shape)
    let input = needsWeight ? x.storage : nil
    let factors = needsX ? weight.storage : nil
    return (
      y,
      { [kept] gradient in
        var g = gradient.storage
        if let activation, let kept { g = slope(gradient, activation, kept) }
        var gradients: [Tensor?] = [nil, nil]
        if let factors {
          let gx = Tensor.uninitialized(xShape)
          product.inputGradient(g, factors, to: gx.storage)
          gradients[0] = gx
        }
        if let input {
          let gw = Tensor.uninitialized(weightShape)
          product.weightGradient(g, input, to: gw.storage)
          gradients[1] = gw
        }
        if hasBias {
          gradients.append(needsBias ? sumOfRows(g, rows: product.rows, width: product.outputs) : nil)
        }
        return gradients
      }
    )
  }
}

/// The gradient before an activation.
private func slope(_ gradient: Tensor, _ activation: Activation, _ kept: TensorStorage) -> TensorStorage {
  let gz = TensorStorage(count: gradient.count, for: "the sums of a linear layer")
  let (g, kernel) = (gradient.storage, activation.slope)
  parallel(over: gradient.count, grain: 1 << 14) { range in
    let start = range.lowerBound
    kernel(gz.base + start, g.base + start, kept.base + start, range.count)
  }
  return gz
}

/// The products of a linear layer: x [rows, inputs], weight [outputs, inputs].
private struct LinearProduct: Sendable {
  let rows, inputs, outputs: Int

  func forward(_ x: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, to y: TensorStorage) {
    if let bias { broadcastRows(bias, to: y, rows: rows, width: outputs) }
    BLAS.parallelMultiply(
      transposingB: true, m: rows, n: outputs, k: inputs, x, stride: inputs, weight, stride: inputs,
      adding: bias == nil ? 0 : 1, to: y, stride: outputs)
  }

  /// With an activation, a piece of rows at a time, as coarse as the plain product's: smaller ones, that would fit
  /// the cache, cost the product more than they spare the activation. The cut is the same whether the sums before the activation are
  /// kept or not, so that the result has the same bits.
  func forward(
    _ x: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, _ activation: Activation,
    keepingSumsIn sums: TensorStorage?, to y: TensorStorage
  ) {
    let kernel = activation.kernel
    let pieces = min(16, rows / 192)
    guard pieces >= 4 else {
      let sums = sums ?? TensorStorage(count: rows * outputs, for: "the sums of a linear layer")
      forward(x, weight, bias: bias, to: sums)
      parallel(over: rows * outputs, grain: 1 << 14) { range in
        kernel(y.base + range.lowerBound, sums.base + range.lowerBound, range.count)
      }
      return
    }
    parallel(pieces) { piece in
      let range = rows * piece / pieces..<rows * (piece + 1) / pieces
      let start = range.lowerBound * outputs
      let scratch =
        sums == nil ? TensorStorage(count: range.count * outputs, for: "the sums of a linear layer") : nil
      let z = scratch?.base ?? (sums?.base ?? y.base) + start
      if let bias {
        for row in 0..<range.count { (z + row * outputs).update(from: bias.base, count: outputs) }
      }
      BLAS.multiply(
        transposingB: true, m: range.count, n: outputs, k: inputs, x.base + range.lowerBound * inputs,
        stride: inputs, weight.base, stride: inputs, adding: bias == nil ? 0 : 1, to: z, stride: outputs)
      kernel(y.base + start, z, range.count * outputs)
      withExtendedLifetime(scratch) {}
    }
  }

  func inputGradient(_ g: TensorStorage, _ weight: TensorStorage, to gx: TensorStorage) {
    BLAS.parallelMultiply(
      m: rows, n: inputs, k: outputs, g, stride: outputs, weight, stride: inputs, to: gx, stride: inputs)
  }

  func weightGradient(_ g: TensorStorage, _ x: TensorStorage, to gw: TensorStorage) {
    BLAS.parallelMultiply(
      transposingA: true, m: outputs, n: inputs, k: rows, g, stride: outputs, x, stride: inputs, to: gw,
      stride: inputs)
  }
}

/// Writes one row into every row of `[rows, width]`.
func broadcastRows(_ row: TensorStorage, to y: TensorStorage, rows: Int, width: Int) {
  parallel(over: rows, grain: max(1, (1 << 15) / max(1, width))) { range in
    for r in range { (y.base + r * width).update(from: row.base, count: width) }
  }
}

/// Column sums of `[rows, width]`, in an order that does not depend on the threads.
func sumOfRows(_ x: TensorStorage, rows: Int, width: Int) -> Tensor {
  let sum = Tensor.zeros([width])
  let pieces = min(64, max(1, rows * width / (1 << 16)))
  let partial = Tensor.zeros([pieces, width])
  let storage = partial.storage
  parallel(pieces) { piece in
    for row in rows * piece / pieces..<rows * (piece + 1) / pieces {
      dp_accumulate(storage.base + piece * width, x.base + row * width, width)
    }
  }
  for piece in 0..<pieces { dp_accumulate(sum.storage.base, storage.base + piece * width, width) }
  return sum
}
