/// Makes PNG files of any kind for the tests: rows without filter, in stored deflate blocks.
enum PNGFile {
  /// - Parameters:
  ///   - color: PNG's colour type: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
  ///   - rows: The packed bytes of each row.
  static func make(
    width: Int, height: Int, bits: UInt8, color: UInt8, palette: [UInt8] = [], rows: [[UInt8]]
  ) -> [UInt8] {
    let raw: [UInt8] = rows.flatMap { [0] + $0 }
    var packed: [UInt8] = [0x78, 0x01]
    var start = 0
    repeat {
      let end = min(start + 65_535, raw.count)
      let length = UInt16(end - start)
      packed.append(end == raw.count ? 1 : 0)
      packed += [UInt8(length & 255), UInt8(length >> 8), UInt8(~length & 255), UInt8(~length >> 8)]
      packed += raw[start..<end]
      start = end
    } while start < raw.count
    packed += word(adler(raw))
    var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    file += chunk("IHDR", word(UInt32(width)) + word(UInt32(height)) + [bits, color, 0, 0, 0])
    if !palette.isEmpty { file += chunk("PLTE", palette) }
    file += chunk("IDAT", packed)
    return file + chunk("IEND", [])
  }

  static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    return word(UInt32(data.count)) + body + word(checksum(body))
  }

  private static func word(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xffff_ffff
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 1 ? 0xedb8_8320 : 0) }
    }
    return ~sum
  }

  private static func adler(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }
}
