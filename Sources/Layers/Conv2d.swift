import Tensors

/// Two-dimensional convolution of a channels-last map.
public struct Conv2d: UnaryLayer {
  /// `[O, kh, kw, I / groups]`.
  public let weight: Parameter
  /// `[O]`.
  public let bias: Parameter?
  private let stride: Int
  private let padding: Int
  private let dilation: Int
  private let groups: Int
  /// Whether each group has one input channel.
  private let isDepthwise: Bool

  /// A convolution with a square kernel. Without an initializer the weight is PyTorch's default, which draws the bias
  /// from the same range; with one the bias is 0.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias hasBias: Bool = true, initializer: Initializer? = nil
  ) {
    weight = Parameter(
      [outputs, kernel, kernel, inputs / groups], initializer ?? .uniformByFanIn, layout: .channelsLast)
    let bound = 1 / Float(inputs / groups * kernel * kernel).squareRoot()
    bias = hasBias ? Parameter([outputs], initializer == nil ? .uniform(bound: bound) : .zeros) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
    isDepthwise = groups == inputs
  }

  /// Weight and bias.
  public var tree: ParameterTree {
    let entries: ParameterTree = ["weight": .parameter(weight), "bias": .optional(bias)]
    return entries.depthwise(isDepthwise)
  }

  /// `[B, H, W, I]` to `[B, H', W', O]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, weight: weight.value, bias: bias?.value) }

  /// The same with other numbers for weight and bias.
  func callAsFunction(_ x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor {
    conv2d(
      x, weight: weight, bias: bias, stride: (stride, stride), padding: (padding, padding),
      dilation: (dilation, dilation), groups: groups)
  }
}

/// Transposed two-dimensional convolution of a channels-last map.
public struct ConvTranspose2d: UnaryLayer {
  /// `[I, kh, kw, O]`.
  public let weight: Parameter
  /// `[O]`.
  public let bias: Parameter?
  private let stride: Int

  /// A transposed convolution with a square kernel and no padding.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, initializer: Initializer = .kaimingNormalFanOut
  ) {
    weight = Parameter([inputs, kernel, kernel, outputs], initializer, layout: .channelsLast)
    bias = Parameter([outputs], .zeros)
    self.stride = stride
  }

  /// Weight and bias.
  public var tree: ParameterTree { ["weight": .parameter(weight), "bias": .optional(bias)] }

  /// `[B, H, W, I]` to `[B, (H - 1) * stride + kernel, ..., O]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    convTranspose2d(x, weight: weight.value, bias: bias?.value, stride: (stride, stride))
  }
}
