import Files

/// A picture's size without its pixels: what annotation files without sizes are read with.
public struct PictureExtent: Sendable, Equatable {
  /// As people and models see it: turned as EXIF says.
  public let size: ImageSize
  /// As the file stores it.
  public let storedSize: ImageSize
  /// EXIF's orientation, 1 ... 8; 1 means that nothing is turned.
  public let orientation: Int

  /// Looks at a file's first bytes, and at all of them only where these do not tell. Whether its pixels are whole is
  /// not looked at.
  ///
  /// - Throws: `ImagingError`, which names the file.
  public init(ofFile path: String) throws(ImagingError) {
    if let extent = Self.headed(path) {
      self = extent
      return
    }
    let bytes = try PictureFile.read(path)
    self.init(of: BytesReader(bytes), try ImageHeader(of: bytes, file: path))
  }

  private init(of reader: BytesReader, _ header: ImageHeader) {
    self.init(of: reader, header.format, ImageSize(height: header.height, width: header.width))
  }

  private init(of reader: BytesReader, _ format: ImageFormat, _ stored: ImageSize) {
    storedSize = stored
    orientation =
      switch format {
      case .jpeg: reader.orientationOfJPEG
      case .png: reader.chunkOfPNG("eXIf").map { BytesReader.orientation(ofEXIF: $0) } ?? 1
      case .bmp, .tiff, .webp: 1
      }
    // 5 to 8 lie on their side.
    size = orientation > 4 ? ImageSize(height: stored.width, width: stored.height) : stored
  }

  /// Of JPEG, whose headers come first; a PNG's EXIF may come last.
  private static func headed(_ path: String) -> PictureExtent? {
    guard let file = try? RegularFile(path),
      let bytes = try? file.read(0..<min(file.size, 1 << 17)),
      let format = try? ImageFormat(of: bytes, file: path), format == .jpeg
    else { return nil }
    let reader = BytesReader(bytes)
    guard let (height, width) = try? reader.sizeOfJPEG(), (1...ImageLimits.side).contains(height),
      (1...ImageLimits.side).contains(width), height * width <= ImageLimits.pixels
    else { return nil }
    return PictureExtent(of: reader, format, ImageSize(height: height, width: width))
  }
}
