/// What a picture file holds, found out by reading all of it.
public struct ImageInspection: Sendable, Equatable {
  /// Something that does not stop the picture from being read.
  public enum Warning: Sendable, Equatable {
    /// An animation or a file of several pages: only the first picture is read.
    case severalPictures
    /// The decoder is in doubt about the coded data: pixels may be wrong.
    case doubtfulData(String)
  }

  /// As it is read: EXIF has turned it.
  public let size: ImageSize
  /// What is odd about the file.
  public let warnings: [Warning]

  /// A picture's size as it is read, and what is odd about its file.
  public init(size: ImageSize, warnings: [Warning]) {
    self.size = size
    self.warnings = warnings
  }
}

extension ImageInspection.Warning: CustomStringConvertible {
  /// What is odd, and what to do.
  public var description: String {
    switch self {
    case .severalPictures:
      "an animation or a file of several pages: only the first picture is read; store each in a file of its own"
    case .doubtfulData(let reason): "the pixels may be wrong: \(reason)"
    }
  }
}

extension Image {
  /// Reads a photograph as carefully as can be, slower than `decode(file:)`, and says what is odd about it.
  ///
  /// - Throws: `ImagingError`, as `decode(file:)` does, and for broken codes that it passes over.
  public static func inspect(file path: String) throws(ImagingError) -> ImageInspection {
    let decoder = try PictureDecoder(try PictureFile.read(path), file: path)
    let (image, warning) = try decoder.image(isThorough: true)
    var warnings: [ImageInspection.Warning] = warning.map { [.doubtfulData($0)] } ?? []
    if decoder.holdsSeveralPictures { warnings.append(.severalPictures) }
    return ImageInspection(size: image.size, warnings: warnings)
  }
}

extension PictureDecoder {
  /// Whether the file is an animated PNG or a TIFF of several pages.
  var holdsSeveralPictures: Bool {
    switch header.format {
    case .png:
      guard let control = reader.chunkOfPNG("acTL"), control.count >= 4 else { return false }
      return control.prefix(4).reduce(0) { $0 << 8 | Int($1) } > 1
    case .tiff: return ((try? reader.directory(bigEndian: reader.bytes[0] == 0x4d).next) ?? 0) > 0
    case .jpeg, .bmp, .webp: return false
    }
  }
}
