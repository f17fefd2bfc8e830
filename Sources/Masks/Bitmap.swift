import CKernels

/// A mask with one byte per pixel, row by row.
public struct Bitmap: Sendable, Equatable {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// 1 inside the object and 0 outside, `[height, width]`, row-major.
  public var pixels: [UInt8]

  /// A bitmap of the given pixels, `[height, width]`; without them all background.
  public init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(
      height >= 0 && width >= 0 && pixels.count == height * width,
      "a bitmap of [\(height), \(width)] needs \(height * width) pixels, got \(pixels.count)")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// A bitmap that is all background.
  public init(height: Int, width: Int) {
    self.init(height: height, width: width, pixels: [UInt8](repeating: 0, count: height * width))
  }

  /// The number of pixels inside the object.
  public var area: Int {
    pixels.withUnsafeBufferPointer { Int(dp_mask_area($0.baseAddress, Int64($0.count))) }
  }

  /// The box (x1, y1, x2, y2) around the object; all 0 where there is none.
  public var bounds: SIMD4<Float> {
    var bounds: [Int32] = [0, 0, 0, 0]
    pixels.withUnsafeBufferPointer {
      dp_mask_bounds($0.baseAddress, Int64(height), Int64(width), &bounds)
    }
    return SIMD4(Float(bounds[0]), Float(bounds[1]), Float(bounds[2]), Float(bounds[3]))
  }

  /// The mirror image: left becomes right.
  public func flippedHorizontally() -> Bitmap {
    rebuilt(height: height, width: width) { from, to in
      for row in 0..<height {
        dp_bytes_reverse(from + row * width, Int64(width), to + row * width)
      }
    }
  }

  /// The mirror image: top becomes bottom.
  public func flippedVertically() -> Bitmap {
    rebuilt(height: height, width: width) { from, to in
      for row in 0..<height {
        (to + row * width).update(from: from + (height - 1 - row) * width, count: width)
      }
    }
  }

  /// The bitmap at another size: pixel i shows the pixel floor(i · old / new) of this one, in both axes.
  ///
  /// Where i · old / new is whole, rounding decides as in `cv2.resize`: it multiplies by 1 / (new / old).
  public func resizedNearest(height newHeight: Int, width newWidth: Int) -> Bitmap {
    precondition(
      (height > 0 && width > 0) || newHeight * newWidth == 0,
      "an empty bitmap [\(height), \(width)] cannot become [\(newHeight), \(newWidth)]")
    return gathered(
      rows: Self.nearestPlaces(height, newHeight), columns: Self.nearestPlaces(width, newWidth))
  }

  /// Which pixel of an axis each one shows after resizing.
  static func nearestPlaces(_ old: Int, _ new: Int) -> [Int32] {
    let step = 1 / (Double(new) / Double(old))
    return (0..<new).map { Int32(min(Int(Double($0) * step), old - 1)) }
  }

  /// The pixels of the given rows and columns.
  func gathered(rows: [Int32], columns: [Int32]) -> Bitmap {
    rebuilt(height: rows.count, width: columns.count) { from, to in
      dp_mask_gather(from, Int64(width), rows, columns, Int64(rows.count), Int64(columns.count), to)
    }
  }

  /// The window of columns `x ..< x + width` and rows `y ..< y + height`, which must lie inside.
  public func cropped(x: Int, y: Int, height newHeight: Int, width newWidth: Int) -> Bitmap {
    precondition(
      x >= 0 && y >= 0 && newHeight >= 0 && newWidth >= 0 && x + newWidth <= width && y + newHeight <= height,
      "window [\(newHeight), \(newWidth)] at (\(x), \(y)) leaves the bitmap [\(height), \(width)]")
    return rebuilt(height: newHeight, width: newWidth) { from, to in
      for row in 0..<newHeight {
        (to + row * newWidth).update(from: from + (y + row) * width + x, count: newWidth)
      }
    }
  }

  /// The bitmap with background added at the right and at the bottom.
  public func padded(height newHeight: Int, width newWidth: Int) -> Bitmap {
    precondition(
      newHeight >= height && newWidth >= width,
      "padding makes larger: [\(height), \(width)] cannot become [\(newHeight), \(newWidth)]")
    return rebuilt(height: newHeight, width: newWidth) { from, to in
      to.update(repeating: 0, count: newHeight * newWidth)
      for row in 0..<height { (to + row * newWidth).update(from: from + row * width, count: width) }
    }
  }

  private func rebuilt(
    height newHeight: Int, width newWidth: Int,
    _ fill: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
  ) -> Bitmap {
    let size = newHeight * newWidth
    let rebuilt = pixels.withUnsafeBufferPointer { from in
      [UInt8](unsafeUninitializedCapacity: size) { to, count in
        if let source = from.baseAddress, let target = to.baseAddress, size > 0 { fill(source, target) }
        count = size
      }
    }
    return Bitmap(height: newHeight, width: newWidth, pixels: rebuilt)
  }
}
