import Foundation
import Masks
import TestSupport
import Testing

/// `coco/masks.json`: what pycocotools makes of polygons, and its overlaps.
struct MaskCases: Decodable {
  struct Case: Decodable {
    let size: [Int]
    let polygons: [[Double]]
    let counts: [UInt32]
    let string: String
    let area: Int
    let bbox: [Double]

    func mask() throws -> RunLengthMask {
      try RunLengthMask(counts: counts, height: size[0], width: size[1])
    }
  }

  static func load() throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: Golden.path("coco/masks.json")))
  }

  let cases: [Case]
}

@Suite("Run-length masks")
struct RunLengthMaskTests {
  let cases: [MaskCases.Case]

  init() throws {
    cases = try JSONDecoder().decode(MaskCases.self, from: MaskCases.load()).cases
    #expect(!cases.isEmpty)
  }

  @Test("polygons are drawn as by pycocotools")
  func polygons() throws {
    for item in cases {
      let mask = try RunLengthMask(polygons: item.polygons, height: item.size[0], width: item.size[1])
      #expect(mask.counts == item.counts)
    }
  }

  @Test("the compressed string, both ways")
  func compressed() throws {
    for item in cases {
      let mask = try item.mask()
      #expect(mask.compressed == item.string)
      #expect(try RunLengthMask(compressed: item.string, height: item.size[0], width: item.size[1]) == mask)
    }
  }

  @Test("area and bounding box")
  func areaAndBox() throws {
    for item in cases {
      let mask = try item.mask()
      let box = mask.boundingBox
      #expect(mask.area == item.area)
      #expect([box.x, box.y, box.width, box.height] == item.bbox)
    }
  }

  @Test("a bitmap and back")
  func bitmap() throws {
    for item in cases {
      let mask = try item.mask()
      #expect(RunLengthMask(mask.bitmap) == mask)
      #expect(mask.bitmap.area == item.area)
    }
  }

  @Test(
    "runs of length 0 change nothing but the list",
    arguments: [
      ([3, 0, 2, 1, 0, 0, 0], [5, 1], 1, [2.0, 1, 1, 1]),
      ([0, 0, 1, 2, 0, 3], [1, 5], 5, [0.0, 0, 3, 2]),
      ([6, 0], [6], 0, [0.0, 0, 0, 0]),
      ([0, 6, 0, 0], [0, 6], 6, [0.0, 0, 3, 2]),
      ([0, 0, 6], [6], 0, [0.0, 0, 0, 0]),
    ] as [([UInt32], [UInt32], Int, [Double])])
  func zeroRuns(written: [UInt32], merged: [UInt32], area: Int, box: [Double]) throws {
    let mask = try RunLengthMask(counts: written, height: 2, width: 3)
    let bounds = mask.boundingBox
    #expect(mask.counts == merged)
    #expect(mask.area == area)
    #expect([bounds.x, bounds.y, bounds.width, bounds.height] == box)
    #expect(RunLengthMask(mask.bitmap) == mask)
  }

  @Test("random bitmaps survive encoding, whole or as a window", arguments: 0..<40)
  func windows(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let height = Int.random(in: 1...40, using: &random)
    let width = Int.random(in: 1...70, using: &random)
    let share = Double.random(in: 0...1, using: &random)
    let y = Int.random(in: 0..<height, using: &random)
    let x = Int.random(in: 0..<width, using: &random)
    let windowHeight = Int.random(in: 0...height - y, using: &random)
    let windowWidth = Int.random(in: 0...width - x, using: &random)
    var window = Bitmap(height: windowHeight, width: windowWidth)
    var whole = Bitmap(height: height, width: width)
    for row in 0..<windowHeight {
      for column in 0..<windowWidth where Double.random(in: 0..<1, using: &random) < share {
        window.pixels[row * windowWidth + column] = 1
        whole.pixels[(row + y) * width + column + x] = 1
      }
    }
    let mask = RunLengthMask(whole)
    #expect(mask.bitmap == whole)
    #expect(mask.counts.reduce(0) { $0 + Int($1) } == height * width)
    #expect(!mask.counts.dropFirst().contains(0))
    #expect(RunLengthMask(window, x: x, y: y, height: height, width: width) == mask)
    #expect(try RunLengthMask(compressed: mask.compressed, height: height, width: width) == mask)
  }

