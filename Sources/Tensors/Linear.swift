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
    RowProduct(inputs: inputs, outputs: outputs).parallelMultiply(
      rows: rows, x, weight, stride: inputs, transposed: true, bias: bias, to: y)
  }

  /// With an activation of the sums as they are made, which are kept where there is room for them.
  func forward(
    _ x: TensorStorage, _ weight: TensorStorage, bias: TensorStorage?, _ activation: Activation,
    keepingSumsIn sums: TensorStorage?, to y: TensorStorage
  ) {
    let kernel = activation.kernel
    RowProduct(inputs: inputs, outputs: outputs).parallelMultiply(
      rows: rows, x, weight, stride: inputs, transposed: true, bias: bias, to: sums
    ) { z, start, count in
      kernel(y.base + start, z, count)
    }
  }

  func inputGradient(_ g: TensorStorage, _ weight: TensorStorage, to gx: TensorStorage) {
    RowProduct(inputs: outputs, outputs: inputs).parallelMultiply(
      rows: rows, g, weight, stride: inputs, transposed: false, to: gx)
  }

  func weightGradient(_ g: TensorStorage, _ x: TensorStorage, to gw: TensorStorage) {
    BLAS.parallelMultiply(
      transposingA: true, m: outputs, n: inputs, k: rows, g, stride: outputs, x, stride: inputs, to: gw,
      stride: inputs)
  }
}

/// Column sums of `[rows, width]`, in an order that does not depend on the threads.
func sumOfRows(_ x: TensorStorage, rows: Int, width: Int) -> Tensor {
  let sum = Tensor.uninitialized([width])
  let pieces = min(64, max(1, rows * width / (1 << 16)))
  let storage = TensorStorage(count: pieces * width, for: "the sums of rows")
  parallel(pieces) { piece in
    (storage.base + piece * width).update(repeating: 0, count: width)
    for row in rows * piece / pieces..<rows * (piece + 1) / pieces {
      dp_accumulate(storage.base + piece * width, x.base + row * width, width)
    }
  }
  sumOfPartials(storage, pieces: pieces, to: sum.storage)
  return sum
}
