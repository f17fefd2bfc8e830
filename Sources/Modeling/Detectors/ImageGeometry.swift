import Data
import Imaging

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

extension PreprocessedBatch {
  /// The geometry of each image of the batch that the samples became.
  public func geometry(of samples: [Sample]) -> [ImageGeometry] {
    zip(samples, paddedSizes).map { sample, padded in
      ImageGeometry(
        size: sample.size, paddedSize: padded, originalSize: sample.originalSize,
        scale: (sample.scaleFactor.width, sample.scaleFactor.height))
    }
  }
}
