import Tensors

/// Convolution, norm, ReLU (mmcv's `ConvModule`): without bias where a norm follows.
///
/// In evaluation without gradients a batch norm is part of the convolution's weights.
public struct ConvModule: UnaryLayer {
  private let convolution: Conv2d
  private let norm: (any UnaryLayer)?
  private let normName: String
  private let hasReLU: Bool
  private let folded = FoldedWeights()

  /// A block; Kaiming normal, fan out, unless said otherwise.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    norm: NormConfiguration? = nil, relu: Bool = true, initializer: Initializer = .kaimingNormalFanOut
  ) {
    convolution = Conv2d(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, bias: norm == nil,
      initializer: initializer)
    self.norm = norm?.make(outputs)
    normName = norm?.name ?? "bn"
    hasReLU = relu
  }

  /// `conv` and the norm under mmcv's name.
  public var tree: ParameterTree { ["conv": .layer(convolution)] + ParameterTree([(normName, .layer(norm))]) }

  /// `[B, H, W, I]` to `[B, H', W', O]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = normalized(x)
    return hasReLU ? y.relu() : y
  }

  private func normalized(_ x: Tensor) -> Tensor {
    guard let norm else { return convolution(x) }
    guard let norm = norm as? BatchNorm2d, ForwardMode.current.isInference else {
      folded.forget()
      return norm(convolution(x))
    }
    let weights = folded.weights(of: convolution, norm)
    return convolution(x, weight: weights.weight, bias: weights.bias)
  }
}
