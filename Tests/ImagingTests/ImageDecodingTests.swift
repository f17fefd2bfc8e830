import Foundation
import Imaging
import TestSupport
import Testing

@Suite("Photographs")
struct ImageDecodingTests {
  @Test("decode to OpenCV's pixels", arguments: GoldenCase.names("decode_"))
  func decodes(name: String) throws {
    let golden = try GoldenCase(name)
    let file = try #require(golden.configuration.file)
    let image = try Image.decode(file: Golden.path("image/\(file)"))
    let difference = GoldenCase.difference(image, try golden.image("output.img"))
    if file.hasSuffix(".png") {
      #expect(difference.largest == 0)
    } else {
      #expect(difference.largest <= 4 && difference.mean <= 0.5)
    }
  }

  @Test("there are golden cases") func hasCases() { #expect(GoldenCase.names("decode_").count == 14) }

  @Test(
    "are refused by content, and the error says what they are",
    arguments: [
      ([UInt8](), "an empty file"),
      (Array("GIF89a.....".utf8), "GIF"),
      (Array("....ftypheic".utf8), "HEIC"),
      (Array("....ftypavif".utf8), "AVIF"),
      ([UInt8](repeating: 0, count: 128) + Array("DICM".utf8), "DICOM"),
      (Array("%PDF-1.7".utf8), "a PDF document, not a picture that is read. Convert it to"),
      (Array("  <!DOCTYPE html><html>".utf8), "HTML"),
      (Array("hello".utf8), "a text file"),
      ([0, 1, 2, 3, 200], "unknown format"),
    ] as [([UInt8], String)])
  func refuses(contents: [UInt8], expected: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(contents, as: "picture.jpg")
    let error = #expect(throws: ImagingError.self) { try Image.decode(file: path) }
    let message = try #require(error).description
    #expect(message.contains(expected) && message.hasPrefix(path), "\(message)")
  }

  @Test("that are no regular files are refused without waiting", arguments: ["missing", "folder", "pipe"])
  func refusesPlaces(kind: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/" + kind
    if kind == "folder" {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    if kind == "pipe" { #expect(mkfifo(path, 0o600) == 0) }
    let error = #expect(throws: ImagingError.self) { try Image.decode(file: path) }
    #expect(try #require(error).description.hasPrefix(path))
  }

  @Test(
    "cut short are errors",
    arguments: ["s420_odd.jpg", "progressive.jpg", "restart.jpg", "rgb.png", "palette.png"])
  func refusesCuts(name: String) throws {
    let whole = try bytes(of: name)
    for percent in stride(from: 1, to: 100, by: 3) {
      let part = Array(whole.prefix(whole.count * percent / 100))
      #expect(throws: ImagingError.self, "\(percent) %") { try Image.decode(part, file: name) }
    }
    #expect(throws: ImagingError.self) { try Image.decode(whole.dropLast(2).map { $0 }, file: name) }
  }

  @Test("of PNG with a flipped bit are errors or the same pixels")
  func findsFlippedBits() throws {
    let whole = try bytes(of: "rgb.png")
    let image = try Image.decode(whole, file: "rgb.png")
    for position in stride(from: 0, to: whole.count, by: whole.count / 300 + 1) {
      var broken = whole
      broken[position] ^= 1 << (position % 8)
      if let read = try? Image.decode(broken, file: "rgb.png") { #expect(read == image, "byte \(position)") }
    }
  }

  @Test(
    "too large by their header are refused before decoding",
    arguments: [(30_000, 30_000), (70_000, 10), (1, 65_536)])
  func refusesGiants(width: Int, height: Int) throws {
    let png = PNGFile.make(width: width, height: height, bits: 8, color: 2, rows: [])
    #expect(throws: ImagingError.tooLarge(file: "x.png", height: height, width: width)) {
      try Image.decode(png, file: "x.png")
    }
  }

  @Test("without pixels are refused")
  func refusesEmpty() {
    let png = PNGFile.make(width: 0, height: 5, bits: 8, color: 2, rows: [])
    #expect(throws: ImagingError.self) { try Image.decode(png, file: "x.png") }
  }

  @Test("are read whatever their name says")
  func readsByContent() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(try bytes(of: "s444.jpg"), as: "really a jpeg.png")
    #expect(try Image.decode(file: path).size == ImageSize(height: 67, width: 93))
  }

  @Test(
    "become three channels of 8 bits",
    arguments: [
      // bits, colour type, bytes of a row of 2 pixels, expected blue green red of the first pixel
      (1, 0, [0b1000_0000], [255, 255, 255]),
      (8, 0, [7, 9], [7, 7, 7]),
      (16, 0, [7, 200, 9, 0], [7, 7, 7]),
      (8, 4, [7, 0, 9, 255], [7, 7, 7]),
      (8, 6, [1, 2, 3, 0, 4, 5, 6, 255], [3, 2, 1]),
      (16, 2, [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0], [3, 2, 1]),
    ] as [(UInt8, UInt8, [UInt8], [UInt8])])
  func converts(bits: UInt8, color: UInt8, row: [UInt8], expected: [UInt8]) throws {
    let png = PNGFile.make(width: 2, height: 1, bits: bits, color: color, rows: [row])
    let image = try Image.decode(png, file: "x.png")
    #expect(image.channels == 3)
    #expect(Array(image.pixels.prefix(3)) == expected)
  }

  @Test("are turned as EXIF says", arguments: 1...9)
  func turns(orientation: Int) throws {
    var file = try bytes(of: "exif6.jpg")
    // The tag 0x0112, of type 3, once: its value follows 8 bytes later, in either byte order.
    let place = try #require(
      file.indices.dropLast(10).first {
        file[$0...].starts(with: [1, 0x12, 0, 3]) || file[$0...].starts(with: [0x12, 1, 3, 0])
      })
    let isBig = file[place] == 1
    file[place + 8] = isBig ? 0 : UInt8(orientation)
    file[place + 9] = isBig ? UInt8(orientation) : 0
    let turned = try Image.decode(file, file: "turned")
    file[place + 8] = isBig ? 0 : 1
    file[place + 9] = isBig ? 1 : 0
    let plain = try Image.decode(file, file: "plain")
    let (h, w) = (plain.height, plain.width)
    #expect(turned.size == ((5...8).contains(orientation) ? ImageSize(height: w, width: h) : plain.size))
    // Where the stored pixel (y, x) is to be seen (EXIF 2.3, tag 274).
    func seen(_ y: Int, _ x: Int) -> (Int, Int) {
      switch orientation {
      case 2: (y, w - 1 - x)
      case 3: (h - 1 - y, w - 1 - x)
      case 4: (h - 1 - y, x)
      case 5: (x, y)
      case 6: (x, h - 1 - y)
      case 7: (w - 1 - x, h - 1 - y)
      case 8: (w - 1 - x, y)
      default: (y, x)
      }
    }
    var wrong = 0
    for y in 0..<h {
      for x in 0..<w {
        let (row, column) = seen(y, x)
        for c in 0..<3
        where plain.pixels[(y * w + x) * 3 + c] != turned.pixels[(row * turned.width + column) * 3 + c] {
          wrong += 1
        }
      }
    }
    #expect(wrong == 0)
  }

  @Test("survive garbage in EXIF")
  func ignoresGarbage() throws {
    let file = try bytes(of: "s444.jpg")
    let garbage = (0..<65_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let length = garbage.count + 8
    let segment: [UInt8] =
      [0xff, 0xe1, UInt8(length >> 8), UInt8(length & 255)] + Array("Exif".utf8) + [0, 0] + garbage
    let image = try Image.decode(Array(file.prefix(2)) + segment + file.dropFirst(2), file: "x.jpg")
    #expect(image == (try Image.decode(file, file: "s444.jpg")))
  }

  @Test("of 12 bits a sample are named")
  func refusesTwelveBits() throws {
    var file = try bytes(of: "s444.jpg")
    let frame = try #require(file.indices.dropLast(4).first { file[$0] == 0xff && file[$0 + 1] == 0xc0 })
    file[frame + 4] = 12
    let error = #expect(throws: ImagingError.self) { try Image.decode(file, file: "x.jpg") }
    #expect(try #require(error).description.contains("12 bits"))
  }

  @Test(
    "with random bytes never stop the program",
    arguments: [("s420_odd.jpg", 300), ("progressive.jpg", 300), ("gray.png", 300), ("palette.png", 300)])
  func survivesMutations(name: String, count: Int) throws {
    let whole = try bytes(of: name)
    var state: UInt64 = 7
    for _ in 0..<count {
      var broken = whole
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        broken[Int(state >> 33) % broken.count] = UInt8(truncatingIfNeeded: state >> 25)
      }
      _ = try? Image.decode(broken, file: name)
    }
  }
}
