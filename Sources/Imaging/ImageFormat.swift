import CLibPNG
import Foundation

/// The formats that are read, told apart by the first bytes and never by the name.
enum ImageFormat: String {
  case jpeg = "JPEG"
  case png = "PNG"
  case bmp = "BMP"
  case tiff = "TIFF"
  case webp = "WebP"

  /// The format of a file.
  ///
  /// - Throws: `ImagingError.notRead` that says what the contents are.
  init(of bytes: [UInt8], file: String) throws(ImagingError) {
    if bytes.starts(with: [0xff, 0xd8, 0xff]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) {
      self = .png
    } else if bytes.starts(with: "BM".utf8), bytes.count >= 26 {
      self = .bmp
    } else if bytes.starts(with: [0x49, 0x49, 42, 0]) || bytes.starts(with: [0x4d, 0x4d, 0, 42]) {
      self = .tiff
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      guard !(bytes.dropFirst(12).starts(with: "VP8X".utf8) && bytes.count > 20 && bytes[20] & 2 != 0) else {
        throw .notRead(file: file, found: "an animated WebP picture")
      }
      self = .webp
    } else {
      throw .notRead(file: file, found: Self.description(of: bytes))
    }
  }

  /// What a file is that is not read.
  private static func description(of bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "an empty file" }
    let known: [(offset: Int, magic: [UInt8], name: String)] = [
      (0, Array("GIF8".utf8), "a GIF picture"),
      (4, Array("ftypavi".utf8), "an AVIF picture"),
      (4, Array("ftyp".utf8), "a HEIC picture or a film"),
      (128, Array("DICM".utf8), "a DICOM picture"),
      (0, Array("%PDF".utf8), "a PDF document"),
      (0, [0x76, 0x2f, 0x31, 0x01], "an OpenEXR picture"),
      (4, Array("jP  ".utf8), "a JPEG 2000 picture"),
      (0, Array("PK".utf8), "a ZIP archive"),
      (0, [0x1f, 0x8b], "a gzip archive"),
      (0, Array("II".utf8) + [43, 0], "a BigTIFF picture"),
      (0, Array("MM".utf8) + [0, 43], "a BigTIFF picture"),
      (0, Array("version https://git-lfs".utf8), "a Git LFS pointer (the file itself was not downloaded)"),
    ]
    for (offset, magic, name) in known where bytes.dropFirst(offset).starts(with: magic) { return name }
    let head = bytes.prefix(512)
    guard let text = String(validating: head, as: UTF8.self), !head.contains(0) else {
      return "an unknown format"
    }
    let start = text.drop(while: \.isWhitespace).prefix(14).lowercased()
    if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
      return "an HTML page (a failed download?)"
    }
    return "a text file"
  }
}
