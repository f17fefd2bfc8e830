import CLibPNG
import Foundation

/// What a picture file says before it is decoded: its size, and whether it is whole.
struct ImageHeader {
  let format: ImageFormat
  /// As stored: EXIF may turn the picture afterwards.
  let height, width: Int

  /// Looks at the header and at the file's structure.
  ///
  /// OpenCV gives a picture, not an error, for a JPEG cut to a tenth of its bytes: grey rests would be trained on.
  init(of bytes: [UInt8], file: String) throws(ImagingError) {
    format = try ImageFormat(of: bytes, file: file)
    let reader = BytesReader(bytes)
    do {
      (height, width) =
        switch format {
        case .jpeg: try reader.sizeOfJPEG()
        case .png: try reader.sizeOfPNG()
        case .bmp: try reader.sizeOfBMP()
        case .tiff: try reader.sizeOfTIFF()
        case .webp: try reader.sizeOfWebP()
        }
    } catch {
      throw error.error(file: file)
    }
    guard height > 0, width > 0 else {
      throw .damaged(file: file, reason: "its header says \(width) x \(height) pixels")
    }
    guard height <= ImageLimits.side, width <= ImageLimits.side, height * width <= ImageLimits.pixels else {
      throw .tooLarge(file: file, height: height, width: width)
    }
    // After the size: a small file may promise a gigantic picture, and is refused at once.
    let damage: DamagedPicture? =
      switch format {
      case .jpeg: reader.damageOfJPEG()
      case .png: reader.damageOfPNG()
      default: nil
      }
    if let damage { throw damage.error(file: file) }
  }
}

/// Why a structure could not be read; the caller knows the file.
struct DamagedPicture: Error {
  let reason: String
  /// Whether the file ends too early.
  var isTruncated = false

  func error(file: String) -> ImagingError {
    isTruncated ? .truncated(file: file, reason: reason) : .damaged(file: file, reason: reason)
  }
}

/// Numbers at places of a file, every place checked.
struct BytesReader {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func number(_ count: Int, at offset: Int, bigEndian: Bool) throws(DamagedPicture) -> Int {
    guard offset >= 0, count <= bytes.count, offset <= bytes.count - count else {
      throw DamagedPicture(reason: "it ends after \(bytes.count) bytes, within its header", isTruncated: true)
    }
    let part = bytes[offset..<offset + count]
    return bigEndian
      ? part.reduce(0) { $0 << 8 | Int($1) } : part.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  func sizeOfPNG() throws(DamagedPicture) -> (height: Int, width: Int) {
    guard bytes.dropFirst(12).starts(with: "IHDR".utf8) else {
      throw DamagedPicture(reason: "a PNG file begins with its header chunk; this one does not")
    }
    return (
      try number(4, at: 20, bigEndian: true), try number(4, at: 16, bigEndian: true)
    )
  }

  func damageOfPNG() -> DamagedPicture? {
    let failure = failure(of: { text, capacity in
      bytes.withUnsafeBufferPointer { dp_png_verify($0.baseAddress, $0.count, text, capacity) }
    })
    return failure.map { DamagedPicture(reason: $0.reason, isTruncated: $0.code == 2) }
  }

  func sizeOfBMP() throws(DamagedPicture) -> (height: Int, width: Int) {
    let header = try number(4, at: 14, bigEndian: false)
    if header == 12 {
      return (try number(2, at: 20, bigEndian: false), try number(2, at: 18, bigEndian: false))
    }
    // A negative height: the rows go down.
    let height = Int(Int32(truncatingIfNeeded: try number(4, at: 22, bigEndian: false)).magnitude)
    let width = Int(Int32(truncatingIfNeeded: try number(4, at: 18, bigEndian: false)))
    let bits = try number(2, at: 28, bigEndian: false)
    let compression = try number(4, at: 30, bigEndian: false)
    let start = try number(4, at: 10, bigEndian: false)
    if compression == 0, width > 0, width <= ImageLimits.side, height <= ImageLimits.side {
      let needed = start + (width * bits + 31) / 32 * 4 * height
      guard needed <= bytes.count else {
        throw DamagedPicture(
          reason: "it has \(bytes.count) bytes, its pixels need \(needed)", isTruncated: true)
      }
    }
    return (height, width)
  }

  func sizeOfTIFF() throws(DamagedPicture) -> (height: Int, width: Int) {
    let values = try directory(bigEndian: bytes[0] == 0x4d).values
    return (values[257] ?? 0, values[256] ?? 0)
  }

  func sizeOfWebP() throws(DamagedPicture) -> (height: Int, width: Int) {
    let promised = try number(4, at: 4, bigEndian: false) + 8
    guard promised <= bytes.count else {
      throw DamagedPicture(reason: "it has \(bytes.count) of its \(promised) bytes", isTruncated: true)
    }
    switch String(decoding: bytes.dropFirst(12).prefix(4), as: UTF8.self) {
    case "VP8X":
      return (
        try number(3, at: 27, bigEndian: false) + 1, try number(3, at: 24, bigEndian: false) + 1
      )
    case "VP8L":
      let packed = try number(4, at: 21, bigEndian: false)
      return (packed >> 14 & 0x3fff + 1, packed & 0x3fff + 1)
    case "VP8 ":
      return (
        try number(2, at: 28, bigEndian: false) & 0x3fff, try number(2, at: 26, bigEndian: false) & 0x3fff
      )
    default: throw DamagedPicture(reason: "its first chunk is not one of WebP's")
    }
  }
}

/// Runs a bridge's function; its reason if it failed.
func bridged(_ call: (_ text: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int32) -> String? {
  failure(of: call)?.reason
}

/// Runs a bridge's function; its status and its reason if it failed.
func failure(
  of call: (_ text: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int32
) -> (code: Int32, reason: String)? {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
    text.initialize(repeating: 0)
    let code = call(text.baseAddress, text.count)
    guard code != 0, let start = text.baseAddress else { return nil }
    return (code, String(cString: start))
  }
}
