/// The mask of one object in training: pixels, or outlines that are drawn where pixels are wanted.
public enum ObjectMask: Sendable {
  /// One byte a pixel.
  case bitmap(Bitmap)
  /// One byte a pixel of a window outside of which all is background: as large as the object, not as its image.
  case window(MaskWindow)
  /// Outlines.
  case polygons(PolygonMask)

  /// The number of rows of its image.
  public var height: Int {
    switch self {
    case .bitmap(let mask): mask.height
    case .window(let mask): mask.height
    case .polygons(let mask): mask.height
    }
  }

  /// The number of columns of its image.
  public var width: Int {
    switch self {
    case .bitmap(let mask): mask.width
    case .window(let mask): mask.width
    case .polygons(let mask): mask.width
    }
  }

  /// Its pixels.
  public var bitmap: Bitmap {
    switch self {
    case .bitmap(let mask): mask
    case .window(let mask): mask.bitmap
    case .polygons(let mask): RunLengthMask(mask).bitmap
    }
  }

  /// The box around it: (x1, y1, x2, y2), in pixels; zeros where it is empty. Of outlines it is that of their corners
  /// (mmdetection's `get_bboxes`).
  public var bounds: SIMD4<Float> {
    switch self {
    case .bitmap(let mask): mask.bounds
    case .window(let mask): mask.bounds
    case .polygons(let mask): mask.bounds
    }
  }

  /// The mask on the image resampled to another size; pixels are taken from the nearest.
  public func resized(height: Int, width: Int) -> ObjectMask {
    switch self {
    case .bitmap(let mask): .bitmap(mask.resizedNearest(height: height, width: width))
    case .window(let mask): .window(mask.resizedNearest(height: height, width: width))
    case .polygons(let mask): .polygons(mask.resized(height: height, width: width))
    }
  }

  /// The mirror image: left becomes right.
  public func flippedHorizontally() -> ObjectMask {
    switch self {
    case .bitmap(let mask): .bitmap(mask.flippedHorizontally())
    case .window(let mask): .window(mask.flippedHorizontally())
    case .polygons(let mask): .polygons(mask.flippedHorizontally())
    }
  }

  /// The mirror image: top becomes bottom.
  public func flippedVertically() -> ObjectMask {
    switch self {
    case .bitmap(let mask): .bitmap(mask.flippedVertically())
    case .window(let mask): .window(mask.flippedVertically())
    case .polygons(let mask): .polygons(mask.flippedVertically())
    }
  }

  /// The window of columns `x ..< x + width` and rows `y ..< y + height`, which must lie inside.
  public func cropped(x: Int, y: Int, height: Int, width: Int) -> ObjectMask {
    switch self {
    case .bitmap(let mask): .bitmap(mask.cropped(x: x, y: y, height: height, width: width))
    case .window(let mask): .window(mask.cropped(x: x, y: y, height: height, width: width))
    case .polygons(let mask): .polygons(mask.cropped(x: x, y: y, height: height, width: width))
    }
  }

  /// The mask with background added at the right and at the bottom.
  public func padded(height: Int, width: Int) -> ObjectMask {
    switch self {
    case .bitmap(let mask): .bitmap(mask.padded(height: height, width: width))
    case .window(let mask): .window(mask.padded(height: height, width: width))
    case .polygons(let mask): .polygons(mask.padded(height: height, width: width))
    }
  }
}

extension ObjectMask: Equatable {
  /// Whether two masks show the same: pixels, however they are held, or the same outlines.
  public static func == (a: ObjectMask, b: ObjectMask) -> Bool {
    switch (a, b) {
    case (.polygons(let a), .polygons(let b)): a == b
    case (.polygons, _), (_, .polygons): false
    case (.window(let a), .window(let b)) where a == b: true
    default: a.height == b.height && a.width == b.width && a.bitmap == b.bitmap
    }
  }
}