  @Test(
    "bad runs are refused",
    arguments: [
      ([3, 2], 2, 3, MaskError.runsDoNotCover(sum: 5, height: 2, width: 3)),
      ([3, 4], 2, 3, .runsDoNotCover(sum: 7, height: 2, width: 3)),
      ([], 2, 3, .runsDoNotCover(sum: 0, height: 2, width: 3)),
      ([7, -1], 2, 3, .illegalRun(index: 1, length: -1)),
      ([1 << 40], 2, 3, .illegalRun(index: 0, length: 1 << 40)),
      ([0], -1, 3, .illegalSize(height: -1, width: 3)),
      ([0], 1_000_000_000, 1_000_000_000, .illegalSize(height: 1_000_000_000, width: 1_000_000_000)),
      ([0], .max, 3, .illegalSize(height: .max, width: 3)),
    ] as [([Int], Int, Int, MaskError)])
  func badRuns(lengths: [Int], height: Int, width: Int, error: MaskError) {
    #expect(throws: error) { try RunLengthMask(lengths: lengths, height: height, width: width) }
    #expect(!error.description.isEmpty)
  }

  @Test(
    "bad compressed strings are refused",
    arguments: [
      ("3 3", MaskError.illegalCharacter(byte: 32, position: 1)),
      ("33p", .illegalCharacter(byte: 112, position: 2)),
      ("3é", .illegalCharacter(byte: 0xC3, position: 1)),
      ("3P", .unterminated),
      ("oooooooooooooooo", .illegalRun(index: 0, length: (1 << 60) - 1)),
      ("@", .illegalRun(index: 0, length: -16)),
      ("333L", .illegalRun(index: 3, length: -1)),
      ("32", .runsDoNotCover(sum: 5, height: 2, width: 3)),
      ("", .runsDoNotCover(sum: 0, height: 2, width: 3)),
    ])
  func badStrings(string: String, error: MaskError) {
    #expect(throws: error) { try RunLengthMask(compressed: string, height: 2, width: 3) }
  }

  @Test(
    "bad polygons are refused",
    arguments: [
      ([], MaskError.noPolygon),
      ([[]], .illegalPolygon(part: 0, numbers: 0)),
      ([[1, 1, 2, 2]], .illegalPolygon(part: 0, numbers: 4)),
      ([[1, 1, 2, 2, 3, 0], [1, 1, 2, 2, 3]], .illegalPolygon(part: 1, numbers: 5)),
      ([[1, 1, 2, 2, 3, 0, 1]], .illegalPolygon(part: 0, numbers: 7)),
      ([[1, 1, 2, 2, .infinity, 0]], .illegalCoordinate(part: 0, index: 4, value: .infinity)),
      ([[1, -1e9, 2, 2, 3, 0]], .illegalCoordinate(part: 0, index: 1, value: -1e9)),
    ])
  func badPolygons(polygons: [[Double]], error: MaskError) {
    #expect(throws: error) { try RunLengthMask(polygons: polygons, height: 9, width: 9) }
  }

  @Test("a part is put into a larger mask, and what reaches beyond it is cut off")
  func placed() throws {
    var part = Bitmap(height: 3, width: 4)
    for pixel in [0, 1, 4, 5, 8, 9, 11] { part.pixels[pixel] = 1 }
    for (row, column) in [(0, 0), (2, 3), (-1, -2), (4, 5), (50, 0), (0, -50)] {
      var whole = Bitmap(height: 6, width: 7)
      for y in 0..<3 {
        for x in 0..<4
        where part.pixels[y * 4 + x] == 1 && (0..<6).contains(y + row) && (0..<7).contains(x + column) {
          whole.pixels[(y + row) * 7 + x + column] = 1
        }
      }
      let mask = try RunLengthMask(part).placed(row: row, column: column, height: 6, width: 7)
      #expect(mask == RunLengthMask(whole), "\(row), \(column)")
    }
    let full = RunLengthMask(Bitmap(height: 2, width: 2, pixels: [1, 1, 1, 1]))
    #expect(try full.placed(row: 0, column: 0, height: 2, width: 2) == full)
    #expect(try full.placed(row: 0, column: 1, height: 2, width: 3).counts == [2, 4])
  }
}

/// A small generator for tests (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
