import Imaging

/// A drawing of lines, boxes and words, in pixels from the upper left corner: it becomes SVG, or a picture.
struct Figure: Sendable {
  /// Where a text stands beside its point.
  enum Anchor: String, Sendable { case start, middle, end }

  /// One thing that is drawn.
  enum Mark: Sendable {
    /// A line through points, in a colour; of dashes where their lengths are given.
    case line([SIMD2<Double>], SIMD3<UInt8>, width: Double, dashes: [Double])
    /// A filled box: corner and extent.
    case box(SIMD2<Double>, SIMD2<Double>, SIMD3<UInt8>)
    /// A filled circle.
    case dot(SIMD2<Double>, radius: Double, SIMD3<UInt8>)
    /// Words on a ground of one colour; the point is on their base line.
    case text(String, SIMD2<Double>, size: Double, Anchor, SIMD3<UInt8>, ground: SIMD3<UInt8>)
  }

  /// In pixels.
  let width, height: Int
  /// What it shows, in a few words.
  let title: String
  /// What it says, for those who do not see it.
  let summary: String
  /// What is drawn, the lowest first.
  private(set) var marks: [Mark] = []

  /// An empty white sheet.
  init(width: Int, height: Int, title: String, summary: String) {
    (self.width, self.height, self.title, self.summary) = (width, height, title, summary)
  }

  /// A line; points that are no numbers have to be left out before.
  mutating func line(
    _ points: [SIMD2<Double>], _ colour: SIMD3<UInt8>, width: Double = 1, dashes: [Double] = []
  ) {
    marks.append(.line(points, colour, width: width, dashes: dashes))
  }

  /// A filled box.
  mutating func box(x: Double, y: Double, width: Double, height: Double, _ colour: SIMD3<UInt8>) {
    marks.append(.box(SIMD2(x, y), SIMD2(width, height), colour))
  }

  /// A filled circle.
  mutating func dot(_ point: SIMD2<Double>, radius: Double, _ colour: SIMD3<UInt8>) {
    marks.append(.dot(point, radius: radius, colour))
  }

  /// Words.
  mutating func text(
    _ text: String, x: Double, y: Double, size: Double = 12, anchor: Anchor = .start,
    _ colour: SIMD3<UInt8> = Ink.black, ground: SIMD3<UInt8> = Ink.white
  ) {
    marks.append(.text(text, SIMD2(x, y), size: size, anchor, colour, ground: ground))
  }
}

/// The colours of figures.
enum Ink {
  static let black = SIMD3<UInt8>(0, 0, 0)
  static let grey = SIMD3<UInt8>(96, 96, 96)
  static let pale = SIMD3<UInt8>(221, 221, 221)
  static let white = SIMD3<UInt8>(255, 255, 255)

  /// Colours that everybody can tell apart, those that stand out on white (Okabe and Ito, "Color Universal Design", 2008;
  /// without its yellow).
  static let curves: [SIMD3<UInt8>] = [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000]
    .map { Palette.colour(hex: $0) }

  /// Where the colours begin again, dashes tell the lines apart.
  static let dashes: [[Double]] = [[], [6, 3], [2, 2], [8, 3, 2, 3]]

  /// From white to the first colour of curves, by a share in 0 ... 1.
  static func shade(_ share: Double) -> SIMD3<UInt8> {
    let full = curves[0]
    return SIMD3(
      (0..<3).map { UInt8((255 + (Double(full[$0]) - 255) * min(1, max(0, share))).rounded()) })
  }
}
