import CKernels

/// A layer norm whose result nothing but a product takes: `[I]` each.
package struct PrecedingNorm {
  let weight, bias: Tensor
  let epsilon: Float

  /// The norm's numbers.
  package init(weight: Tensor, bias: Tensor, epsilon: Float) {
    (self.weight, self.bias, self.epsilon) = (weight, bias, epsilon)
  }

  /// What writes the norm of some rows of x, with room for two numbers a row.
  typealias Writing =
    @Sendable (
      _ rows: Range<Int>, _ out: UnsafeMutablePointer<Float>, _ statistics: UnsafeMutablePointer<Float>
    ) -> Void

  /// Writes rows of x `[rows, inputs]`, normalised, one behind the other.
  func writing(_ x: TensorStorage, _ inputs: Int) -> Writing {
    let (weight, bias, epsilon) = (weight.storage, bias.storage, epsilon)
    return { range, out, statistics in
      dp_layer_norm(
        out, statistics, x.base + range.lowerBound * inputs, weight.base, bias.base, range.count, inputs,
        epsilon)
    }
  }

  /// Writes rows of a product, normalised and rounded, some at a time.
  func rounding(_ x: TensorStorage, _ inputs: Int) -> HalfProduct.Rounding {
    let write = writing(x, inputs)
    return { range, out, stride in
      // They stay in the first level of cache.
      let most = max(1, min(range.count, (1 << 12) / max(1, inputs)))
      let rows = TensorStorage(count: most * (inputs + 2), for: "the normalised rows of a product")
      for first in Swift.stride(from: 0, to: range.count, by: most) {
        let count = min(most, range.count - first)
        let start = range.lowerBound + first
        write(start..<start + count, rows.base, rows.base + most * inputs)
        dp_half_round(rows.base, inputs, count, inputs, out + first * stride, stride)
      }
      withExtendedLifetime(rows) {}
    }
  }
}
