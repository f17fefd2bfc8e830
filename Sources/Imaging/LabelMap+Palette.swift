import CLibPNG

extension LabelMap {
  /// The bytes of a PNG file whose numbers are the indices of a palette: who looks at it sees the classes' colours, who
  /// reads it the numbers. With numbers beyond 255 it has none, as `encodedPNG()`.
  ///
  /// - Throws: `ImagingError.cannotEncode` for a label outside 0 ... 65,535.
  public func encodedPNG(palette: Palette) throws(ImagingError) -> [UInt8] {
    let bytes = try encodedPNG()
    let highest = Int(pixels.max() ?? 0)
    // Signature, then the header chunk: length, name, 13 bytes whose 9th and 10th say bits and kind, sum.
    let (kind, end) = (25, 33)
    guard highest <= 255, bytes.count > end, bytes[kind - 1] == 8, bytes[kind] == 0 else { return bytes }
    var header = Array(bytes[12..<29])
    header[kind - 12] = 3
    var table = Array("PLTE".utf8)
    for label in 0...max(highest, min(255, palette.colours.count - 1)) {
      // Numbers of no class are black.
      let colour =
        palette.colours.indices.contains(label) ? palette.colours[label] : SIMD3<UInt8>(0, 0, 0)
      table += [colour.x, colour.y, colour.z]
    }
    return bytes[..<12] + header + Self.number(dp_png_sum(header, header.count))
      + Self.number(UInt32(table.count - 4)) + table + Self.number(dp_png_sum(table, table.count))
      + bytes[end...]
  }

  private static func number(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// Writes such a file: beside under a hidden name, then renamed.
  ///
  /// - Throws: `ImagingError` that names the file.
  public func writePNG(to path: String, palette: Palette) throws(ImagingError) {
    try PictureFile.write(
      try encoding(for: path) { () throws(ImagingError) in try encodedPNG(palette: palette) }, to: path)
  }
}
