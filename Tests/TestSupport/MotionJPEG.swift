/// Films of JPEG pictures in an AVI file, as small as readers take them.
public enum MotionJPEG {
  /// The bytes of a film.
  ///
  /// - Parameters:
  ///   - frames: JPEG files of one size.
  ///   - rate: Frames a second.
  public static func film(_ frames: [[UInt8]], height: Int, width: Int, rate: Int) -> [UInt8] {
    let largest = frames.map(\.count).max() ?? 0
    let head = chunk(
      "avih",
      words([
        1_000_000 / max(1, rate), largest * rate, 0, 0x10, frames.count, 0, 1, largest, width, height, 0, 0,
        0, 0,
      ]))
    let stream = chunk(
      "strh",
      Array("vidsMJPG".utf8)
        + words([0, 0, 0, 1, rate, 0, frames.count, largest, -1, 0, 0, width | height << 16]))
    let format = chunk(
      "strf",
      words([40, width, height, 1 | 24 << 16]) + Array("MJPG".utf8) + words([width * height * 3, 0, 0, 0, 0]))
    var (pictures, index, place) = ([UInt8](), [UInt8](), 4)
    for frame in frames {
      let whole = chunk("00dc", frame)
      index += Array("00dc".utf8) + words([0x10, place, frame.count])
      pictures += whole
      place += whole.count
    }
    let heads = list("hdrl", head + list("strl", stream + format))
    return chunk("RIFF", Array("AVI ".utf8) + heads + list("movi", pictures) + chunk("idx1", index))
  }

  private static func words(_ values: [Int]) -> [UInt8] {
    values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
  }

  private static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    Array(name.utf8) + words([bytes.count]) + bytes + [UInt8](repeating: 0, count: bytes.count % 2)
  }

  private static func list(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    chunk("LIST", Array(name.utf8) + bytes)
  }
}
