import Masks

/// The mask of an object in the three forms that COCO files mix.
public enum CocoSegmentation: Sendable, Equatable {
  /// Outlines, `x y x y ...` each; the object is their union.
  case polygons([[Double]])
  /// Run lengths down the columns.
  case runLengths([Int], height: Int, width: Int)
  /// Run lengths in the compressed form.
  case compressed(String, height: Int, width: Int)

  /// Whether so many numbers have three or more corners: pycocotools draws them.
  package static func isDrawn(numbers: Int) -> Bool { numbers >= 6 }
  /// Whether so many numbers are x, y of three or more corners: what mmdetection trains on.
  package static func isWhole(numbers: Int) -> Bool { isDrawn(numbers: numbers) && numbers.isMultiple(of: 2) }

  /// The mask on its image.
  ///
  /// Of polygons, parts that have no three corners enclose nothing, and a last number without its y is no corner:
  /// both are left out, as pycocotools leaves them out (`rleFrPoly`). Annotation tools write them where someone
  /// clicked once too often.
  ///
  /// - Throws: `MaskError` for polygons and runs that describe no mask, or one of another size than the image.
  public func mask(height: Int, width: Int) throws(MaskError) -> RunLengthMask {
    let mask: RunLengthMask
    switch self {
    case .polygons(let parts):
      let outlines = parts.filter { Self.isDrawn(numbers: $0.count) }.map {
        Array($0.prefix($0.count / 2 * 2))
      }
      // Without any outline the parts as they are say what is wrong.
      return try RunLengthMask(polygons: outlines.isEmpty ? parts : outlines, height: height, width: width)
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
