import Layers
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
}

/// `loss_bbox`: of box deltas.
public struct BoxLoss: Decodable, Sendable {
  /// The losses there are.
  public enum Kind: String, Decodable, CaseIterable, Sendable {
    case l1 = "L1Loss"
  }

  /// Which loss.
  public var kind: Kind
  /// Factor of the loss.
  public var weight: Float

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case weight = "loss_weight"
  }

  /// Decodes mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    kind = try keys.decode(Kind.self, forKey: .kind)
    weight = try keys.decodeIfPresent(Float.self, forKey: .weight, in: 0...1e6) ?? 1
  }

  /// Sum over all numbers of `[N, 4]`, divided by `averagingFactor`.
  func callAsFunction(_ deltas: Tensor, _ targets: [Float], averagingFactor: Float) -> Tensor {
    l1(deltas, Tensor(targets, shape: deltas.shape)).sum() * (weight / averagingFactor)
  }
}
