/// A window of a picture, in pixels.
public struct PixelWindow: Hashable, Sendable {
  /// The row of its upper left corner.
  public var top: Int
  /// The column of its upper left corner.
  public var left: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A window of so many rows and columns.
  public init(top: Int, left: Int, height: Int, width: Int) {
    (self.top, self.left, self.height, self.width) = (top, left, height, width)
  }

  /// Replaces what is in the window, row by row.
  ///
  /// - Parameters:
  ///   - elements: `[H, W, channels]`, in which the window lies.
  ///   - rowWidth: W.
  ///   - channels: Of each pixel.
  ///   - value: Of a channel of the pixel at hand.
  public func fill<Element>(
    _ elements: inout [Element], rowWidth: Int, channels: Int, with value: (_ channel: Int) -> Element
  ) {
    precondition(
      top >= 0 && left >= 0 && left + width <= rowWidth
        && (top + height) * rowWidth * channels <= elements.count,
      "window \(self) is not within rows of \(rowWidth)")
    for row in top..<top + height {
      for column in left..<left + width {
        for channel in 0..<channels {
          elements[(row * rowWidth + column) * channels + channel] = value(channel)
        }
      }
    }
  }
}

extension Image {
  /// With another picture in it, whose upper left corner is at a place; it has to lie within this one.
  public func pasting(_ other: Image, top: Int, left: Int) -> Image {
    precondition(
      top >= 0 && left >= 0 && top + other.height <= height && left + other.width <= width
        && channels == other.channels, "\(other.size) at row \(top), column \(left) is not within \(size)")
    var pixels = pixels
    let length = other.width * channels
    for row in 0..<other.height {
      let start = ((top + row) * width + left) * channels
      pixels.replaceSubrange(start..<start + length, with: other.pixels[row * length..<(row + 1) * length])
    }
    return Image(height: height, width: width, channels: channels, pixels: pixels)
  }
}
