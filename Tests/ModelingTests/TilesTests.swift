import Imaging
import Masks
import Modeling
import Testing

@Suite("tiles of an image")
struct TilesTests {
  @Test(
    "cover the image, overlap by what is asked for, and are whole",
    arguments: [
      (1000, 700, 256, 0.2), (256, 256, 256, 0.2), (100, 5000, 512, 0.0), (257, 256, 256, 0.9),
      (5, 7, 32, 0.5),
    ])
  func covers(height: Int, width: Int, side: Int, overlap: Double) {
    let tiles = Tiles(ImageSize(height: height, width: width), side: side, overlap: overlap)
    var seen = [Bool](repeating: false, count: height * width)
    for tile in tiles.tiles {
      #expect(tile.size == ImageSize(height: min(side, height), width: min(side, width)))
      #expect(tile.top + tile.size.height <= height && tile.left + tile.size.width <= width)
      for row in tile.top..<tile.top + tile.size.height {
        for column in tile.left..<tile.left + tile.size.width { seen[row * width + column] = true }
      }
    }
    #expect(!seen.contains(false))
    let lefts = Set(tiles.tiles.map(\.left)).sorted()
    for (left, next) in zip(lefts, lefts.dropFirst()) {
      #expect(Double(left + side - next) >= overlap * Double(side) - 1)
    }
  }

  /// Two tiles of 100 x 100 beside each other, 20 pixels in common.
  private let tiles = Tiles(ImageSize(height: 100, width: 180), side: 100, overlap: 0.2)

  private func found(_ boxes: [SIMD4<Float>], _ scores: [Float], _ labels: [Int]) -> InstancePrediction {
    InstancePrediction(
      boxes: Boxes(boxes.flatMap { box in (0..<4).map { box[$0] } }), scores: scores, labels: labels,
      masks: boxes.map { box in
        var bitmap = Bitmap(height: 100, width: 100)
        for y in Int(box[1])..<Int(box[3]) {
          for x in Int(box[0])..<Int(box[2]) { bitmap.pixels[y * 100 + x] = 1 }
        }
        return RunLengthMask(bitmap)
      })
  }

  @Test("an object that a seam cuts is one, others of its class and those of other classes stay")
  func joins() throws {
    let left = found(
      [SIMD4(60, 10, 100, 30), SIMD4(5, 5, 20, 20), SIMD4(82, 60, 98, 80)], [0.6, 0.9, 0.5], [0, 0, 1])
    let right = found(
      [SIMD4(0, 10, 50, 30), SIMD4(2, 60, 18, 80), SIMD4(60, 60, 80, 80)], [0.7, 0.8, 0.4], [0, 0, 1])
    let all = try tiles.joined([left, right])
    #expect(all.scores == [0.9, 0.8, 0.7, 0.5, 0.4])
    #expect(all.labels == [0, 0, 0, 1, 1])
    #expect(all.boxes[2] == SIMD4(60, 10, 130, 30))
    let masks = try #require(all.masks)
    #expect(masks.allSatisfy { $0.height == 100 && $0.width == 180 })
    #expect(masks[2].area == 70 * 20 && masks[2].boundingBox == (60, 10, 70, 20))
    #expect(masks[4].boundingBox == (140, 60, 20, 20))
  }

  @Test("boxes without masks, and tiles without anything")
  func empty() throws {
    let none = InstancePrediction(boxes: Boxes(), scores: [], labels: [])
    let one = InstancePrediction(boxes: Boxes([1, 2, 3, 4]), scores: [0.5], labels: [7])
    let all = try tiles.joined([none, one])
    #expect(all.boxes == Boxes([81, 2, 83, 4]) && all.masks == nil)
    #expect(try tiles.joined([none, none]).labels.isEmpty)
  }
}
