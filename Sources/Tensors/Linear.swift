import CKernels

/// y = x Wᵀ + b over the last axis.
///
/// - Parameters:
///   - x: `[..., I]`.
///   - weight: `[O, I]`.
///   - bias: `[O]`.
/// - Returns: `[..., O]`.
public func linear(_ x: Tensor, weight: Tensor, bias: Tensor? = nil) -> Tensor {
  precondition(
    weight.rank == 2 && x.rank >= 1 && x.shape.last == weight.shape[1],
    "linear of x \(x.shape) with weight \(weight.shape)")
  precondition(
    bias.map { $0.shape == [weight.shape[0]] } ?? true, "bias \(bias?.shape ?? []) of \(weight.shape)")
  let (outputs, inputs) = (weight.shape[0], weight.shape[1])
  let rows = x.count / max(1, inputs)
  return Tensor.operation("linear", of: [x, weight] + (bias.map { [$0] } ?? [])) {
    let y = Tensor.uninitialized(x.shape.dropLast() + [outputs])
    if let bias { broadcastRows(bias.storage, to: y.storage, rows: rows, width: outputs) }
    BLAS.parallelMultiply(
      transposingB: true, m: rows, n: outputs, k: inputs, x.storage, stride: inputs, weight.storage,
      stride: inputs, adding: bias == nil ? 0 : 1, to: y.storage, stride: outputs)
    let (needsX, needsWeight) = (x.needsGradient, weight.needsGradient)
    let needsBias = bias?.needsGradient ?? false
    return (
      y,
      { gradient in
        var gradients: [Tensor?] = [nil, nil]
        if needsX {
          let gx = Tensor.uninitialized(x.shape)
          BLAS.parallelMultiply(
            m: rows, n: inputs, k: outputs, gradient.storage, stride: outputs, weight.storage, stride: inputs,
            to: gx.storage, stride: inputs)
          gradients[0] = gx
        }
        if needsWeight {
          let gw = Tensor.uninitialized(weight.shape)
          BLAS.parallelMultiply(
            transposingA: true, m: outputs, n: inputs, k: rows, gradient.storage, stride: outputs, x.storage,
            stride: inputs, to: gw.storage, stride: inputs)
          gradients[1] = gw
        }
        if bias != nil {
          gradients.append(needsBias ? sumOfRows(gradient.storage, rows: rows, width: outputs) : nil)
        }
        return gradients
      }
    )
  }
}

/// Writes one row into every row of `[rows, width]`.
package func broadcastRows(_ row: TensorStorage, to y: TensorStorage, rows: Int, width: Int) {
  parallel(over: rows, grain: max(1, (1 << 15) / max(1, width))) { range in
    for r in range { (y.base + r * width).update(from: row.base, count: width) }
  }
}

/// Column sums of `[rows, width]`, in an order that does not depend on the threads.
package func sumOfRows(_ x: TensorStorage, rows: Int, width: Int) -> Tensor {
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
