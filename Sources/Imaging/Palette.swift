/// Colours (red, green, blue) for class numbers.
public struct Palette: Sendable, Equatable {
  /// One colour a class.
  public var colours: [SIMD3<UInt8>]

  /// A palette of given colours.
  public init(_ colours: [SIMD3<UInt8>]) { self.colours = colours }

  /// So many colours that are easy to tell apart: hues a golden ratio apart, brightness in three steps.
  public static func distinct(_ count: Int) -> Palette {
    Palette(
      (0..<count).map { index in
        let hue = (Float(index) * 0.618_034).truncatingRemainder(dividingBy: 1)
        return colour(
          hue: hue, saturation: index % 2 == 0 ? 0.85 : 0.6, value: [1, 0.8, 0.65][index / 2 % 3])
      })
  }

  /// The colour that is written 0xRRGGBB.
  public static func colour(hex: UInt32) -> SIMD3<UInt8> {
    SIMD3(
      UInt8(truncatingIfNeeded: hex >> 16), UInt8(truncatingIfNeeded: hex >> 8),
      UInt8(truncatingIfNeeded: hex))
  }

  /// The colour of a class; numbers beyond the end start again.
  public subscript(label: Int) -> SIMD3<UInt8> {
    guard !colours.isEmpty, label >= 0 else { return SIMD3(255, 255, 255) }
    return colours[label % colours.count]
  }

  /// Red, green, blue of a hue in 0 ..< 1 (Smith, "Color Gamut Transform Pairs", 1978).
  private static func colour(hue: Float, saturation: Float, value: Float) -> SIMD3<UInt8> {
    func channel(_ n: Float) -> UInt8 {
      let k = (n + hue * 6).truncatingRemainder(dividingBy: 6)
      return UInt8((value - value * saturation * max(0, min(k, 4 - k, 1))) * 255)
    }
    return SIMD3(channel(5), channel(3), channel(1))
  }
}
