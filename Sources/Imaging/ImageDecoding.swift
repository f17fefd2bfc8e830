import COpenCV

extension Image {
  /// Reads a photograph: three channels blue, green, red, turned as EXIF says (mm's `LoadImageFromFile`).
  ///
  /// JPEG, PNG, BMP, TIFF and WebP are told apart by their first bytes. A grey image is repeated, an alpha channel
  /// dropped, a palette looked up, 16 bits become 8.
  ///
  /// - Throws: `ImagingError`, which names the file: it is missing, of another format, too large by its header, cut
  ///   short or broken.
  public static func decode(file path: String) throws(ImagingError) -> Image {
    try decode(try PictureFile.read(path), file: path)
  }

  /// Decodes the bytes of a picture file; `file` is the name in errors.
  public static func decode(_ bytes: [UInt8], file: String) throws(ImagingError) -> Image {
    _ = try ImageHeader(of: bytes, file: file)
    var owned: OpaquePointer?
    let failure = bytes.withUnsafeBufferPointer { buffer in
      bridged { text, capacity in
        dp_decode(buffer.baseAddress, buffer.count, &owned, dp_message(text: text, capacity: capacity))
      }
    }
    guard let owned, failure == nil else { throw .damaged(file: file, reason: failure ?? "unknown") }
    defer { dp_owned_free(owned) }
    return Image(
      height: Int(dp_owned_height(owned)), width: Int(dp_owned_width(owned)),
      pixels: Array(UnsafeBufferPointer(start: dp_owned_bytes(owned), count: dp_owned_count(owned))))
  }

  /// The size of a picture by its header alone, before EXIF turns it.
  public static func size(ofFile path: String) throws(ImagingError) -> ImageSize {
    let header = try ImageHeader(of: try PictureFile.read(path), file: path)
    return ImageSize(height: header.height, width: header.width)
  }
}
