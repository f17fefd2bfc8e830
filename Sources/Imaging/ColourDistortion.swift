import COpenCV

/// Changes of colour, exact in 8 bits.
extension Image {
  /// Hue 0 ..< 180, saturation and value 0 ... 255 in place of blue, green, red (OpenCV's 8-bit `BGR2HSV`).
  public func convertedToHSV() -> Image { converted(toHSV: true) }

  /// Blue, green, red in place of hue, saturation and value (OpenCV's 8-bit `HSV2BGR`).
  public func convertedFromHSV() -> Image { converted(toHSV: false) }

  private func converted(toHSV: Bool) -> Image {
    precondition(channels == 3, "\(channels) channels; colours have 3")
    let raster = Raster(height: height, width: width, channels: 3, elements: pixels)
    return Image(
      height: height, width: width, channels: 3,
      pixels: raster.mapped(height: height, width: width) { dp_convert_hsv($0, $1, toHSV ? 1 : 0, $2) })
  }
}
