import Foundation

/// A colour by what people see of it: OKLCH (Ottosson, "A perceptual color space for image processing", 2020).
struct PerceptualColour: Sendable {
  /// 0 black ... 1 white.
  var lightness: Double
  /// 0 grey ... about 0.3.
  var chroma: Double
  /// In turns, 0 ..< 1.
  var hue: Double

  /// A colour of these three.
  init(lightness: Double, chroma: Double, hue: Double) {
    (self.lightness, self.chroma, self.hue) = (lightness, chroma, hue)
  }

  /// The colour of red, green, blue.
  init(_ colour: SIMD3<UInt8>) {
    func linear(_ value: UInt8) -> Double {
      let share = Double(value) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    let (r, g, b) = (linear(colour.x), linear(colour.y), linear(colour.z))
    let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s
    let a = 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s
    let other = 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s
    chroma = (a * a + other * other).squareRoot()
    let turn = atan2(other, a) / (2 * .pi)
    hue = turn < 0 ? turn + 1 : turn
  }

  /// Its place among colours: distances are about what people see.
  var place: SIMD3<Double> {
    SIMD3(lightness, chroma * cos(2 * .pi * hue), chroma * sin(2 * .pi * hue))
  }

  /// Red, green, blue; as much less colourful as screens need.
  var screen: SIMD3<UInt8> {
    var chroma = chroma
    while chroma > 0.004 {
      if let colour = screen(chroma: chroma) { return colour }
      chroma *= 0.96
    }
    return screen(chroma: 0) ?? SIMD3(repeating: lightness < 0.5 ? 0 : 255)
  }

  private func screen(chroma: Double) -> SIMD3<UInt8>? {
    let (a, b) = (chroma * cos(2 * .pi * hue), chroma * sin(2 * .pi * hue))
    func cube(_ value: Double) -> Double { value * value * value }
    let l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b)
    let m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b)
    let s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b)
    let linear = [
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    ]
    guard linear.allSatisfy({ (-0.002...1.002).contains($0) }) else { return nil }
    let bytes = linear.map { value -> UInt8 in
      let value = max(0, min(1, value))
      let share = value <= 0.0031308 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
      return UInt8(max(0, min(255, (255 * share).rounded())))
    }
    return SIMD3(bytes[0], bytes[1], bytes[2])
  }
}
