import Tensors

/// Cuts regions out of a pyramid (mmdetection's `bbox_roi_extractor` and `mask_roi_extractor`).
public protocol RoIExtractor: Sendable {
  /// Channels of the maps it cuts from.
  var channels: Int { get }
  /// How many of the pyramid's maps it uses, from the finest on.
  var levels: Int { get }
  /// Side of what it cuts out.
  var outputSize: Int { get }
  /// Maps `[B, h, w, C]`, the finest first, to `[R, outputSize, outputSize, C]`.
  func callAsFunction(_ features: [Tensor], _ regions: RegionsOfInterest) -> Tensor
}
