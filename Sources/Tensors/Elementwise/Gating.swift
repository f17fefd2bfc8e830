import CKernels

extension Tensor {
  /// y silu(z), in one pass: the gate of a selective scan (Gu and Dao, arXiv:2312.00752, figure 3).
  ///
  /// Neither silu(z) nor its derivative is kept: both are made anew from z.
  ///
  /// - Parameter z: Of this tensor's shape.
  public func siluGated(by z: Tensor) -> Tensor {
    require(shape == z.shape, "a gate \(z.shape) of \(shape)")
    return Tensor.operation("silu_gate", of: [self, z]) {
      let result = Tensor.uninitialized(shape)
      let (input, gate, output) = (storage, z.storage, result.storage)
      parallel(over: count, grain: 1 << 14) { range in
        let start = range.lowerBound
        dp_silu_gate(output.base + start, input.base + start, gate.base + start, range.count)
      }
      return (
        result,
        { gradient in
          // Both are written in one pass, though one alone may be asked for.
          let (gy, gz) = (Tensor.uninitialized(gradient.shape), Tensor.uninitialized(gradient.shape))
          let (g, inputSlope, gateSlope) = (gradient.storage, gy.storage, gz.storage)
          parallel(over: gradient.count, grain: 1 << 14) { range in
            let start = range.lowerBound
            dp_silu_gate_backward(
              inputSlope.base + start, gateSlope.base + start, g.base + start, input.base + start,
              gate.base + start, range.count)
          }
          return [gy, gz]
        }
      )
    }
  }
}
