import Layers
import Tensors

// Letters of this file: B images, H and W the map's sides, C its channels, I the inner channels (ssm_ratio * C),
// K the directions with parameters of their own (4, or 1 when shared), R the rank of delta, N the states.

/// Two-dimensional selective scan (VMamba, arXiv:2401.10166, figure 3; `SS2D` of the release).
public struct SS2D: UnaryLayer {
  private let inProjection: Linear
  private let convolution: Conv2d?
  private let activation: Activation
  private let projection: Parameter  // [K, R + 2N, I]
  private let deltaWeight: Parameter  // [K, I, R]
  private let deltaBias: Parameter  // [K, I]
  private let aLogs: Parameter  // [K I, N]
  private let skip: Parameter  // [K I]
  private let outNorm: ScanOutputNorm
  private let outProjection: Linear
  private let dropout: Dropout
  private let form: ScanForm
  private let inner: Int

  /// A scan with the release's initial values.
  ///
  /// - Parameters:
  ///   - channels: C; I has to be 1 or more.
  ///   - settings: The release's keys.
  ///   - layer: Tells the scans of a model apart in the key of dropout's random numbers.
  public init(_ channels: Int, _ settings: Settings, layer: Int = 0) {
    let settings = settings.form.isFirst ? settings.asFirstReleased : settings
    let rank = settings.deltaRank.resolved((channels + 15) / 16)
    let states = settings.states.resolved((channels + 5) / 6)
    let directions = settings.isShared ? 1 : 4
    let inner = settings.inner(of: channels)
    let first = settings.initialization
    (self.inner, form, activation) = (inner, settings.form, settings.activation.function)
    inProjection = Linear(channels, form.gate == .none ? inner : 2 * inner, bias: false)
    convolution =
      settings.kernel < 2
      ? nil
      : Conv2d(
        inner, inner, kernel: settings.kernel, padding: (settings.kernel - 1) / 2, groups: inner,
        bias: settings.hasConvolutionBias)
    projection = Parameter(
      [directions, rank + 2 * states, inner], .uniform(bound: 1 / Float(inner).squareRoot()))
    deltaWeight = Parameter([directions, inner, rank], first.deltaWeight(rank: rank))
    deltaBias = Parameter([directions, inner], first.deltaBias)
    aLogs = Parameter([directions * inner, states], first.aLogs)
    skip = Parameter([directions * inner], .ones)
    outNorm = ScanOutputNorm(form.outputNorm, inner)
    outProjection = Linear(inner, channels, bias: false)
    dropout = Dropout(probability: settings.dropRate, layer: layer)
  }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    [
      "x_proj_weight": .parameter(projection), "dt_projs_weight": .parameter(deltaWeight),
      "dt_projs_bias": .parameter(deltaBias), "A_logs": .parameter(aLogs), "Ds": .parameter(skip),
      "in_proj": .layer(inProjection), "conv2d": .layer(convolution), "out_norm": .layer(outNorm),
      "out_proj": .layer(outProjection),
    ]
  }

  /// `[B, H, W, C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, addedTo: nil) }

  /// The same added to a tensor of its shape, in evaluation.
  func callAsFunction(_ x: Tensor, addedTo residual: Tensor?) -> Tensor {
    let (x, z) = projected(x)
    return dropout(outProjection(gated(scan(activated(x)), by: z), addedTo: residual))
  }

  /// How much each pixel has to do with one pixel of the scan's result, `[B, H, W]` by `[B, H, W, C]`: what VMamba shows as
  /// the scan's attention (arXiv:2401.10166, section 4.4).
  ///
  /// With delta, B and C held fast the result is linear in what is scanned: the response is the sum over the channels of
  /// the weights' magnitudes, over all four directions, without the skip.
  func response(_ x: Tensor, row: Int, column: Int) -> Tensor {
    let (scanned, projected) = withoutGradients {
      let x = inProjection(x, outputs: 0..<inner)
      let scanned = activated(x)
      return (scanned, linear(scanned, weight: projection.value.reshaped([-1, inner])))
    }
    let leaf = scanned.detached.withGradient()
    let y = crossSelectiveScan(
      leaf, projected: projected.detached, dtWeight: deltaWeight.value.detached,
      dtBias: deltaBias.value.detached, aLogs: aLogs.value.detached, skip: .zeros(skip.shape))
    y.sliced(axis: 1, from: row, to: row + 1).sliced(axis: 2, from: column, to: column + 1).sum().backward()
    return withoutGradients { (leaf.gradient ?? .zeros(leaf.shape)).abs().sum(axes: [3]) }
  }

  /// What is scanned, and what gates the result, `[B, H, W, I]` each.
  private func projected(_ x: Tensor) -> (x: Tensor, z: Tensor?) {
    guard form.gate != .none else { return (inProjection(x), nil) }
    return (inProjection(x, outputs: 0..<inner), inProjection(x, outputs: inner..<2 * inner))
  }

  /// The four directions, scanned and summed up: `[B, H, W, I]`, shape kept.
  private func scan(_ x: Tensor) -> Tensor {
    form.accounting {
      let projected = linear(x, weight: projection.value.reshaped([-1, inner]))
      return crossSelectiveScan(
        x, projected: projected, dtWeight: deltaWeight.value, dtBias: deltaBias.value, aLogs: aLogs.value,
        skip: skip.value)
    }
  }

  /// What is scanned.
  private func activated(_ x: Tensor) -> Tensor {
    convolution?(x, activation: activation) ?? activation(x)
  }

  /// The scan's result, normalised and gated.
  private func gated(_ scanned: Tensor, by z: Tensor?) -> Tensor {
    if let z, form.gate == .activated, activation == .silu, !form.activatesOutput,
      case .layerNorm(let norm) = outNorm
    {
      return norm(scanned, siluGatedBy: z)
    }
    let normed = outNorm(scanned)
    let y = form.activatesOutput ? normed.gelu() : normed
    return switch (z, form.gate, activation) {
    case (nil, _, _): y
    case (let z?, .activated, .silu): y.siluGated(by: z)
    case (let z?, .activated, _): y * activation(z)
    case (let z?, _, _): y * z
    }
  }
}
