/// A class number for each pixel, as the file stores it.
public struct LabelMap: Sendable, Equatable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// `[H, W]`, row-major. Files hold 0 ... 65,535.
  public var pixels: [Int32] {
    didSet {
      precondition(
        pixels.count == height * width,
        "\(height) x \(width) need \(height * width) labels, not \(pixels.count)")
    }
  }

  /// A label map over its numbers, `[H, W]`.
  public init(height: Int, width: Int, pixels: [Int32]) {
    precondition(
      pixels.count == height * width,
      "\(height) x \(width) need \(height * width) labels, not \(pixels.count)")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// Height and width.
  public var size: ImageSize { ImageSize(height: height, width: width) }

  private var raster: Raster<Int32> { Raster(height: height, width: width, channels: 1, elements: pixels) }

  /// Resampled to another size; each label is that of the pixel at floor(i · in / out).
  public func resizedNearest(height: Int, width: Int) -> LabelMap {
    LabelMap(
      height: height, width: width,
      pixels: raster.resized(height: height, width: width, interpolation: .nearest))
  }

  /// The window whose upper left corner is (top, left); it has to lie within the map.
  public func cropped(top: Int, left: Int, height: Int, width: Int) -> LabelMap {
    LabelMap(
      height: height, width: width, pixels: raster.cropped(top: top, left: left, height: height, width: width)
    )
  }

  /// Left and right exchanged.
  public func flippedHorizontally() -> LabelMap {
    LabelMap(height: height, width: width, pixels: raster.flippedHorizontally())
  }

  /// Grown to the right and below.
  public func padded(height: Int, width: Int, value: Int32, mode: PaddingMode = .constant) -> LabelMap {
    LabelMap(
      height: height, width: width,
      pixels: raster.padded(height: height, width: width, mode: mode, value: [Double(value)]))
  }

  /// The bytes of a PNG file of one channel: 8 bits where they suffice, else 16.
  ///
  /// - Throws: `ImagingError.cannotEncode` for a label outside 0 ... 65,535.
  public func encodedPNG() throws(ImagingError) -> [UInt8] {
    let highest = pixels.max() ?? 0
    let lowest = pixels.min() ?? 0
    guard lowest >= 0, highest <= Int32(UInt16.max) else {
      throw .cannotEncode(
        height: height, width: width,
        reason: "a label map holds 0 ... 65535, this one also \(lowest < 0 ? lowest : highest)")
    }
    return highest <= Int32(UInt8.max)
      ? try Raster(height: height, width: width, channels: 1, elements: pixels.map { UInt8($0) }).encodedPNG()
      : try Raster(height: height, width: width, channels: 1, elements: pixels.map { UInt16($0) })
        .encodedPNG()
  }

  /// Writes a PNG file: beside under a hidden name, then renamed.
  public func writePNG(to path: String) throws(ImagingError) {
    try PictureFile.write(
      try encoding(for: path) { () throws(ImagingError) in try encodedPNG() }, to: path)
  }
}
