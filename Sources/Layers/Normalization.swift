import Tensors

/// Layer norm over the channels.
public struct LayerNorm: UnaryLayer {
  /// `[C]`.
  public let weight, bias: Parameter
  private let epsilon: Float

  /// A norm with weight 1, unless said otherwise, and bias 0. Its layout is `.flattened` when its channels are those of
  /// a cell of pixels.
  public init(
    _ channels: Int, epsilon: Float = 1e-5, weight initial: Initializer = .ones,
    layout: WeightLayout = .plain
  ) {
    weight = Parameter([channels], initial, layout: layout)
    bias = Parameter([channels], .zeros, layout: layout)
    self.epsilon = epsilon
  }

  /// Weight and bias.
  public var tree: ParameterTree { .norm(["weight": .parameter(weight), "bias": .parameter(bias)]) }

  /// The norm for a product that takes it in.
  var preceding: PrecedingNorm {
    PrecedingNorm(weight: weight.value, bias: bias.value, epsilon: epsilon)
  }

  /// `[..., C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    layerNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }

  /// Its result times silu(z), z of x's shape.
  public func callAsFunction(_ x: Tensor, siluGatedBy z: Tensor) -> Tensor {
    layerNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon, siluGatedBy: z)
  }
}

/// Batch norm over all positions of a channel: of a shard (`BN`), or of all shards of a step (`SyncBN`).
public struct BatchNorm2d: UnaryLayer {
  /// `[C]`.
  public let weight, bias: Parameter
  private let runningMean, runningVariance, batches: Buffer
  private let epsilon, momentum: Float
  private let isSynchronized: Bool

  /// A norm with statistics of the standard distribution, weight 1 unless said otherwise, and bias 0. Momentum is the
  /// share of a batch in the running statistics, as in PyTorch; `isSynchronized` takes the statistics of all shards of
  /// a step.
  public init(
    _ channels: Int, epsilon: Float = 1e-5, momentum: Float = 0.1, weight initial: Initializer = .ones,
    isSynchronized: Bool = false
  ) {
    self.isSynchronized = isSynchronized
    weight = Parameter([channels], initial)
    bias = Parameter([channels], .zeros)
    runningMean = Buffer(.zeros([channels]))
    runningVariance = Buffer(.ones([channels]))
    batches = Buffer(count: 0)
    (self.epsilon, self.momentum) = (epsilon, momentum)
  }

  /// Weights and running statistics.
  public var tree: ParameterTree {
    var tree = ParameterTree.norm([
      "weight": .parameter(weight), "bias": .parameter(bias), "running_mean": .buffer(runningMean),
      "running_var": .buffer(runningVariance), "num_batches_tracked": .buffer(batches),
    ])
    tree.isSynchronized = isSynchronized
    return tree
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

  /// `[..., C]`, shape kept. In training by the statistics of the batch, or of all shards, which also move the running
  /// ones.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard let step = ForwardMode.current.training else {
      return batchNorm(
        x, weight: weight.value, bias: bias.value, mean: runningMean.value, variance: runningVariance.value,
        epsilon: epsilon)
    }
    if isSynchronized, let shards = step.statistics {
      let (y, mean, variance, rows) = synchronizedBatchNorm(
        x, weight: weight.value, bias: bias.value, epsilon: epsilon
      ) { shards.sum($0) }
      moveStatistics(to: mean, variance, rows: rows)
      return y
    }
    let (y, mean, variance) = batchNorm(x, weight: weight.value, bias: bias.value, epsilon: epsilon)
    moveStatistics(to: mean, variance, rows: Double(x.count / max(1, mean.count)))
    return y
  }

  private func moveStatistics(to mean: [Float], _ variance: [Float], rows: Double) {
    // What runs twice for a backward pass has moved them the first time.
    // Nor are there statistics of no numbers at all.
    guard Recomputation.current != .second, Computation.isOn, rows > 0 else { return }
    let rows = Float(rows)
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
  }
}

/// Group norm (Wu and He, 2018): the channels of a group share mean and variance over all positions of a sample.
public struct GroupNorm: UnaryLayer {
  /// `[C]`.
  public let weight, bias: Parameter
  private let groups: Int
  private let epsilon: Float

