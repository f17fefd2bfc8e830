import Tensors

/// Convolution, norm, activation (mmcv's `ConvModule`): without bias where a norm follows, unless told otherwise.
///
/// In evaluation without gradients a batch norm is part of the convolution's weights.
public struct ConvModule: UnaryLayer {
  private let convolution: Conv2d
  private let norm: (any UnaryLayer)?
  private let normName: String
  private let activation: Activation?
  private let folded = FoldedWeights()

  /// A block; Kaiming normal, fan out, unless said otherwise. The convolution has a bias where `bias` says so; nil:
  /// where no norm follows. The norm's weight is drawn by `normWeight`.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    bias: Bool? = nil, norm: NormConfiguration? = nil, normWeight: Initializer = .ones,
    activation: Activation? = .relu, initializer: Initializer = .kaimingNormalFanOut
  ) {
    convolution = Conv2d(
      inputs, outputs, kernel: kernel, stride: stride, padding: padding, dilation: dilation,
      bias: bias ?? (norm == nil), initializer: initializer)
    self.norm = norm?.make(outputs, weight: normWeight)
    normName = norm?.name ?? "bn"
    self.activation = activation
  }

  /// `conv` and the norm under mmcv's name.
  public var tree: ParameterTree { tree(convolution: "conv", norm: normName) }

  /// The same weights under other names of the convolution and the norm.
  package func tree(convolution name: String, norm normName: String) -> ParameterTree {
    ParameterTree([(name, .layer(convolution)), (normName, .layer(norm))])
  }

  /// `[B, H, W, I]` to `[B, H', W', O]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, adding: nil, activation: activation) }

  /// activation(convolution and norm + residual): the residual has the result's shape, the activation takes the place
  /// of the block's own.
  package func callAsFunction(_ x: Tensor, adding residual: Tensor?, activation: Activation?) -> Tensor {
    guard let norm else { return convolution(x, adding: residual, activation: activation) }
    if let norm = norm as? BatchNorm2d {
      if let folded = folded.half(of: convolution, norm) {
        return convolution(
          x, half: folded.weight, bias: folded.bias, adding: residual, activation: activation)
      }
      if ForwardMode.current.isInference {
        let weights = folded.weights(of: convolution, norm)
        return convolution(
          x, weight: weights.weight, bias: weights.bias, adding: residual, activation: activation)
      }
      folded.forget()
    }
    let y = norm(convolution(x))
    let sum = residual.map { y + $0 } ?? y
    return activation?(sum) ?? sum
  }
}
