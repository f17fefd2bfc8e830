import Tensors

/// `loss_cls`, `loss_mask`: cross entropy over classes, per class with a sigmoid, or of masks.
public struct ClassificationLoss: Decodable, Sendable {
  /// The losses there are.
  public enum Kind: String, Decodable, CaseIterable, Sendable {
    case crossEntropy = "CrossEntropyLoss"
  }

  /// Which loss.
  public var kind: Kind
  /// Independent classes, each through a sigmoid.
  public var usesSigmoid: Bool
  /// Per-pixel masks of the labelled class.
  public var usesMask: Bool
  /// Factor of the loss.
  public var weight: Float

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case usesSigmoid = "use_sigmoid"
    case usesMask = "use_mask"
    case weight = "loss_weight"
  }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    kind = try keys.decode(Kind.self, forKey: .kind)
    usesSigmoid = try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) ?? false
    usesMask = try keys.decodeIfPresent(Bool.self, forKey: .usesMask) ?? false
    weight = try keys.decodeIfPresent(Float.self, forKey: .weight, in: 0...1e6) ?? 1
  }

  /// The loss of regions with a class each, by softmax.
  ///
  /// - Parameters:
  ///   - logits: `[N, C]`.
  ///   - labels: In `0 ..< C`, one a row.
  ///   - averagingFactor: What the sum is divided by.
  /// - Returns: One number, of shape `[]`.
  func callAsFunction(_ logits: Tensor, labels: [Int32], averagingFactor: Float) -> Tensor {
    crossEntropy(logits, labels: labels, ignoreIndex: nil).sum() * (weight / averagingFactor)
  }

  /// The loss of numbers that are 0 or 1 each, through a sigmoid: objects or not, pixels of masks.
  ///
  /// - Parameters:
  ///   - logits: Any shape.
  ///   - targets: The same shape, 0 to 1.
  ///   - averagingFactor: What the sum is divided by; when nil, how many there are.
  /// - Returns: One number, of shape `[]`.
  func callAsFunction(_ logits: Tensor, targets: Tensor, averagingFactor: Float? = nil) -> Tensor {
    let entropies = binaryCrossEntropy(logits: logits, targets: targets)
    guard let averagingFactor else { return entropies.mean() * weight }
    return entropies.sum() * (weight / averagingFactor)
  }
}
