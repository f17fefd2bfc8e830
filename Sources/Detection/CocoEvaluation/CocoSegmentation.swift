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

  /// Reads the value of a `segmentation` key; `owner` names its object in errors.
  init(_ reader: inout JSONReader, owner: String) throws(CocoError) {
    guard try reader.kind() == .object else {
      var parts: [[Double]] = []
      try reader.beginArray("the segmentation of \(owner), a list of polygons or an object with run lengths,")
      while try reader.nextElement() {
        var numbers: [Double] = []
        try reader.beginArray("a polygon of \(owner)")
        while try reader.nextElement() { numbers.append(try reader.double("a coordinate of \(owner)")) }
        parts.append(numbers)
      }
      self = .polygons(parts)
      return
    }
    var size: [Int] = []
    var lengths: [Int]?
    var compressed: String?
    var keys = KeyCheck()
    try reader.beginObject("the segmentation of \(owner)")
    while let key = try reader.nextKey() {
      try keys.note(key, reader)
      switch key {
      case "size":
        try reader.beginArray("the size of the mask of \(owner)")
        while try reader.nextElement() { size.append(try reader.int("a side of the mask of \(owner)")) }
      case "counts":
        if try reader.kind() == .string {
          compressed = try reader.string("run lengths")
        } else {
          var counts: [Int] = []
          try reader.beginArray("the run lengths of \(owner)")
          while try reader.nextElement() { counts.append(try reader.int("a run length of \(owner)")) }
          lengths = counts
        }
      default: try reader.skip()
      }
    }
    guard size.count == 2 else {
      throw reader.error("the mask of \(owner) needs a \"size\" of [height, width], got \(size)")
    }
    if let compressed {
      self = .compressed(compressed, height: size[0], width: size[1])
    } else if let lengths {
      self = .runLengths(lengths, height: size[0], width: size[1])
    } else {
      throw reader.error("the mask of \(owner) has no \"counts\"")
    }
  }
}
