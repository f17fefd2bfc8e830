import Data
import Imaging
import Masks
import Tensors

/// What a detector needs to know of an image besides its pixels (mm's metainfo).
public struct ImageGeometry: Sendable {
  /// The image as the network sees it, without padding (`img_shape`).
  public var size: ImageSize
  /// The same padded to the network's divisor, alone (`pad_shape`).
  public var paddedSize: ImageSize
  /// The image in the file (`ori_shape`).
  public var originalSize: ImageSize
  /// Network over file, of widths and heights (`scale_factor`).
  public var scale: (width: Float, height: Float)

  /// The geometry of one image.
  public init(
    size: ImageSize, paddedSize: ImageSize, originalSize: ImageSize, scale: (width: Float, height: Float)
  ) {
    (self.size, self.paddedSize) = (size, paddedSize)
    (self.originalSize, self.scale) = (originalSize, scale)
  }
}

/// Boxes of one image that the RPN proposes, best first.
public struct Proposals: Sendable {
  /// In pixels of the network's image.
  public var boxes: Boxes
  /// Objectness, 0...1.
  public var scores: [Float]
}

/// The height and width of a map `[B, H, W, C]`.
func mapSize(_ map: Tensor) -> ImageSize { ImageSize(height: map.shape[1], width: map.shape[2]) }
