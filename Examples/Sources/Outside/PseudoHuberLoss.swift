import Configuration
import Modeling
import Tensors

/// sqrt(1 + d²) - 1: squared near 0, absolute further on, and smooth everywhere.
public struct PseudoHuberLoss: BoxLoss, Decodable {
  private let settings: BoxLossSettings

  /// The keys that all box losses have.
  public init(from decoder: any Decoder) throws { settings = try BoxLossSettings(from: decoder) }

  /// Factor of the loss.
  public var weight: Float { settings.weight }

  /// `[N, 4]`.
  public func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
    let difference = predictions - targets.detached
    return (difference * difference + 1).sqrt() - 1
  }
}
