import Imaging

/// Numbers in 0 ... 1 as colours: from black over violet, red and orange to a pale yellow, the brighter the more.
enum HeatMap {
  /// Red, green, blue at even steps from 0 to 1; brightness rises all the way, so that it can be read without colours.
  private static let stops: [SIMD3<Double>] = [
    SIMD3(0, 0, 4), SIMD3(60, 15, 110), SIMD3(145, 38, 104), SIMD3(221, 81, 58), SIMD3(252, 165, 10),
    SIMD3(252, 255, 164),
  ]

  /// The colour of a number.
  static func colour(_ value: Double) -> SIMD3<UInt8> {
    let place = (value.isFinite ? min(1, max(0, value)) : 0) * Double(stops.count - 1)
    let step = min(stops.count - 2, Int(place))
    let mixed = stops[step] + (stops[step + 1] - stops[step]) * (place - Double(step))
    return SIMD3(UInt8(mixed.x.rounded()), UInt8(mixed.y.rounded()), UInt8(mixed.z.rounded()))
  }

  /// A picture of `height` rows of `width` numbers.
  static func image(_ values: [Double], height: Int, width: Int) -> Image {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(values.count * 3)
    for value in values {
      let colour = colour(value)
      pixels += [colour.z, colour.y, colour.x]
    }
    return Image(height: height, width: width, pixels: pixels)
  }
}

extension Image {
  /// The picture with its pixels made larger by a whole number, where its longer side is below so many pixels.
  func enlarged(to side: Int) -> Image {
    let times = side / max(1, max(height, width))
    guard times > 1 else { return self }
    return resized(height: height * times, width: width * times, interpolation: .nearest)
  }
}
