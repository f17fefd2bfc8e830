import CKernels

private typealias RowsForward =
  @Sendable @convention(c) (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int, Int) -> Void
private typealias RowsBackward =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int
  ) -> Void

extension Tensor {
  /// exp(x) over its sum along an axis.
  public func softmax(axis: Int) -> Tensor {
    along(axis) { $0.overRows("softmax", dp_softmax, dp_softmax_backward) }
  }

  /// Logarithm of the softmax along an axis, without its underflow.
  public func logSoftmax(axis: Int) -> Tensor {
    along(axis) { $0.overRows("log_softmax", dp_log_softmax, dp_log_softmax_backward) }
  }

  /// Applies a function of the last axis to another one.
  private func along(_ axis: Int, _ function: (Tensor) -> Tensor) -> Tensor {
    let axis = self.axis(axis)
    if axis == rank - 1 { return function(self) }
    var order = Array(0..<rank)
    order.swapAt(axis, rank - 1)
    return function(permuted(order)).permuted(order)
  }

  private func overRows(_ name: String, _ forward: RowsForward, _ backward: @escaping RowsBackward) -> Tensor
  {
    let width = shape[rank - 1]
    let rows = count / max(1, width)
    let grain = max(1, (1 << 14) / max(1, width))
    return Tensor.operation(name, of: [self]) {
      let y = Tensor.uninitialized(shape)
      let (x, result) = (storage, y.storage)
      parallel(over: rows, grain: grain) { range in
        let start = range.lowerBound * width
        forward(result.base + start, x.base + start, range.count, width)
      }
      return (
        y,
        { gradient in
          let gx = Tensor.uninitialized(gradient.shape)
          let (g, output) = (gradient.storage, gx.storage)
          parallel(over: rows, grain: grain) { range in
            let start = range.lowerBound * width
            backward(output.base + start, g.base + start, result.base + start, range.count, width)
          }
          return [gx]
        }
      )
    }
  }
}
