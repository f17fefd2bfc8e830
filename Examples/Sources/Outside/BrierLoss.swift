import Configuration
import Modeling
import Tensors

/// Squared differences of probabilities and classes (Brier, 1950).
public struct BrierLoss: ClassificationLoss {
  /// mm's names for what it knows.
  struct Settings: Decodable, Sendable {
    let usesSigmoid: Bool
    let weight: Float

    enum CodingKeys: String, CodingKey {
      case usesSigmoid = "use_sigmoid"
      case weight = "loss_weight"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      usesSigmoid = try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) ?? false
      weight = try keys.decodeIfPresent(Float.self, forKey: .weight, in: 0...1000) ?? 1
    }
  }

  private let settings: Settings
  /// Name of the term.
  public let name = "loss_brier"
  /// As the config says.
  public var usesSigmoid: Bool { settings.usesSigmoid }

  init(_ settings: Settings) { self.settings = settings }

  /// The loss over positions with a class each.
  public func callAsFunction(
    _ logits: Tensor, labels: [Int32], ignored: Int32?, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let classes = logits.shape[logits.rank - 1]
    let targets = labels.flatMap { label in (0..<classes).map { Float($0 == Int(label) ? 1 : 0) } }
    let counted = labels.enumerated().map { place, label in label == ignored ? 0 : weights?[place] ?? 1 }
    return self(
      logits, targets: Tensor(targets, shape: logits.shape), weights: counted,
      averagingFactor: averagingFactor)
  }

  /// The loss over positions with a share of each class.
  public func callAsFunction(
    _ logits: Tensor, targets: Tensor, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let difference = (usesSigmoid ? logits.sigmoid() : logits.softmax(axis: -1)) - targets.detached
    var losses = difference * difference
    if let weights {
      // A weight is of a position, or of each number.
      let shape = weights.count == losses.count ? losses.shape : losses.shape.dropLast() + [1]
      losses = losses * Tensor(weights, shape: shape)
    }
    return losses.sum() * (settings.weight / (averagingFactor ?? Float(max(1, losses.count))))
  }
}
