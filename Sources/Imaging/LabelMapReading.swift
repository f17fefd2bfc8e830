import CLibPNG

extension LabelMap {
  /// Reads the stored numbers of a PNG of one channel: 1, 2, 4, 8 or 16 bits, or the indices of a palette.
  ///
  /// - Throws: `ImagingError`, which names the file: it is missing, no PNG, of colours, too large, cut short or broken.
  public static func read(file path: String) throws(ImagingError) -> LabelMap {
    try read(try PictureFile.read(path), file: path)
  }

  /// Reads the bytes of a label map; `file` is the name in errors.
  public static func read(_ bytes: [UInt8], file: String) throws(ImagingError) -> LabelMap {
    let picture: ImageHeader
    do { picture = try ImageHeader(of: bytes, file: file) } catch {
      // Other formats than PNG are read as pictures only.
      if case .notRead(_, let found) = error { throw .noLabelMap(file: file, found: found) }
      throw error
    }
    guard picture.format == .png else {
      throw try colours(of: bytes, file: file, kind: "a \(picture.format.rawValue) picture")
    }
    var header = dp_png_header()
    try check(file) { text, capacity in
      bytes.withUnsafeBufferPointer { dp_png_read_header($0.baseAddress, $0.count, &header, text, capacity) }
    }
    guard header.channels == 1 else {
      let kinds = [
        2: "a PNG of grey and alpha", 3: "a PNG of red, green and blue", 4: "a PNG of colours and alpha",
      ]
      throw try colours(
        of: bytes, file: file, kind: kinds[Int(header.channels)] ?? "a PNG of several channels")
    }
    let count = picture.height * picture.width
    var failure: String?
    let pixels = [Int32](unsafeUninitializedCapacity: count) { target, initialized in
      failure = bridged { text, capacity in
        bytes.withUnsafeBufferPointer {
          dp_png_read_numbers($0.baseAddress, $0.count, target.baseAddress, text, capacity)
        }
      }
      initialized = failure == nil ? count : 0
    }
    if let failure { throw .damaged(file: file, reason: failure) }
    return LabelMap(height: picture.height, width: picture.width, pixels: pixels)
  }

  private static func check(
    _ file: String, _ call: (UnsafeMutablePointer<CChar>?, Int) -> Int32
  ) throws(ImagingError) {
    if let reason = bridged(call) { throw .damaged(file: file, reason: reason) }
  }

  /// The error for a picture of colours; it counts them.
  private static func colours(of bytes: [UInt8], file: String, kind: String) throws(ImagingError)
    -> ImagingError
  {
    let image = try Image.decode(bytes, file: file)
    var seen: Set<UInt32> = []
    for start in stride(from: 0, to: image.pixels.count, by: 3) {
      let blue = UInt32(image.pixels[start])
      let green = UInt32(image.pixels[start + 1])
      seen.insert(blue << 16 | green << 8 | UInt32(image.pixels[start + 2]))
    }
    return .coloursNotClasses(file: file, kind: kind, distinctColours: seen.count)
  }
}
