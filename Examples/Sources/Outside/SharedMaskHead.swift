import Configuration
import Layers
import Modeling
import Tensors

/// One mask for all classes, as large as the region.
public struct SharedMaskHead: MaskHead {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let inputChannels: Int

    enum CodingKeys: String, CodingKey { case inputChannels = "in_channels" }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...64)
    }
  }

  private let logits: Conv2d
  /// Channels of the regions it looks at.
  public let inputChannels: Int
  /// A pixel of the mask for each of the region.
  public let enlargement = 1

  init(_ settings: Settings) {
    inputChannels = settings.inputChannels
    logits = Conv2d(settings.inputChannels, 1, kernel: 1)
  }

  /// Weights of the convolution.
  public var tree: ParameterTree { ["logits": .layer(logits)] }

  /// Regions `[R, s, s, C]` to `[R, s, s, 1]`.
  public func callAsFunction(_ regions: Tensor) -> Tensor { logits(regions) }

  /// `loss_mask`.
  public func losses(_ logits: Tensor, targets: [Float], labels: [Int]) -> [LossTerm] {
    guard !labels.isEmpty else { return [.loss("loss_mask", logits.sum())] }
    return [
      .loss(
        "loss_mask", binaryCrossEntropy(logits: logits, targets: Tensor(targets, shape: logits.shape)).mean())
    ]
  }

  /// `[R, s, s]`.
  public func probabilities(_ logits: Tensor, labels: [Int]) -> Tensor {
    logits.sigmoid().reshaped(Array(logits.shape.dropLast()))
  }
}
