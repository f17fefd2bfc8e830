import COpenCV
import Masks

/// Drawing into photographs of three channels. Colours are red, green, blue.
extension Image {
  /// Draws the outline of a box (x1, y1, x2, y2), in pixels.
  public mutating func draw(box: SIMD4<Float>, colour: SIMD3<UInt8>, thickness: Int = 2) {
    drawn { image, message in
      withBytes(of: colour) {
        dp_draw_rectangle(
          image, coordinate(box[0]), coordinate(box[1]), coordinate(box[2]), coordinate(box[3]), $0,
          Int32(max(1, min(thickness, 100))), message)
      }
    }
  }

  /// Writes a line of text on a filled box whose lower left corner is (x, y), in pixels.
  ///
  /// OpenCV's letters are ASCII; others are shown as question marks.
  public mutating func draw(label: String, x: Float, y: Float, colour: SIMD3<UInt8>, scale: Double = 0.4) {
    let text = String(label.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
    guard !text.isEmpty else { return }
    drawn { image, message in
      withBytes(of: colour) { dp_draw_text(image, text, coordinate(x), coordinate(y), scale, $0, message) }
    }
  }

  /// Tints the pixels of a class map: each label in its colour of the palette.
  ///
  /// - Parameters:
  ///   - opacity: 0 leaves the image, 1 covers it.
  ///   - labelMap: Of the image's size. Labels outside the palette leave the image as it is.
  public mutating func blend(_ labelMap: LabelMap, palette: Palette, opacity: Double = 0.5) {
    precondition(labelMap.size == size, "label map \(labelMap.size) on an image of \(size)")
    let colours = palette.colours.flatMap { [$0.x, $0.y, $0.z] }
    drawn { image, message in
      labelMap.pixels.withUnsafeBufferPointer { labels in
        dp_blend_labels(
          image,
          dp_raster(
            pixels: UnsafeMutableRawPointer(mutating: labels.baseAddress), height: image.height,
            width: image.width, channels: 1, sample: Int32.kind),
          colours, Int32(palette.colours.count), opacity, message)
      }
    }
  }

  /// Tints the pixels inside a mask of the image's size.
  ///
  /// - Parameter opacity: 0 leaves the image, 1 covers it.
  public mutating func blend(_ mask: Bitmap, colour: SIMD3<UInt8>, opacity: Double = 0.5) {
    precondition(
      mask.height == height && mask.width == width,
      "a mask of \(mask.width) x \(mask.height) on an image of \(size)")
    drawn { image, message in
      mask.pixels.withUnsafeBufferPointer { pixels in
        withBytes(of: colour) {
          dp_blend_mask(
            image,
            dp_raster(
              pixels: UnsafeMutableRawPointer(mutating: pixels.baseAddress), height: image.height,
              width: image.width, channels: 1, sample: UInt8.kind),
            $0, opacity, message)
        }
      }
    }
  }

  /// Lets the bridge draw into the pixels.
  private mutating func drawn(_ call: (_ image: dp_raster, _ message: dp_message) -> Int32) {
    precondition(channels == 3, "drawing wants 3 channels, not \(channels)")
    guard height > 0, width > 0 else { return }
    pixels.change(height: height, width: width, channels: 3, call)
  }
}

private func withBytes(of colour: SIMD3<UInt8>, _ body: (UnsafePointer<UInt8>?) -> Int32) -> Int32 {
  [colour.x, colour.y, colour.z].withUnsafeBufferPointer { body($0.baseAddress) }
}

/// A pixel coordinate for OpenCV, which adds and shifts: far outside is far enough.
private func coordinate(_ value: Float) -> Int32 {
  value.isNaN ? 0 : Int32(max(-30_000, min(value.rounded(), 100_000)))
}
