import Foundation

/// Letters of one size, drawn from outlines: Latin, Greek and Cyrillic; a box stands for what has no outline.
public struct Lettering: Sendable {
  /// Pixels from line to line, without the gap between them.
  public let height: Int
  /// Pixels from the top to the line that the letters stand on.
  public let baseline: Int
  private let scale: Float
  private let font: OutlineFont?
  /// Covers that were drawn already.
  private var covers: [Int: GlyphCover] = [:]

  /// Letters of so many pixels an em, which is a little more than a capital and what hangs below the line.
  ///
  /// - Parameter size: Is brought into 4 ... 1000.
  public init(size: Double) {
    let size = Float(size.isNaN ? 4 : max(4, min(size, 1000)))
    font = .usual
    scale = size / (font?.unitsPerEm ?? 1)
    // Capitals with accents stand between the lines.
    baseline = Int(((font?.ascent ?? 0) * scale * 0.97).rounded())
    height = baseline + Int(((font?.descent ?? 0) * scale).rounded(.up))
  }

  /// Letters with their accents as one, where there is one; line ends and the like are blanks.
  private func glyphs(of text: String) -> [Int] {
    text.precomposed.unicodeScalars.compactMap { letter in
      // Marks that join with their neighbours have no width; what the font lacks is its glyph 0, a box.
      if letter.properties.isDefaultIgnorableCodePoint { return nil }
      return font?.glyph(of: letter.value < 32 ? " " : letter) ?? 0
    }
  }

  private func advance(of glyph: Int) -> Int {
    Int(((font?.advance(of: glyph) ?? 0) * scale).rounded())
  }

  /// How wide a line of text is, in pixels.
  public func width(of text: String) -> Int { glyphs(of: text).reduce(0) { $0 + advance(of: $1) } }

  /// A line's beginning that fits in so many pixels; `…` stands for what is left out.
  public func shortened(_ text: String, toFit width: Int) -> String {
    guard self.width(of: text) > width else { return text }
    var rest = text
    while !rest.isEmpty {
      rest.removeLast()
      if self.width(of: rest + "…") <= width { return rest + "…" }
    }
    return ""
  }

  /// Writes a line whose upper left corner is given, as far as it lies within the image, which has three channels. The
  /// colour is red, green, blue.
  public mutating func draw(_ text: String, on image: inout Image, left: Int, top: Int, colour: SIMD3<UInt8>)
  {
    precondition(image.channels == 3, "drawing wants 3 channels, not \(image.channels)")
    var start = left
    let ink = [Int(colour.z), Int(colour.y), Int(colour.x)]
    let (rows, columns) = (image.height, image.width)
    for glyph in glyphs(of: text) {
      let cover = cover(of: glyph)
      let (x, y) = (start + cover.left, top + baseline + cover.top)
      start += advance(of: glyph)
      let (first, last) = (max(0, -x), min(cover.width, columns - x))
      guard first < last else { continue }
      image.pixels.withUnsafeMutableBufferPointer { pixels in
        for row in max(0, -y)..<max(0, -y, min(cover.height, rows - y)) {
          for column in first..<last {
            let share = Int(cover.pixels[row * cover.width + column])
            guard share > 0 else { continue }
            let place = ((y + row) * columns + x + column) * 3
            for channel in 0..<3 {
              let below = Int(pixels[place + channel])
              pixels[place + channel] = UInt8((below * (255 - share) + ink[channel] * share + 127) / 255)
            }
          }
        }
      }
    }
  }

  private mutating func cover(of glyph: Int) -> GlyphCover {
    if let cover = covers[glyph] { return cover }
    let cover = GlyphCover(font?.outline(of: glyph) ?? [], scale: scale)
    covers[glyph] = cover
    return cover
  }
}

extension String {
  /// With accents in their letters, where Unicode has such a letter.
  fileprivate var precomposed: String {
    unicodeScalars.allSatisfy { $0.value < 0x300 } ? self : precomposedStringWithCanonicalMapping
  }
}
