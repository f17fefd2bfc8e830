import Configuration
import Tensors

/// A loss of boxes or of their coded differences (mm's `loss_bbox`).
public protocol BoxLoss: Sendable {
  /// Factor of the loss (`loss_weight`).
  var weight: Float { get }
  /// Whether it needs boxes, (x1, y1, x2, y2) in pixels; otherwise any four numbers will do.
  var isOfBoxes: Bool { get }
  /// The losses before they are averaged.
  ///
  /// - Parameters:
  ///   - predictions: `[N, 4]`; N may be 0.
  ///   - targets: `[N, 4]`; they get no gradient.
  /// - Returns: `[N, 4]`, a loss for each number, or `[N]`, one for each box.
  func losses(_ predictions: Tensor, _ targets: Tensor) -> Tensor
}

extension BoxLoss {
  /// Any four numbers will do.
  public var isOfBoxes: Bool { false }

  /// The sum of the losses over `averagingFactor`, times the weight.
  ///
  /// - Parameters:
  ///   - predictions: `[N, 4]`; N may be 0.
  ///   - targets: `[N, 4]`.
  ///   - weights: `[N, 4]`, 1 when nil; a loss for each box is weighted by the mean of its four.
  ///   - averagingFactor: When nil the number of losses.
  /// - Returns: One number, of shape `[]`.
  public func callAsFunction(
    _ predictions: Tensor, _ targets: Tensor, weights: Tensor? = nil, averagingFactor: Float? = nil
  ) -> Tensor {
    var losses = losses(predictions, targets)
    if let weights { losses = losses * (losses.rank == 1 ? weights.mean(axes: [1]) : weights) }
    return losses.sum() * (weight / (averagingFactor ?? Float(max(1, losses.count))))
  }
}

/// Keys that all box losses have.
public struct BoxLossSettings: Decodable, Sendable {
  /// Factor of the loss (`loss_weight`).
  public var weight: Float

  private enum Reduction: String, Decodable, CaseIterable { case mean }

  enum CodingKeys: String, CodingKey {
    case reduction
    case weight = "loss_weight"
  }

  /// A factor.
  public init(weight: Float = 1) { self.weight = weight }

  /// Decodes mm's keys; `reduction` can only be `mean`: the heads say what the sum is divided by.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Reduction.self, forKey: .reduction)
    weight = try keys.lossWeight(forKey: .weight)
  }
}
