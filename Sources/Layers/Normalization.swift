import Tensors

/// Layer norm over the channels.
public struct LayerNorm: UnaryLayer {
  /// `[C]`.
  public let weight, bias: Parameter
  private let epsilon: Float

  /// A norm with weight 1 and bias 0.
  ///
  /// - Parameter layout: `.flattened` when its channels are those of a cell of pixels.
  public init(_ channels: Int, epsilon: Float = 1e-5, layout: WeightLayout = .plain) {
    weight = Parameter([channels], .ones, layout: layout)
    bias = Parameter([channels], .zeros, layout: layout)
    self.epsilon = epsilon
  }

  /// Weight and bias.
  public var tree: ParameterTree { .norm(["weight": .parameter(weight), "bias": .parameter(bias)]) }

  /// `[..., C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    layerNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// Batch norm over all positions of a channel (`SyncBN` is the same on one process).
public struct BatchNorm2d: UnaryLayer {
  /// `[C]`.
  public let weight, bias: Parameter
  private let runningMean, runningVariance, batches: Buffer
  private let epsilon, momentum: Float

  /// A norm with weight 1, bias 0 and statistics of the standard distribution.
  public init(_ channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1) {
    weight = Parameter([channels], .ones)
    bias = Parameter([channels], .zeros)
    runningMean = Buffer(.zeros([channels]))
    runningVariance = Buffer(.ones([channels]))
    batches = Buffer(count: 0)
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }

  /// Weights and running statistics.
  public var tree: ParameterTree {
    .norm([
      "weight": .parameter(weight), "bias": .parameter(bias), "running_mean": .buffer(runningMean),
      "running_var": .buffer(runningVariance), "num_batches_tracked": .buffer(batches),
    ])
  }

  /// The norm in evaluation as x scale + shift, each `[C]`.
  var affine: (scale: Tensor, shift: Tensor) {
    withoutGradients {
      let scale = weight.value / (runningVariance.value + epsilon).sqrt()
      return (scale, bias.value - runningMean.value * scale)
    }
  }

  /// What `affine` is made from.
  var numbers: [Tensor] { [weight.value, bias.value, runningMean.value, runningVariance.value] }

  /// `[..., C]`, shape kept. In training by the batch's statistics, which also move the running ones.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard ForwardMode.current.training != nil else {
      return batchNorm(
        x, weight: weight.value, bias: bias.value, mean: runningMean.value, variance: runningVariance.value,
        epsilon: epsilon)
    }
    let (y, mean, variance) = batchNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
    // What runs twice for a backward pass has moved them the first time.
    guard Recomputation.current != .second, Computation.isOn else { return y }
    let rows = Float(x.count / max(1, mean.count))
    // PyTorch normalises by the biased variance and keeps the unbiased one.
    let unbiased = rows / max(1, rows - 1)
    func moved(_ running: Tensor, to statistic: [Float], times scale: Float) -> Tensor {
      Tensor(
        zip(running.values, statistic).map { (1 - momentum) * $0 + momentum * scale * $1 },
        shape: running.shape)
    }
    runningMean.value = moved(runningMean.value, to: mean, times: 1)
    runningVariance.value = moved(runningVariance.value, to: variance, times: unbiased)
    batches.count = batches.count.map { $0 < .max ? $0 + 1 : $0 }
    return y
  }
}

/// `norm_cfg`: which norm follows a convolution.
public struct NormConfiguration: Decodable, Sendable {
  /// The norms there are.
  public enum Kind: String, Decodable, CaseIterable, Sendable {
    case batchNorm = "BN"
    case synchronizedBatchNorm = "SyncBN"
    case layerNorm = "LN"
  }

  /// Which norm.
  public var kind: Kind
  /// Added to the variance.
  public var epsilon: Float
  /// Of the running statistics.
  public var momentum: Float

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case epsilon = "eps"
    case momentum
    case requiresGradient = "requires_grad"
  }

  /// A norm with PyTorch's defaults.
  public init(_ kind: Kind = .batchNorm, epsilon: Float = 1e-5, momentum: Float = 0.1) {
    (self.kind, self.epsilon, self.momentum) = (kind, epsilon, momentum)
  }

  /// Decodes mm's keys; `requires_grad: false` is refused, since frozen norms are not built.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    kind = try keys.decode(Kind.self, forKey: .kind)
    epsilon = try keys.decodeIfPresent(Float.self, forKey: .epsilon) ?? 1e-5
    momentum = try keys.decodeIfPresent(Float.self, forKey: .momentum) ?? 0.1
    for (key, value) in [(CodingKeys.epsilon, epsilon), (.momentum, momentum)] where !(0...1).contains(value)
    {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: keys, debugDescription: "\(value) is not in 0...1")
    }
    if try keys.decodeIfPresent(Bool.self, forKey: .requiresGradient) == false {
      throw DecodingError.dataCorruptedError(
        forKey: .requiresGradient, in: keys, debugDescription: "only true is known: norms are trained")
    }
  }

  /// The norm for a number of channels.
  public func make(_ channels: Int) -> any UnaryLayer {
    switch kind {
    case .batchNorm, .synchronizedBatchNorm: BatchNorm2d(channels, epsilon: epsilon, momentum: momentum)
    case .layerNorm: LayerNorm(channels, epsilon: epsilon)
    }
  }

  /// mmcv's name of the norm inside a `ConvModule`.
  var name: String { kind == .layerNorm ? "ln" : "bn" }
}
