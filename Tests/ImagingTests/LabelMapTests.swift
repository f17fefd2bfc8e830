import Foundation
import Imaging
import TestSupport
import Testing

func filesIn(_ folder: TemporaryFolder) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
}

@Suite("Label maps")
struct LabelMapTests {
  @Test("hold the stored numbers of golden files", arguments: GoldenCase.names("label_"))
  func readsGolden(name: String) throws {
    let golden = try GoldenCase(name)
    let file = try #require(golden.configuration.file)
    #expect(try LabelMap.read(file: Golden.path("image/\(file)")) == golden.labels("output.label"))
  }

  @Test(
    "are not scaled, nor looked up",
    arguments: [
      // bits, colour type, bytes of a row of 4 pixels, expected
      (1, 0, [0b1010_0000], [1, 0, 1, 0]),
      (2, 0, [0b0001_1011], [0, 1, 2, 3]),
      (4, 0, [0x0f, 0x72], [0, 15, 7, 2]),
      (8, 0, [0, 255, 7, 128], [0, 255, 7, 128]),
      (16, 0, [0, 1, 1, 0, 255, 255, 1, 44], [1, 256, 65_535, 300]),
      (1, 3, [0b0110_0000], [0, 1, 1, 0]),
      (4, 3, [0x01, 0x21], [0, 1, 2, 1]),
      (8, 3, [2, 1, 0, 2], [2, 1, 0, 2]),
    ] as [(UInt8, UInt8, [UInt8], [Int32])])
  func reads(bits: UInt8, color: UInt8, row: [UInt8], expected: [Int32]) throws {
    let palette: [UInt8] = color == 3 ? [0, 0, 0, 128, 0, 0, 0, 128, 0] : []
    let png = PNGFile.make(
      width: 4, height: 2, bits: bits, color: color, palette: bits == 1 ? Array(palette.prefix(6)) : palette,
      rows: [row, row])
    #expect(
      try LabelMap.read(png, file: "x.png") == LabelMap(height: 2, width: 4, pixels: expected + expected))
  }

  @Test(
    "of colours are refused with the count of colours",
    arguments: [
      (2, [1, 2, 3, 4, 5, 6], "a PNG of red, green and blue with 2 distinct colours"),
      (6, [1, 2, 3, 0, 1, 2, 3, 9], "a PNG of colours and alpha with 1 distinct colours"),
      (4, [1, 2, 3, 4], "a PNG of grey and alpha with 2 distinct colours"),
    ] as [(UInt8, [UInt8], String)])
  func refusesColours(color: UInt8, row: [UInt8], expected: String) throws {
    let png = PNGFile.make(width: 2, height: 1, bits: 8, color: color, rows: [row])
    let error = #expect(throws: ImagingError.self) { try LabelMap.read(png, file: "labels/x.png") }
    let message = try #require(error).description
    #expect(message.hasPrefix("labels/x.png: colours, not classes: \(expected)"), "\(message)")
  }

  @Test("are no JPEG files")
  func refusesJPEG() throws {
    let error = #expect(throws: ImagingError.self) { try LabelMap.read(file: Golden.path("image/s444.jpg")) }
    #expect(try #require(error).description.contains("colours, not classes: a JPEG picture"))
  }

  @Test("cut short or broken are errors")
  func refusesBroken() throws {
    let whole = try bytes(of: "label_palette.png")
    let labels = try LabelMap.read(whole, file: "x.png")
    for end in stride(from: 0, to: whole.count - 1, by: 7) {
      #expect(throws: ImagingError.self) { try LabelMap.read(Array(whole.prefix(end)), file: "x.png") }
    }
    for position in whole.indices {
      var broken = whole
      broken[position] ^= 0x10
      if let read = try? LabelMap.read(broken, file: "x.png") { #expect(read == labels, "byte \(position)") }
    }
    // Sums are right, but there are fewer rows than the header says.
    let short = PNGFile.make(width: 4, height: 9, bits: 8, color: 0, rows: [[1, 2, 3, 4]])
    #expect(throws: ImagingError.self) { try LabelMap.read(short, file: "x.png") }
  }

  @Test("keep 8 and 16 bits through a file", arguments: [[0, 3, 255, 1], [0, 3, 256, 65_535]] as [[Int32]])
  func roundTrips(pixels: [Int32]) throws {
    let folder = try TemporaryFolder()
    let labels = LabelMap(height: 2, width: 2, pixels: pixels)
    try labels.writePNG(to: folder.path + "/a.png")
    #expect(try LabelMap.read(file: folder.path + "/a.png") == labels)
    #expect(try filesIn(folder) == ["a.png"])
  }

  @Test("that no file can hold are refused", arguments: [-1, 65_536] as [Int32])
  func refusesNumbers(label: Int32) throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ImagingError.self) {
      try LabelMap(height: 1, width: 1, pixels: [label]).writePNG(to: folder.path + "/a.png")
    }
    #expect(try #require(error).description.contains("\(label)"))
    #expect(try filesIn(folder) == [])
  }

  @Test("move as images do")
  func moves() {
    let labels = LabelMap(height: 2, width: 3, pixels: [0, 1, 2, 3, 4, 70_000])
    #expect(labels.flippedHorizontally().pixels == [2, 1, 0, 70_000, 4, 3])
    #expect(labels.cropped(top: 0, left: 1, height: 2, width: 2).pixels == [1, 2, 4, 70_000])
    #expect(
      labels.padded(height: 3, width: 4, value: 255).pixels == [
        0, 1, 2, 255, 3, 4, 70_000, 255, 255, 255, 255, 255,
      ])
    #expect(labels.resizedNearest(height: 1, width: 6).pixels == [0, 0, 1, 1, 2, 2])
  }
}
