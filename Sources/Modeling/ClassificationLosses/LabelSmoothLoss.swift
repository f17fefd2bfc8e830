import Configuration
import Tensors

/// Cross entropy of which a part goes to all classes alike (Szegedy et al., 2016; mmpretrain's `LabelSmoothLoss`).
public struct LabelSmoothLoss: ClassificationLoss {
  /// How the part is meant.
  private enum Mode: String, Decodable, CaseIterable, Sendable {
    /// (1 - e) of the class and e / C of each.
    case original
    /// The same with e / (1 + e) for e.
    case classyVision = "classy_vision"
  }

  /// Name of the term.
  public let name = "loss_cls"
  /// Never: classes exclude each other.
  public let usesSigmoid = false
  private let smoothing: Float
  private let weight: Float
  private let reduction: LossReduction

  /// mmpretrain's keys.
  struct Settings: Decodable, Sendable {
    let smoothing: Float
    let weight: Float
    let reduction: LossReduction
    let classes: Int?

    enum CodingKeys: String, CodingKey {
      case mode, reduction
      case smoothing = "label_smooth_val"
      case classes = "num_classes"
      case usesSigmoid = "use_sigmoid"
      case weight = "loss_weight"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      let value = try keys.decode(Float.self, forKey: .smoothing, in: 0...1)
      let mode = try keys.decodeIfPresent(Mode.self, forKey: .mode) ?? .original
      smoothing = mode == .original ? value : value / (1 + value)
      weight = try keys.lossWeight(forKey: .weight)
      reduction = try keys.decodeIfPresent(LossReduction.self, forKey: .reduction) ?? .mean
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
      if try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) == true {
        throw keys.refusal("only false is known: classes exclude each other", forKey: .usesSigmoid)
      }
    }
  }

  /// - Throws: `ConfigurationError` where `num_classes` is not how many scores there are.
  init(_ settings: Settings, in context: ClassificationLossContext = ClassificationLossContext()) throws {
    if let classes = settings.classes, let scores = context.channels, classes != scores {
      throw ConfigurationError(
        keyPath: "num_classes", message: "\(classes), but there are \(scores) scores",
        hint: "Leave it out: the scores say how many classes there are.")
    }
    (smoothing, weight, reduction) = (settings.smoothing, settings.weight, settings.reduction)
  }

  /// The loss over positions with a class each; see the protocol.
  public func callAsFunction(
    _ logits: Tensor, labels: [Int32], ignored: Int32?, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let losses = crossEntropy(logits, labels: labels, ignoreIndex: ignored, labelSmoothing: smoothing)
    return reduced(losses, weights, averagingFactor)
  }

  /// The loss over positions with a share of each class, smoothed alike; see the protocol.
  public func callAsFunction(
    _ logits: Tensor, targets: Tensor, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let classes = Float(max(1, logits.shape[logits.rank - 1]))
    let smoothed = targets.detached * (1 - smoothing) + smoothing / classes
    return reduced(softCrossEntropy(logits, targets: smoothed), weights, averagingFactor)
  }

  private func reduced(_ losses: Tensor, _ weights: [Float]?, _ averagingFactor: Float?) -> Tensor {
    reduction(
      losses, weights: weights.map { Tensor($0, shape: losses.shape) }, averagingFactor: averagingFactor,
      weight: weight)
  }
}

/// Cross entropy of shares of classes by softmax, without reduction: -sum over c of w[c] t[c] log p[c].
///
/// - Parameters:
///   - logits: `[..., C]`.
///   - targets: The same shape; they get no gradient.
///   - classWeights: `[C]`.
/// - Returns: `[...]`.
func softCrossEntropy(_ logits: Tensor, targets: Tensor, classWeights: Tensor? = nil) -> Tensor {
  let shares = classWeights.map { targets.detached * $0 } ?? targets.detached
  return (logits.logSoftmax(axis: logits.rank - 1) * shares).sum(axes: [logits.rank - 1], keepingAxes: false)
    * -1
}
