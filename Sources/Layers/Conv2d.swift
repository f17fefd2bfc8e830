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
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, adding: nil, activation: nil) }

  /// The same with an activation after it.
  public func callAsFunction(_ x: Tensor, activation: Activation) -> Tensor {
    self(x, adding: nil, activation: activation)
  }

  /// activation(convolution + residual), the residual of the result's shape.
  func callAsFunction(_ x: Tensor, adding residual: Tensor?, activation: Activation?) -> Tensor {
    if let half = half() {
      return self(x, half: half, bias: bias?.value, adding: residual, activation: activation)
    }
    return self(x, weight: weight.value, bias: bias?.value, adding: residual, activation: activation)
  }

  /// The same with other numbers for weight and bias.
  func callAsFunction(
    _ x: Tensor, weight: Tensor, bias: Tensor?, adding residual: Tensor? = nil, activation: Activation? = nil
  ) -> Tensor {
    conv2d(
      x, weight: weight, bias: bias, stride: (stride, stride), padding: (padding, padding),
      dilation: (dilation, dilation), groups: groups, adding: residual, activation: activation)
  }

  /// The same with weights as bfloat16.
  func callAsFunction(
    _ x: Tensor, half: HalfWeights, bias: Tensor?, adding residual: Tensor?, activation: Activation?
  ) -> Tensor {
    conv2d(
      x, half: half, bias: bias, stride: (stride, stride), padding: (padding, padding),
      dilation: (dilation, dilation), adding: residual, activation: activation)
  }

  /// The weights as products in bfloat16 take them; nil where they take float32, as those of several groups always do.
  ///
  /// - Parameter folded: Gives the numbers that are taken in place of the weight's own.
  func half(of folded: (Tensor) -> Tensor = { $0 }) -> HalfWeights? {
    guard groups == 1 else { return nil }
    return weight.half {
      HalfWeights(
        convolution: folded($0), stride: (stride, stride), padding: (padding, padding),
        dilation: (dilation, dilation))
    }
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
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, activation: nil) }

  /// The same with an activation after it.
  public func callAsFunction(_ x: Tensor, activation: Activation?) -> Tensor {
    if let half { return windows(of: x, half, activation) }
    let y = convTranspose2d(x, weight: weight.value, bias: bias?.value, stride: (stride, stride))
    return activation?(y) ?? y
  }

  /// Where windows neither overlap nor leave gaps, a linear layer from a pixel to all pixels of its window.
  private var half: HalfWeights? {
    guard weight.shape[1] == stride, weight.shape[2] == stride else { return nil }
    return weight.half { numbers in
      withoutGradients {
        HalfWeights(linear: numbers.reshaped([weight.shape[0], -1]).permuted([1, 0]))
      }
    }
  }

  private func windows(of x: Tensor, _ half: HalfWeights, _ activation: Activation?) -> Tensor {
    let (images, height, width, outputs) = (x.shape[0], x.shape[1], x.shape[2], weight.shape[3])
    let shifts = bias.map { bias in concatenated((0..<stride * stride).map { _ in bias.value }, axis: 0) }
    return linear(x, half: half, bias: shifts, activation: activation)
      .reshaped([images, height, width, stride, stride, outputs]).permuted([0, 1, 3, 2, 4, 5])
      .reshaped([images, height * stride, width * stride, outputs])
  }
}
