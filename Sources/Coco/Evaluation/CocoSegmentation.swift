import Masks

/// The mask of an object in the three forms that COCO files mix.
public enum CocoSegmentation: Sendable, Equatable {
  /// Outlines, `x y x y ...` each; the object is their union.
  case polygons([[Double]])
  /// Run lengths down the columns.
  case runLengths([Int], height: Int, width: Int)
  /// Run lengths in the compressed form.
  case compressed(String, height: Int, width: Int)

  /// The mask on its image.
  ///
  /// - Throws: `MaskError` for polygons and runs that describe no mask, or one of another size than the image.
  public func mask(height: Int, width: Int) throws(MaskError) -> RunLengthMask {
    let mask: RunLengthMask
    switch self {
    case .polygons(let parts): return try RunLengthMask(polygons: parts, height: height, width: width)
    case .runLengths(let counts, let height, let width):
      mask = try RunLengthMask(lengths: counts, height: height, width: width)
    case .compressed(let counts, let height, let width):
      mask = try RunLengthMask(compressed: counts, height: height, width: width)
    }
    guard mask.height == height, mask.width == width else {
      throw .sizesDiffer(height: height, width: width, otherHeight: mask.height, otherWidth: mask.width)
    }
    return mask
  }
}