  /// A norm with weight 1, unless said otherwise, and bias 0. The groups divide the channels.
  public init(_ channels: Int, groups: Int, epsilon: Float = 1e-5, weight initial: Initializer = .ones) {
    weight = Parameter([channels], initial)
    bias = Parameter([channels], .zeros)
    (self.groups, self.epsilon) = (groups, epsilon)
  }

  /// Weight and bias.
  public var tree: ParameterTree { .norm(["weight": .parameter(weight), "bias": .parameter(bias)]) }

  /// `[B, ..., C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    groupNorm(x, groups: groups, weight: weight.value, bias: bias.value, epsilon: epsilon)
  }
}

/// `norm_cfg`: which norm follows a convolution.
public struct NormConfiguration: Decodable, Sendable {
  /// The norms there are.
  public enum Kind: String, Decodable, CaseIterable, Sendable {
    case batchNorm = "BN"
    case synchronizedBatchNorm = "SyncBN"
    case groupNorm = "GN"
    case layerNorm = "LN"
  }

  /// Which norm.
  public var kind: Kind
  /// Added to the variance.
  public var epsilon: Float
  /// Of the running statistics.
  public var momentum: Float
  /// Parts that the channels of a group norm are cut into.
  public var groups: Int
  /// Whether weight and bias are trained (`requires_grad`); statistics move in any case, as in mm.
  public var isTrained: Bool

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case epsilon = "eps"
    case momentum
    case groups = "num_groups"
    case requiresGradient = "requires_grad"
  }

  /// A norm with PyTorch's defaults.
  public init(
    _ kind: Kind = .batchNorm, epsilon: Float = 1e-5, momentum: Float = 0.1, groups: Int = 1,
    isTrained: Bool = true
  ) {
    (self.kind, self.epsilon, self.momentum) = (kind, epsilon, momentum)
    (self.groups, self.isTrained) = (groups, isTrained)
  }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func refusal(_ message: String, forKey key: CodingKeys) -> DecodingError {
      .dataCorruptedError(forKey: key, in: keys, debugDescription: message)
    }
    kind = try keys.decode(Kind.self, forKey: .kind)
    epsilon = try keys.decodeIfPresent(Float.self, forKey: .epsilon) ?? 1e-5
    momentum = try keys.decodeIfPresent(Float.self, forKey: .momentum) ?? 0.1
    for (key, value) in [(CodingKeys.epsilon, epsilon), (.momentum, momentum)] where !(0...1).contains(value)
    {
      throw refusal("\(value) is not in 0...1", forKey: key)
    }
    isTrained = try keys.decodeIfPresent(Bool.self, forKey: .requiresGradient) ?? true
    let groups = try keys.decodeIfPresent(Int.self, forKey: .groups)
    if kind == .groupNorm {
      guard let groups else { throw refusal("is missing: GN needs it", forKey: .groups) }
      guard (1...65_536).contains(groups) else {
        throw refusal("\(groups) is not in 1...65536", forKey: .groups)
      }
      self.groups = groups
    } else {
      guard groups == nil else { throw refusal("is a key of GN, not of \(kind.rawValue)", forKey: .groups) }
      self.groups = 1
    }
  }

  /// Why there is no such norm for so many channels; nil where there is.
  public func misfit(channels: Int) -> String? {
    guard kind == .groupNorm, channels % groups != 0 else { return nil }
    return "num_groups \(groups) does not divide the \(channels) channels"
  }

  /// The norm for a number of channels, which has no `misfit`. Its weight is drawn by `weight`.
  public func make(_ channels: Int, weight: Initializer = .ones) -> any UnaryLayer {
    let norm: any UnaryLayer =
      switch kind {
      case .batchNorm, .synchronizedBatchNorm:
        BatchNorm2d(
          channels, epsilon: epsilon, momentum: momentum, weight: weight,
          isSynchronized: kind == .synchronizedBatchNorm)
      case .groupNorm: GroupNorm(channels, groups: groups, epsilon: epsilon, weight: weight)
      case .layerNorm: LayerNorm(channels, epsilon: epsilon, weight: weight)
      }
    if !isTrained { norm.tree.freeze() }
    return norm
  }

  /// mmcv's name of the norm inside a `ConvModule`; in a backbone a number follows.
  package var name: String {
    switch kind {
    case .batchNorm, .synchronizedBatchNorm: "bn"
    case .groupNorm: "gn"
    case .layerNorm: "ln"
    }
  }
}
