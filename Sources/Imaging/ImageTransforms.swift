import COpenCV

extension Image {
  private var raster: Raster<UInt8> {
    Raster(height: height, width: width, channels: channels, elements: pixels)
  }

  private func with(height: Int, width: Int, _ pixels: [UInt8]) -> Image {
    Image(height: height, width: width, channels: channels, pixels: pixels)
  }

  /// Resampled to another size, as `cv2.resize` does it.
  public func resized(height: Int, width: Int, interpolation: Interpolation = .bilinear) -> Image {
    with(
      height: height, width: width,
      raster.resized(height: height, width: width, interpolation: interpolation))
  }

  /// The window whose upper left corner is (top, left); it has to lie within the image.
  public func cropped(top: Int, left: Int, height: Int, width: Int) -> Image {
    with(height: height, width: width, raster.cropped(top: top, left: left, height: height, width: width))
  }

  /// Left and right exchanged.
  public func flippedHorizontally() -> Image {
    with(height: height, width: width, raster.flippedHorizontally())
  }

  /// Turned and mirrored as EXIF's orientation 1 ... 8 says.
  func turned(orientation: Int) -> Image {
    guard (2...8).contains(orientation) else { return self }
    let (height, width) = orientation >= 5 ? (width, height) : (height, width)
    return with(
      height: height, width: width,
      raster.mapped(height: height, width: width) { dp_turn($0, $1, Int32(orientation), $2) })
  }

  /// Blue and red exchanged: BGR becomes RGB and back. A grey image stays as it is.
  public func swappedRedAndBlue() -> Image {
    guard channels == 3 else { return self }
    return with(
      height: height, width: width,
      raster.mapped(height: height, width: width) { dp_swap_red_and_blue($0, $1, $2) })
  }

  /// Grown to the right and below, to a height and width in pixels. `value`, one number a channel, counts for constant
  /// padding.
  public func padded(height: Int, width: Int, value: [UInt8], mode: PaddingMode = .constant) -> Image {
    with(
      height: height, width: width,
      raster.padded(height: height, width: width, mode: mode, value: value.map { Double($0) }))
  }

  /// Grown to the right and below with one number in all channels.
  public func padded(height: Int, width: Int, value: UInt8 = 0) -> Image {
    padded(height: height, width: width, value: [UInt8](repeating: value, count: channels))
  }

  /// The bytes of a PNG file.
  public func encodedPNG() throws(ImagingError) -> [UInt8] { try raster.encodedPNG() }

  /// Writes a PNG file: beside under a hidden name, then renamed.
  public func writePNG(to path: String) throws(ImagingError) {
    try PictureFile.write(
      try encoding(for: path) { () throws(ImagingError) in try encodedPNG() }, to: path)
  }

  /// The bytes of a JPEG file of a quality of 0 ... 100.
  public func encodedJPEG(quality: Int = 95) throws(ImagingError) -> [UInt8] {
    try raster.encodedJPEG(quality: quality)
  }

  /// Writes a JPEG file of a quality of 0 ... 100: beside under a hidden name, then renamed.
  public func writeJPEG(to path: String, quality: Int = 95) throws(ImagingError) {
    try PictureFile.write(
      try encoding(for: path) { () throws(ImagingError) in try raster.encodedJPEG(quality: quality) },
      to: path)
  }
}

/// What pictures are made with.
public enum ImagingLibrary {
  /// The version of OpenCV: the same drawing differs in single bits from one version to another.
  public static var version: String { String(cString: dp_opencv_version()) }
}

/// A failure of encoding, told with the file that was to be written.
func encoding(
  for path: String, _ encode: () throws(ImagingError) -> [UInt8]
) throws(ImagingError) -> [UInt8] {
  do { return try encode() } catch {
    guard case .cannotEncode = error else { throw error }
    throw .cannotWrite(file: path, reason: error.description)
  }
}
