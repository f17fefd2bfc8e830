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

  /// x + a branch of it, which is given x where it is to add it itself: in evaluation, when nothing is dropped.
  public func sum(_ x: Tensor, _ branch: (_ residual: Tensor?) -> Tensor) -> Tensor {
    ForwardMode.current.training == nil ? branch(x) : x + self(branch(nil))
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
