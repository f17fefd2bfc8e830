/// How EXIF says that a picture is to be turned (EXIF 2.3, tag 274), and what else the containers tell.
extension BytesReader {
  /// The orientation 1 ... 8 in EXIF's data, which are built as a TIFF file is; 1 where they are broken.
  static func orientation(ofEXIF data: ArraySlice<UInt8>) -> Int {
    let isBig = data.starts(with: "MM".utf8)
    guard isBig || data.starts(with: "II".utf8) else { return 1 }
    let reader = BytesReader(Array(data))
    guard let value = try? reader.directory(bigEndian: isBig).values[274], (1...8).contains(value) else {
      return 1
    }
    return value
  }

  /// The first directory of a TIFF file: the whole numbers of its tags, and the place of the directory after it.
  ///
  /// Only tags of one 16- or 32-bit number are listed.
  func directory(bigEndian: Bool) throws(DamagedPicture) -> (values: [Int: Int], next: Int) {
    let start = try number(4, at: 4, bigEndian: bigEndian)
    let entries = try number(2, at: start, bigEndian: bigEndian)
    var values: [Int: Int] = [:]
    for entry in 0..<entries {
      let place = start + 2 + 12 * entry
      // Type 3: two bytes, type 4: four.
      let type = try number(2, at: place + 2, bigEndian: bigEndian)
      guard type == 3 || type == 4, try number(4, at: place + 4, bigEndian: bigEndian) == 1 else { continue }
      values[try number(2, at: place, bigEndian: bigEndian)] = try number(
        type == 3 ? 2 : 4, at: place + 8, bigEndian: bigEndian)
    }
    return (values, (try? number(4, at: start + 2 + 12 * entries, bigEndian: bigEndian)) ?? 0)
  }

  /// The contents of the first chunk of a name in a PNG file that is whole.
  func chunkOfPNG(_ name: String) -> ArraySlice<UInt8>? {
    var position = 8
    while let length = try? number(4, at: position, bigEndian: true), position + 12 + length <= bytes.count {
      if bytes[(position + 4)...].starts(with: name.utf8) {
        return bytes[position + 8..<position + 8 + length]
      }
      position += 12 + length
    }
    return nil
  }
}
