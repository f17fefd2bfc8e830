/// A mask that is background but for a window: a detection fills a small part of its image.
public struct MaskWindow: Sendable, Equatable {
  /// The pixels of the window.
  public var window: Bitmap
  /// The window's first column.
  public var x: Int
  /// The window's first row.
  public var y: Int
  /// The rows of the whole mask.
  public var height: Int
  /// The columns of the whole mask.
  public var width: Int

  /// A window whose corner lies at (x, y) of a mask of height x width.
  public init(_ window: Bitmap, x: Int, y: Int, height: Int, width: Int) {
    precondition(
      x >= 0 && y >= 0 && x + window.width <= width && y + window.height <= height,
      "window [\(window.height), \(window.width)] at (\(x), \(y)) leaves the mask [\(height), \(width)]")
    self.window = window
    self.x = x
    self.y = y
    self.height = height
    self.width = width
  }

  /// The whole mask with one byte per pixel.
  public var bitmap: Bitmap {
    var whole = Bitmap(height: height, width: width)
    for row in 0..<window.height {
      let start = (y + row) * width + x
      whole.pixels.replaceSubrange(
        start..<start + window.width, with: window.pixels[row * window.width..<(row + 1) * window.width])
    }
    return whole
  }
}

extension RunLengthMask {
  /// Encodes the whole mask of a window, looking at the window only.
  public init(_ mask: MaskWindow) {
    self.init(mask.window, x: mask.x, y: mask.y, height: mask.height, width: mask.width)
  }
}
