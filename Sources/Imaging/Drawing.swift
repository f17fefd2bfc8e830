import COpenCV
import Masks

/// Drawing into photographs of three channels. Colours are red, green, blue.
extension Image {
  /// Draws the outline of a box (x1, y1, x2, y2), in pixels.
  public mutating func draw(box: SIMD4<Float>, colour: SIMD3<UInt8>, thickness: Int = 2) {
    draw(box: box, colour: colour, line: Int32(max(1, min(thickness, 1000))))
  }

  /// Fills a box (x1, y1, x2, y2): whole pixels, the last row and column among them.
  public mutating func fill(box: SIMD4<Float>, colour: SIMD3<UInt8>) {
    draw(box: box, colour: colour, line: -1)
  }

  private mutating func draw(box: SIMD4<Float>, colour: SIMD3<UInt8>, line: Int32) {
    drawn { image, message in
      withBytes(of: colour) {
        dp_draw_rectangle(
          image, coordinate(box[0]), coordinate(box[1]), coordinate(box[2]), coordinate(box[3]), $0, line,
          message)
      }
    }
  }

  /// Draws a line between two points, in pixels.
  public mutating func draw(
    lineFrom start: SIMD2<Float>, to end: SIMD2<Float>, colour: SIMD3<UInt8>, thickness: Int = 1
  ) {
    drawn { image, message in
      withBytes(of: colour) {
        dp_draw_line(
          image, coordinate(start.x), coordinate(start.y), coordinate(end.x), coordinate(end.y), $0,
          Int32(max(1, min(thickness, 1000))), message)
      }
    }
  }

  /// Writes a line of text on a filled box whose lower left corner is (x, y), in pixels; it is moved to lie within the
  /// image. At scale 1 capitals have 21 pixels, as OpenCV's letters have.
  public mutating func draw(label: String, x: Float, y: Float, colour: SIMD3<UInt8>, scale: Double = 0.4) {
    guard !label.isEmpty else { return }
    var letters = Lettering(size: 29 * scale)
    let left = max(0, min(Int(coordinate(x)), width - letters.width(of: label) - 2))
    let bottom = max(letters.height, min(Int(coordinate(y)), height))
    draw(label: label, left: left, top: bottom - letters.height, colour: colour, &letters)
  }

  /// Writes a line of text, white or black, whichever reads better, on a filled box whose upper left corner is given.
  ///
  /// The box has a pixel left and right of the text.
  public mutating func draw(
    label: String, left: Int, top: Int, colour: SIMD3<UInt8>, _ letters: inout Lettering
  ) {
    fill(
      box: SIMD4(
        Float(left), Float(top), Float(left + letters.width(of: label) + 1), Float(top + letters.height - 1)),
      colour: colour)
    letters.draw(label, on: &self, left: left + 1, top: top, colour: colour.readableInk)
  }

  /// Tints the pixels of a class map of the image's size: each label in its colour of the palette; an opacity of 0
  /// leaves the image, 1 covers it. Labels outside the palette leave it as it is.
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

  /// Tints the pixels inside a mask of the image's size; an opacity of 0 leaves the image, 1 covers it.
  public mutating func blend(_ mask: Bitmap, colour: SIMD3<UInt8>, opacity: Double = 0.5) {
    blend(
      MaskWindow(mask, x: 0, y: 0, height: mask.height, width: mask.width), colour: colour, opacity: opacity)
  }

  /// Tints the pixels inside a mask of the image's size, looking at its window only; an opacity of 0 leaves the image,
  /// 1 covers it.
  public mutating func blend(_ mask: MaskWindow, colour: SIMD3<UInt8>, opacity: Double = 0.5) {
    drawn(mask) { image, window, message in
      withBytes(of: colour) {
        dp_blend_mask(image, window, Int32(mask.x), Int32(mask.y), $0, opacity, message)
      }
    }
  }

  /// Draws a line along the edge of a mask of the image's size.
  public mutating func outline(_ mask: MaskWindow, colour: SIMD3<UInt8>, thickness: Int) {
    drawn(mask) { image, window, message in
      withBytes(of: colour) {
        dp_outline_mask(
          image, window, Int32(mask.x), Int32(mask.y), $0, Int32(max(1, min(thickness, 1000))), message)
      }
    }
  }

  /// Lets the bridge draw a mask into the pixels.
  private mutating func drawn(
    _ mask: MaskWindow, _ call: (_ image: dp_raster, _ mask: dp_raster, _ message: dp_message) -> Int32
  ) {
    precondition(
      mask.height == height && mask.width == width,
      "a mask of \(mask.width) x \(mask.height) on an image of \(size)")
    let window = mask.window
    guard window.height > 0, window.width > 0 else { return }
    drawn { image, message in
      window.pixels.withUnsafeBufferPointer { pixels in
        call(
          image,
          dp_raster(
            pixels: UnsafeMutableRawPointer(mutating: pixels.baseAddress), height: Int32(window.height),
            width: Int32(window.width), channels: 1, sample: UInt8.kind), message)
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

extension SIMD3<UInt8> {
  /// Black or white, whichever is easier to read on this colour (red, green, blue).
  public var readableInk: SIMD3<UInt8> {
    let brightness = 0.299 * Double(x) + 0.587 * Double(y) + 0.114 * Double(z)
    return brightness > 140 ? SIMD3(0, 0, 0) : SIMD3(255, 255, 255)
  }
}
