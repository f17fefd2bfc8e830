import Tensors

/// Stochastic depth (Huang et al., 2016): in training, the branch of a sample is left out with a probability, and
/// scaled up otherwise.
public struct DropPath: Sendable {
  /// The probability.
  public let probability: Float
  /// Tells the layers of a model apart in the key of the random numbers.
  public let layer: Int

  /// Stochastic depth of one layer.
  public init(probability: Float, layer: Int) { (self.probability, self.layer) = (probability, layer) }

  /// `[B, ...]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard probability > 0, let step = ForwardMode.current.training else { return x }
    return stochasticDepth(
      x, probability: probability, generators: step.generators(for: .dropPath(layer: layer)))
  }

  /// x + a branch of it. In training the branch is computed for those samples alone whose branch is kept: the others' would
  /// be multiplied by 0.
  ///
  /// - Parameters:
  ///   - x: `[B, ...]`.
  ///   - isWhole: Whether the branch has to see the whole batch, as batch norm has, whatever is kept.
  ///   - branch: Is given the kept samples of x, and x where it is to add it itself: in evaluation, when nothing is
  ///     dropped.
  public func sum(
    _ x: Tensor, ofWholeBatch isWhole: Bool = false, _ branch: (_ x: Tensor, _ residual: Tensor?) -> Tensor
  ) -> Tensor {
    guard let step = ForwardMode.current.training else { return branch(x, x) }
    guard probability > 0 else { return x + branch(x, nil) }
    let factors = stochasticDepthFactors(
      probability: probability, generators: step.generators(for: .dropPath(layer: layer)))
    let takesAll = isWhole || step.computesDroppedBranches || ForwardMode.current.isAsBuilt
    let kept = factors.indices.filter { takesAll || factors[$0] != 0 }
    // Where nothing is kept the branch still gives its weights their gradients, which are 0.
    let y =
      kept.count == factors.count
      ? branch(x, nil) : ForwardMode.training(step.samples(at: kept)) { branch(x.samples(kept), nil) }
    return x.adding(y, toSamples: kept, times: kept.map { factors[$0] })
  }
}

/// Dropout of single numbers (PyTorch's `Dropout`).
public struct Dropout: Sendable {
  /// The probability.
  public let probability: Float
  /// Tells the layers of a model apart in the key of the random numbers.
  public let layer: Int

  /// Dropout of one layer.
  public init(probability: Float, layer: Int) { (self.probability, self.layer) = (probability, layer) }

  /// `[B, ...]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard probability > 0, let step = ForwardMode.current.training else { return x }
    return dropout(x, probability: probability, generators: step.generators(for: .dropout(layer: layer)))
  }
}

/// Dropout of whole channels of a sample (PyTorch's `Dropout2d`).
public struct ChannelDropout: Sendable {
  /// The probability.
  public let probability: Float
  /// Tells the layers of a model apart in the key of the random numbers.
  public let layer: Int

  /// Dropout of one layer.
  public init(probability: Float, layer: Int) { (self.probability, self.layer) = (probability, layer) }

  /// `[B, ..., C]`, shape kept.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard probability > 0, let step = ForwardMode.current.training else { return x }
    return channelDropout(
      x, probability: probability, generators: step.generators(for: .dropout(layer: layer)))
  }
}
