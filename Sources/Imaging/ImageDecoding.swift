import CLibJPEG
import CLibPNG
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

  /// The same, looking at every code of a JPEG, and what the decoder is in doubt about: pixels may be wrong then.
  public static func decodeThoroughly(file path: String) throws(ImagingError) -> (
    image: Image, doubt: String?
  ) {
    let (image, warning) = try PictureDecoder(try PictureFile.read(path), file: path).image(isThorough: true)
    return (image, warning.map { ImageInspection.Warning.doubtfulData($0).description })
  }

  /// Decodes the bytes of a picture file; `file` is the name in errors.
  public static func decode(_ bytes: [UInt8], file: String) throws(ImagingError) -> Image {
    try PictureDecoder(bytes, file: file).image().image
  }

  /// The size of a picture by its header alone, before EXIF turns it.
  public static func size(ofFile path: String) throws(ImagingError) -> ImageSize {
    let header = try ImageHeader(of: try PictureFile.read(path), file: path)
    return ImageSize(height: header.height, width: header.width)
  }
}

/// Decodes a file whose header and structure are right.
///
/// JPEG and PNG have bridges of their own: OpenCV gives a picture for broken coded data, and lets the libraries write
/// to the terminal.
struct PictureDecoder {
  let header: ImageHeader
  let reader: BytesReader
  private let bytes: [UInt8]
  private let file: String

  init(_ bytes: [UInt8], file: String) throws(ImagingError) {
    header = try ImageHeader(of: bytes, file: file)
    reader = BytesReader(bytes)
    (self.bytes, self.file) = (bytes, file)
  }

  /// The picture, turned as EXIF says, and what the decoder warns of.
  ///
  /// - Parameter isThorough: Whether every code of a JPEG is looked at, which takes longer.
  func image(isThorough: Bool = false) throws(ImagingError) -> (image: Image, warning: String?) {
    switch header.format {
    case .jpeg:
      var warnings: Int32 = 0
      var warning = ""
      let image = try filled { pixels, text, capacity in
        let status = dp_jpeg_decode(
          bytes, bytes.count, Int32(header.height), Int32(header.width), isThorough ? 1 : 0, pixels,
          &warnings,
          text, capacity)
        if warnings > 0, let text { warning = String(cString: text) }
        return status
      }
      return (image.turned(orientation: reader.orientationOfJPEG), warnings > 0 ? warning : nil)
    case .png:
      let image = try filled { pixels, text, capacity in
        dp_png_read_colours(bytes, bytes.count, pixels, text, capacity)
      }
      let orientation = reader.chunkOfPNG("eXIf").map { BytesReader.orientation(ofEXIF: $0) }
      return (image.turned(orientation: orientation ?? 1), nil)
    case .bmp, .tiff, .webp: return (try byOpenCV(), nil)
    }
  }

  /// A picture of the header's size whose pixels a bridge fills in.
  private func filled(
    _ call: (_ pixels: UnsafeMutablePointer<UInt8>?, _ text: UnsafeMutablePointer<CChar>?, _ capacity: Int) ->
      Int32
  ) throws(ImagingError) -> Image {
    let count = header.height * header.width * 3
    var reason: String?
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      reason = bridged { text, capacity in call(target.baseAddress, text, capacity) }
      initialized = reason == nil ? count : 0
    }
    if let reason { throw .damaged(file: file, reason: reason) }
    return Image(height: header.height, width: header.width, pixels: pixels)
  }

  private func byOpenCV() throws(ImagingError) -> Image {
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
}
