import Foundation
import Imaging
import TestSupport
import Testing

/// Pictures that are odd or broken beyond what a header tells.
@Suite("Hostile images")
struct HostileImageTests {
  private func inspect(_ bytes: [UInt8], _ name: String) throws -> ImageInspection {
    let folder = try TemporaryFolder()
    return try Image.inspect(file: try folder.write(bytes, as: name))
  }

  @Test(
    "at the limits are read as far as they go, beyond them refused at once",
    arguments: [
      // width, height, whether it is too large; 14,351 x 12,470 is the limit itself
      (14_351, 12_470, false), (29_861, 5993, true), (65_535, 1, false), (65_536, 1, true),
      (1, 65_535, false), (1, 65_536, true), (30_000, 30_000, true), (40_000, 40_000, true),
    ])
  func keepsLimits(width: Int, height: Int, isTooLarge: Bool) throws {
    #expect(14_351 * 12_470 == ImageLimits.pixels && ImageLimits.side == 65_535)
    let png = PNGFile.make(width: width, height: height, bits: 8, color: 0, rows: [])
    var error: ImagingError?
    let seconds = processorSeconds(below: 0.1) {
      error = #expect(throws: ImagingError.self) { try Image.decode(png, file: "x.png") }
    }
    if isTooLarge {
      #expect(error == .tooLarge(file: "x.png", height: height, width: width))
      #expect(seconds < 0.1, "\(seconds) s")
    } else {
      guard case .damaged = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test(
    "are told from others by the error: cut short or damaged",
    arguments: ["s420_odd.jpg", "progressive.jpg", "restart.jpg", "rgb.png", "palette.png"])
  func tellsCuts(name: String) throws {
    let whole = try bytes(of: name)
    for percent in [10, 50, 90] {
      let part = Array(whole.prefix(whole.count * percent / 100))
      let error = #expect(throws: ImagingError.self) { try Image.decode(part, file: name) }
      guard case .truncated(name, _) = error else {
        Issue.record("\(percent) %: \(String(describing: error))")
        continue
      }
    }
  }

  /// The picture with one byte of its coded data changed, for several places.
  private func flipped(_ whole: [UInt8]) -> [[UInt8]] {
    (1...40).map { step in
      var broken = whole
      broken[whole.count / 3 + step * (whole.count * 2 / 3 - 4) / 41] ^= 0x5a
      return broken
    }
  }

  @Test(
    "with flipped bytes in a JPEG are found where its code shows it, by inspection more often than by decoding",
    arguments: ["photo.jpg", "s420_odd.jpg", "progressive.jpg", "restart.jpg"])
  func findsFlips(name: String) throws {
    let whole = try bytes(of: name)
    let image = try Image.decode(whole, file: name)
    #expect(try inspect(whole, name) == ImageInspection(of: image))
    var changed = 0
    var refused = 0
    var found = 0
    for broken in flipped(whole) {
      let decoded = try? Image.decode(broken, file: name)
      if let decoded, decoded == image { continue }
      changed += 1
      if decoded == nil { refused += 1 }
      if let inspection = try? inspect(broken, name), inspection.warnings.isEmpty { continue }
      found += 1
    }
    #expect(
      found >= refused && Double(found) > 0.3 * Double(changed), "\(found) of \(changed)")
  }

  @Test("of animated PNG give the first picture, and inspection says so")
  func readsFirstFrame() throws {
    let plain = PNGFile.make(width: 2, height: 1, bits: 8, color: 0, rows: [[7, 9]])
    // After the header chunk: acTL says how many pictures there are.
    func animated(_ count: UInt8) -> [UInt8] {
      plain.prefix(33) + PNGFile.chunk("acTL", [0, 0, 0, count, 0, 0, 0, 0]) + plain.dropFirst(33)
    }
    #expect(try inspect(animated(2), "a.png").warnings == [.severalPictures])
    #expect(try inspect(animated(1), "a.png").warnings.isEmpty)
    #expect(try Image.decode(animated(2), file: "a.png").pixels == [7, 7, 7, 9, 9, 9])
  }

  /// A TIFF of grey pages of 2 x 1 pixels, without compression.
  private func tiff(pages: [[UInt8]]) -> [UInt8] {
    func word(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var file: [UInt8] = [0x49, 0x49, 42, 0] + word(8, 4)
    for (index, pixels) in pages.enumerated() {
      let tags: [(Int, Int, Int)] = [
        (256, 3, 2), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1),
        (273, 4, file.count + 2 + 9 * 12 + 4), (277, 3, 1), (278, 3, 1), (279, 4, 2),
      ]
      let next = index + 1 < pages.count ? file.count + 2 + 9 * 12 + 4 + 2 : 0
      file += word(tags.count, 2)
      for (tag, type, value) in tags { file += word(tag, 2) + word(type, 2) + word(1, 4) + word(value, 4) }
      file += word(next, 4) + pixels
    }
    return file
  }

  @Test("of several TIFF pages give the first, and inspection says so")
  func readsFirstPage() throws {
    let two = tiff(pages: [[10, 20], [30, 40]])
    #expect(try Image.decode(two, file: "a.tif").pixels == [10, 10, 10, 20, 20, 20])
    #expect(try inspect(two, "a.tif").warnings == [.severalPictures])
    #expect(try inspect(tiff(pages: [[10, 20]]), "a.tif").warnings.isEmpty)
    #expect(throws: ImagingError.self) { try inspect(Array(two.prefix(100)), "a.tif") }
  }

  @Test("of animated WebP are named, not decoded")
  func refusesAnimatedWebP() throws {
    let chunk = Array("VP8X".utf8) + [10, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1, 0, 0]
    let file = Array("RIFF".utf8) + [UInt8(chunk.count + 4), 0, 0, 0] + Array("WEBP".utf8) + chunk
    let error = #expect(throws: ImagingError.self) { try Image.decode(file, file: "a.webp") }
    #expect(try #require(error).description.contains("an animated WebP picture"))
  }

  @Test("of four inks become blue, green and red as OpenCV has them")
  func convertsCMYK() throws {
    // 8 x 8 pixels, Adobe's inverted inks; the pixels are those of cv2.imdecode.
    let text =
      "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2RjcsLUBXQUZMTlJTUjI"
      + "+WmFaUGBKUVJP/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABYAAQEBAAAAAAAAAAAAAAAAAAIEB//EACQQAAICAQIFBQAAAAAAAAAAA"
      + "AECAwQRABIFEyFRYRQiMUGB/9oADgRDAE0AWQBLAAA/AF6SWo9qjLNMYZY2eOaQ5xgbQ57LgY/caomsxySqkl6DkWHbk7DujDjACnxj"
      + "aQO5Ok1ZEvcQcc63ZhZUdHmysiuo9rdOoGPn7C+Nadr/2Q=="
    let file = [UInt8](try #require(Data(base64Encoded: text)))
    let image = try Image.decode(file, file: "inks.jpg")
    #expect(image.size == ImageSize(height: 8, width: 8))
    #expect(
      Array(image.pixels.prefix(3)) == [219, 133, 111] && Array(image.pixels.suffix(3)) == [157, 147, 64])
  }

  @Test("of PNG are turned as their EXIF chunk says", arguments: [1, 6, 9])
  func turnsPNG(orientation: UInt8) throws {
    let plain = PNGFile.make(width: 2, height: 1, bits: 8, color: 0, rows: [[7, 9]])
    let exif: [UInt8] =
      [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation] + [0, 0, 0, 0, 0, 0]
    let file = plain.prefix(33) + PNGFile.chunk("eXIf", exif) + plain.dropFirst(33)
    let image = try Image.decode(Array(file), file: "a.png")
    #expect(
      image.size == (orientation == 6 ? ImageSize(height: 2, width: 1) : ImageSize(height: 1, width: 2)))
    #expect(image.pixels == [7, 7, 7, 9, 9, 9])
  }

  @Test("of a JPEG that wants thousands of scans are refused")
  func refusesScans() throws {
    let whole = try bytes(of: "progressive.jpg")
    // The last scan, again and again, without its pixels.
    let scan = try #require(whole.indices.dropLast(2).last { whole[$0] == 0xff && whole[$0 + 1] == 0xda })
    let length = Int(whole[scan + 2]) << 8 | Int(whole[scan + 3])
    let header = Array(whole[scan..<scan + 2 + length])
    var file = Array(whole.dropLast(2))
    for _ in 0..<5000 { file += header }
    file += [0xff, 0xd9]
    let error = #expect(throws: ImagingError.self) { try Image.decode(file, file: "a.jpg") }
    #expect(try #require(error).description.contains("scans"))
  }
}

extension ImageInspection {
  /// What a faultless picture gives.
  fileprivate init(of image: Image) { self.init(size: image.size, warnings: []) }
}
