import CKernels
import COpenCV

/// Red, green, blue, 0 ... 1.
package typealias PaintColour = SIMD3<Float>

extension SIMD3<Float> {
  /// The colour of a hue (0 ..< 1), saturation and value.
  package init(hue: Float, saturation: Float, value: Float) {
    func channel(_ n: Float) -> Float {
      let k = (n + (hue - hue.rounded(.down)) * 6).truncatingRemainder(dividingBy: 6)
      return value - value * saturation * Swift.max(0, Swift.min(k, 4 - k, 1))
    }
    self.init(channel(5), channel(3), channel(1))
  }

  /// Between this colour (0) and another (1).
  package func mixed(with other: SIMD3<Float>, _ amount: Float) -> SIMD3<Float> {
    self + (other - self) * amount
  }
}

/// A picture that is painted: floats, 0 ... 1, `[H, W, 3]`, blue green red as in `Image`.
package struct Canvas: Sendable {
  package let height: Int
  package let width: Int
  private var pixels: [Float]

  /// A black picture.
  package init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "a canvas of \(height) x \(width)")
    (self.height, self.width) = (height, width)
    pixels = [Float](repeating: 0, count: 3 * height * width)
  }

  /// Paints a shape.
  ///
  /// - Parameters:
  ///   - second: The colour where `texture` is 1.
  ///   - texture: Mixes the two colours, over the whole scene.
  ///   - shade: Factors of the colour, over the shape's window.
  package mutating func paint(
    _ cover: Cover, _ colour: PaintColour, second: PaintColour? = nil, texture: NoisePlane? = nil,
    shade: [Float]? = nil, opacity: Float = 1
  ) {
    if let texture { check(texture) }
    precondition(
      shade.map { $0.count == cover.height * cover.width } ?? true,
      "\(shade?.count ?? 0) factors for \(cover.height) x \(cover.width) pixels")
    let other = second ?? colour
    let paint = [colour.z, colour.y, colour.x, other.z, other.y, other.x]
    cover.withShape { shape in
      withOptional(shade) { shade in
        withOptional(texture?.values) { texture in
          dp_canvas_paint(&pixels, Int64(height), Int64(width), shape, shade, texture, paint, opacity)
        }
      }
    }
  }

  /// Draws a veil over the scene, or over what `cover` (of the whole scene) covers: a colour and an amount a row.
  package mutating func veil(rows: [PaintColour], amount: [Float], over cover: Cover? = nil) {
    precondition(rows.count == height && amount.count == height, "\(rows.count) rows for \(height)")
    check(cover)
    let colours = rows.flatMap { [$0.z, $0.y, $0.x] }
    withOptional(cover?.values) {
      dp_canvas_veil(&pixels, Int64(height), Int64(width), colours, amount, $0)
    }
  }

  /// Adds light of a pattern, with a strength a row, on the scene or on what `cover` (of the whole scene) covers.
  package mutating func glow(
    _ light: NoisePlane, strength: [Float], colour: PaintColour, on cover: Cover? = nil
  ) {
    check(light)
    check(cover)
    precondition(strength.count == height, "\(strength.count) strengths for \(height) rows")
    withOptional(cover?.values) {
      dp_canvas_glow(
        &pixels, Int64(height), Int64(width), light.values, strength, $0, [colour.z, colour.y, colour.x])
    }
  }

  /// Softens everything, as a lens does.
  package mutating func blur(sigma: Double) {
    pixels = Raster(height: height, width: width, channels: 3, elements: pixels)
      .mapped(height: height, width: width) { dp_blur($0, $1, sigma, $2) }
  }

  /// Adds a sensor's noise: normally distributed numbers of a seed.
  package mutating func addNoise(seed: UInt64, deviation: Double) {
    pixels.change(height: height, width: width, channels: 3) { dp_add_noise($0, seed, deviation, $1) }
  }

  /// The mean colour of a window, cut to the scene.
  package func meanColour(x: Int, y: Int, side: Int) -> PaintColour {
    let columns = max(0, min(x, width - 1))..<max(1, min(x + side, width))
    let rows = max(0, min(y, height - 1))..<max(1, min(y + side, height))
    var sum = PaintColour()
    for row in rows {
      for column in columns {
        let at = 3 * (row * width + column)
        sum += PaintColour(pixels[at + 2], pixels[at + 1], pixels[at])
      }
    }
    return sum / Float(max(1, rows.count * columns.count))
  }

  /// The picture in bytes: `gain` · value + `offset`.
  package func image(gain: Float = 1, offset: Float = 0) -> Image {
    let bytes = [UInt8](unsafeUninitializedCapacity: pixels.count) { buffer, count in
      dp_canvas_bytes(pixels, Int64(pixels.count), gain, offset, buffer.baseAddress)
      count = pixels.count
    }
    return Image(height: height, width: width, pixels: bytes)
  }

  private func check(_ plane: NoisePlane) {
    precondition(
      plane.height == height && plane.width == width,
      "a pattern of \(plane.height) x \(plane.width) on a canvas of \(height) x \(width)")
  }

  private func check(_ cover: Cover?) {
    precondition(
      cover.map { $0.height == height && $0.width == width } ?? true,
      "a cover of \(cover?.height ?? 0) x \(cover?.width ?? 0) on a canvas of \(height) x \(width)")
  }
}

private func withOptional<Element>(_ array: [Element]?, _ body: (UnsafePointer<Element>?) -> Void) {
  guard let array else { return body(nil) }
  array.withUnsafeBufferPointer { body($0.baseAddress) }
}
