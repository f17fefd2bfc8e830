import CKernels

/// Writes y from x.
typealias ElementwiseKernel =
  @Sendable (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, Int) -> Void
/// Writes gx from the gradient of y and from what was kept, x or y.
typealias ElementwiseSlope =
  @Sendable (UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int) -> Void

/// A function that a layer may apply to its result.
public enum Activation: Sendable {
  /// max(x, 0).
  case relu
  /// x Φ(x).
  case gelu
  /// x sigmoid(x).
  case silu
  /// 1 / (1 + e^-x).
  case sigmoid

  /// The function of each element.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .relu: x.relu()
    case .gelu: x.gelu()
    case .silu: x.silu()
    case .sigmoid: x.sigmoid()
    }
  }

  /// y from x.
  var kernel: ElementwiseKernel {
    switch self {
    case .relu: { dp_relu($0, $1, $2) }
    case .gelu: { dp_gelu($0, $1, $2) }
    case .silu: { dp_silu($0, $1, $2) }
    case .sigmoid: { dp_logistic($0, $1, $2) }
    }
  }

  /// The gradient of x from that of y and from x, or from y where `slopeIsFromResult`.
  var slope: ElementwiseSlope {
    switch self {
    case .relu: { dp_relu_backward($0, $1, $2, $3) }
    case .gelu: { dp_gelu_backward($0, $1, $2, $3) }
    case .silu: { dp_silu_backward($0, $1, $2, $3) }
    case .sigmoid: { dp_logistic_backward($0, $1, $2, $3) }
    }
  }

  /// Whether the derivative is computed from y, so that x need not be kept.
  var slopeIsFromResult: Bool { self == .relu || self == .sigmoid }
}

extension Tensor {
  /// e to the power of each element.
  public func exp() -> Tensor {
    elementwise("exp", dp_exponential, slopeFrom: .result, dp_multiply)
  }

  /// Natural logarithm of each element: -inf at 0, NaN below.
  public func log() -> Tensor { elementwise("log", dp_logarithm, slopeFrom: .input, dp_divide) }

  /// Square root of each element: NaN below 0; its slope at 0 is infinite.
  public func sqrt() -> Tensor {
    elementwise("sqrt", dp_square_root, slopeFrom: .result, dp_square_root_backward)
  }

  /// Each element without its sign; the slope at 0 is 0.
  public func abs() -> Tensor { elementwise("abs", dp_absolute, slopeFrom: .input, dp_absolute_backward) }

  /// Hyperbolic tangent of each element.
  public func tanh() -> Tensor {
    elementwise("tanh", dp_hyperbolic_tangent, slopeFrom: .result, dp_hyperbolic_tangent_backward)
  }

  /// Each element moved into a range (PyTorch's `clamp`); what lies in it, its ends included, keeps its gradient.
  public func clamped(to range: ClosedRange<Float>) -> Tensor {
    elementwise(
      "clamp", { dp_clamp($0, $1, range.lowerBound, range.upperBound, $2) }, slopeFrom: .input,
      { dp_clamp_backward($0, $1, $2, range.lowerBound, range.upperBound, $3) })
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
    _ name: String, _ forward: @escaping ElementwiseKernel, slopeFrom kept: Kept,
    _ backward: @escaping ElementwiseSlope
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
