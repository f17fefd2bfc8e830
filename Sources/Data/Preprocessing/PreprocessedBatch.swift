import Imaging
import Tensors

/// Samples as a model takes them.
public struct PreprocessedBatch {
  /// Normalised, `[B, H, W, 3]`.
  public var images: Tensor
  /// Of each image, padded alone to the divisor (mm's `pad_shape`).
  public var paddedSizes: [ImageSize]
  /// The objects of each image; masks are as large as the batch where `pad_mask` says so.
  public var instances: [Instances?]
  /// Classes of all pixels, `[B, H, W]`; empty in evaluation and for detectors.
  public var labels: [Int32]
}
