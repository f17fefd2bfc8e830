import Configuration
import Tensors

/// 1 - 2 |P G| / (|P|^2 + |G|^2) of the probabilities and the classes of each image (Milletari et al.,
/// arXiv:1606.04797; mmsegmentation's `DiceLoss`), or with |P| + |G|, over all pixels and classes together.
///
/// A pixel without a class is of none of them: its probabilities count all the same, as in mmsegmentation.
public struct DiceLoss: ClassificationLoss {
  /// Name of the term: `loss_name`.
  public let name: String
  /// Whether each class is decided by itself (`use_sigmoid`).
  public let usesSigmoid: Bool
  private let activates: Bool
  private let isNaive: Bool
  private let weight: Float
  private let epsilon: Float
  private let reduction: LossReduction
  private let skipped: Int?

  /// mmsegmentation's keys.
  struct Settings: Decodable, Sendable {
    var usesSigmoid: Bool
    var activates: Bool
    var reduction: LossReduction
    var isNaive: Bool
    var weight: Float
    /// The number of a class that is left out.
    var ignoreIndex: Located<Int>?
    var epsilon: Float
    var name: String

    enum CodingKeys: String, CodingKey {
      case reduction
      case usesSigmoid = "use_sigmoid"
      case activates = "activate"
      case isNaive = "naive_dice"
      case weight = "loss_weight"
      case ignoreIndex = "ignore_index"
      case epsilon = "eps"
      case name = "loss_name"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      usesSigmoid = try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) ?? true
      activates = try keys.decodeIfPresent(Bool.self, forKey: .activates) ?? true
      reduction = try keys.decodeIfPresent(LossReduction.self, forKey: .reduction) ?? .mean
      isNaive = try keys.decodeIfPresent(Bool.self, forKey: .isNaive) ?? false
      weight = try keys.lossWeight(forKey: .weight)
      ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
      epsilon = try keys.decodeIfPresent(Float.self, forKey: .epsilon) ?? 1e-3
      name = try keys.decodeIfPresent(String.self, forKey: .name) ?? "loss_dice"
      guard epsilon.isFinite, epsilon > 0 else {
        throw keys.refusal("\(epsilon) is not a number above 0", forKey: .epsilon)
      }
    }
  }

  init(_ settings: Settings, in context: ClassificationLossContext) throws {
    (name, usesSigmoid, activates) = (settings.name, settings.usesSigmoid, settings.activates)
    (isNaive, weight, epsilon) = (settings.isNaive, settings.weight, settings.epsilon)
    reduction = settings.reduction
    skipped = settings.ignoreIndex?.value
    if let index = settings.ignoreIndex, index.value == 0, context.channels == 1 {
      throw ConfigurationError(
        location: index.location, keyPath: index.keyPath, message: "0 is the only class: nothing is left")
    }
  }

  /// The loss over positions with a class each; see the protocol. The first axis is that of images.
  ///
  /// Of a single map the label is what it should be, 0 or 1, as in the cross entropy.
  public func callAsFunction(
    _ logits: Tensor, labels: [Int32], ignored: Int32?, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let isLabelItself = logits.shape[logits.rank - 1] == 1
    let classes = labels.map { label -> Int32 in
      if label == ignored { return -1 }
      return isLabelItself ? (label > 0 ? 0 : -1) : label
    }
    let (sums, labelled) = diceSums(
      probabilities(logits), labels: classes, weights: weights, skipping: skipped, squares: !isNaive)
    let images = logits.shape[0]
    return loss(
      sums.sliced(axis: 1, from: 0, to: 1).reshaped([images]),
      sums.sliced(axis: 1, from: 1, to: 2).reshaped([images]), Tensor(labelled, shape: [images]),
      averagingFactor)
  }

  /// The loss over positions with a share of each class; see the protocol.
  public func callAsFunction(
    _ logits: Tensor, targets: Tensor, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let p = probabilities(logits)
    let factors = weights.map { weights in
      Tensor(weights, shape: weights.count == p.count ? p.shape : Array(p.shape.dropLast()) + [1])
    }
    func total(_ x: Tensor) -> Tensor {
      (factors.map { x * $0 } ?? x).sum(axes: Array(1..<x.rank))
    }
    return loss(
      total(p * targets), total(isNaive ? p : p * p), total(isNaive ? targets : targets * targets),
      averagingFactor)
  }

  private func probabilities(_ logits: Tensor) -> Tensor {
    guard activates else { return logits }
    if usesSigmoid { return logits.sigmoid() }
    // A softmax over one class is 1 everywhere.
    return logits.shape[logits.rank - 1] == 1 ? logits : logits.softmax(axis: logits.rank - 1)
  }

  /// Of what both have in common, the probabilities and the classes, a number an image.
  private func loss(_ common: Tensor, _ found: Tensor, _ given: Tensor, _ averagingFactor: Float?) -> Tensor {
    let coefficient =
      isNaive
      ? (common * 2 + epsilon) / (found + given + epsilon)
      : common * 2 / ((found + epsilon) + (given + epsilon))
    return reduction(1 - coefficient, weights: nil, averagingFactor: averagingFactor, weight: weight)
  }
}
