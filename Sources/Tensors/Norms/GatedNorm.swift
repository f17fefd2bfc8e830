import CKernels

/// layerNorm(x) silu(z), in one pass: how VMamba's scan leaves its block (arXiv:2401.10166, figure 3).
///
/// Neither the norm's result nor silu(z) is kept: the derivative makes both anew, in one pass too.
///
/// - Parameters:
///   - x: `[..., C]`.
///   - weight: `[C]`.
///   - bias: `[C]`.
///   - epsilon: Added to the biased variance.
///   - z: Of x's shape.
/// - Returns: `[..., C]`.
public func layerNorm(_ x: Tensor, weight: Tensor, bias: Tensor, epsilon: Float, siluGatedBy z: Tensor)
  -> Tensor
{
  let width = channels(of: x, weight, bias)
  require(x.shape == z.shape, "a gate \(z.shape) of \(x.shape)")
  let rows = x.count / max(1, width)
  let grain = max(1, (1 << 14) / max(1, width))
  OperationCounter.current?.add(.layerNorm, 5, x.count)
  return Tensor.operation("layer_norm_gate", of: [x, weight, bias, z]) {
    let y = Tensor.uninitialized(x.shape)
    let statistics = TensorStorage(count: 2 * rows, for: "the statistics of a norm")
    let (input, gate, result) = (x.storage, z.storage, y.storage)
    let (scale, shift) = (weight.storage, bias.storage)
    parallel(over: rows, grain: grain) { range in
      let start = range.lowerBound
      dp_layer_norm_gated(
        result.base + start * width, statistics.base + 2 * start, input.base + start * width, scale.base,
        shift.base, gate.base + start * width, range.count, width, epsilon)
    }
    let isNeeded = [x, weight, bias, z].map(\.needsGradient)
    return (
      y,
      { gradient in
        // All are written in one pass, though one alone may be asked for.
        let (gx, gz) = (Tensor.uninitialized(gradient.shape), Tensor.uninitialized(gradient.shape))
        let (g, inputSlope, gateSlope) = (gradient.storage, gx.storage, gz.storage)
        let sums = columnSums(rows: rows, width: width, sums: 2) { range, sum in
          let row = TensorStorage(count: width, for: "a row of a norm")
          let start = range.lowerBound
          dp_layer_norm_gated_backward(
            inputSlope.base + start * width, gateSlope.base + start * width, sum, sum + width, row.base,
            g.base + start * width, input.base + start * width, gate.base + start * width,
            statistics.base + 2 * start, scale.base, shift.base, range.count, width)
          withExtendedLifetime(row) {}
        }
        let values = sums.values
        let gradients = [
          gx, Tensor(values.prefix(width), shape: [width]), Tensor(values.suffix(width), shape: [width]), gz,
        ]
        return zip(gradients, isNeeded).map { $1 ? $0 : nil }
      }
    )
  }
}
