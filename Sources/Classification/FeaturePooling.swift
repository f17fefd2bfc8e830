import Tensors

/// From a backbone's last map to one vector an image.
public protocol FeaturePooling: Sendable {
  /// `[B, H, W, C]` to `[B, C]`.
  func callAsFunction(_ map: Tensor) -> Tensor
}

/// The mean over all positions (mmpretrain's `GlobalAveragePooling`).
public struct GlobalAveragePooling: FeaturePooling, Decodable {
  /// No keys: `dim` of mmpretrain is 2, the only one there is for pictures.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Int.self, forKey: .axes, in: 2...2)
  }

  /// The mean over all positions.
  public init() {}

  private enum CodingKeys: String, CodingKey { case axes = "dim" }

  /// `[B, H, W, C]` to `[B, C]`.
  public func callAsFunction(_ map: Tensor) -> Tensor {
    // A single vector, such as a class token, is its own mean.
    if map.shape[1] * map.shape[2] > 1 { OperationCounter.current?.add(.adaptiveAveragePooling, map.count) }
    return map.mean(axes: [1, 2], keepingAxes: false)
  }
}
