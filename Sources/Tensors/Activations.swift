import CKernels

private typealias ForwardKernel =
  @Sendable @convention(c) (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void
private typealias BackwardKernel =
  @Sendable @convention(c) (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int
  ) -> Void

extension Tensor {
  /// e to the power of each element.
  public func exp() -> Tensor {
    elementwise("exp", dp_exponential, slopeFrom: .result, dp_multiply)
  }

  /// 1 / (1 + e^-x).
  public func sigmoid() -> Tensor {
    elementwise("sigmoid", dp_logistic, slopeFrom: .result, dp_logistic_backward)
  }

  /// max(x, 0).
  public func relu() -> Tensor { elementwise("relu", dp_relu, slopeFrom: .result, dp_relu_backward) }

  /// x Φ(x) with the error function (Hendrycks and Gimpel, 2016).
  public func gelu() -> Tensor { elementwise("gelu", dp_gelu, slopeFrom: .input, dp_gelu_backward) }

  /// x sigmoid(x).
  public func silu() -> Tensor { elementwise("silu", dp_silu, slopeFrom: .input, dp_silu_backward) }

  /// log(1 + e^x); x itself above 20.
  public func softplus() -> Tensor {
    elementwise("softplus", dp_soft_plus, slopeFrom: .input, dp_soft_plus_backward)
  }

  /// What the derivative is computed from, and so is kept for the backward pass.
  private enum Kept { case input, result }

  private func elementwise(
    _ name: String, _ forward: ForwardKernel, slopeFrom kept: Kept, _ backward: @escaping BackwardKernel
  ) -> Tensor {
    Tensor.operation(name, of: [self]) {
      let y = Tensor.uninitialized(shape)
      let (input, result) = (storage, y.storage)
      parallel(over: count, grain: 1 << 14) { range in
        forward(result.base + range.lowerBound, input.base + range.lowerBound, range.count)
      }
      let source = kept == .input ? input : result
      return (
        y,
        { gradient in
          let gx = Tensor.uninitialized(gradient.shape)
          let (g, output) = (gradient.storage, gx.storage)
          parallel(over: gx.count, grain: 1 << 14) { range in
            let start = range.lowerBound
            backward(output.base + start, g.base + start, source.base + start, range.count)
          }
          return [gx]
        }
      )
    }
  }
}
