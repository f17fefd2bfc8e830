import Layers
import Tensors

/// From regions to masks (mmdetection's `mask_head`).
public protocol MaskHead: Layer {
  /// Channels of the regions it looks at.
  var inputChannels: Int { get }
  /// A mask's side over its region's side.
  var enlargement: Int { get }
  /// Regions `[R, s, s, C]` to what it says of them, `[R, m, m, K]` with `m = enlargement * s`.
  func callAsFunction(_ regions: Tensor) -> Tensor
  /// The losses of regions that are objects, in mmdetection's names: `loss_mask`, 0 without regions.
  ///
  /// - Parameters:
  ///   - logits: What it says of the regions, `[R, m, m, K]`.
  ///   - targets: 0 or 1 for every pixel of `[R, m, m]`.
  ///   - labels: The class of each region.
  func losses(_ logits: Tensor, targets: [Float], labels: [Int]) -> [LossTerm]
  /// Probabilities of the class of each region, `[R, m, m]`.
  func probabilities(_ logits: Tensor, labels: [Int]) -> Tensor
}
