import Masks
import Testing

@Suite("PolygonMask")
struct PolygonMaskTests {
  private let square: [Double] = [1, 1, 5, 1, 5, 3, 1, 3]

  @Test("moves with its image")
  func moves() throws {
    let mask = try PolygonMask(parts: [square], height: 4, width: 10)
    #expect(mask.resized(height: 8, width: 5).parts == [[0.5, 2, 2.5, 2, 2.5, 6, 0.5, 6]])
    #expect(mask.flippedHorizontally().parts == [[9, 1, 5, 1, 5, 3, 9, 3]])
    #expect(mask.flippedVertically().parts == [[1, 3, 5, 3, 5, 1, 1, 1]])
    let padded = mask.padded(height: 8, width: 16)
    #expect(padded.parts == [square] && padded.height == 8 && padded.width == 16)
  }

  @Test(
    "drawn after a crop is the crop of the drawing",
    arguments: [
      (0, 0, 20, 30), (3, 2, 11, 13), (10, 5, 1, 1), (0, 0, 0, 0), (15, 10, 10, 15),
    ] as [(x: Int, y: Int, height: Int, width: Int)])
  func crops(window: (x: Int, y: Int, height: Int, width: Int)) throws {
    // A comb of two teeth, which the window may cut apart, and a part outside.
    let parts: [[Double]] = [
      [2, 2, 28, 2, 28, 18, 20, 18, 20, 6, 10, 6, 10, 18, 2, 18], [22, 0, 30, 0, 30, 1],
    ]
    let mask = try PolygonMask(parts: parts, height: 20, width: 30)
    let cropped = mask.cropped(x: window.x, y: window.y, height: window.height, width: window.width)
    let expected = RunLengthMask(mask).bitmap.cropped(
      x: window.x, y: window.y, height: window.height, width: window.width)
    #expect(RunLengthMask(cropped).bitmap == expected)
  }

  @Test("is empty where nothing is left")
  func vanishes() throws {
    let mask = try PolygonMask(parts: [square], height: 20, width: 20)
    #expect(mask.cropped(x: 5, y: 3, height: 10, width: 10).parts == [])
    #expect(mask.cropped(x: 5, y: 0, height: 10, width: 10).parts == [])
    #expect(RunLengthMask(mask.cropped(x: 9, y: 9, height: 4, width: 4)).area == 0)
  }

  @Test(
    "refuses what is no outline",
    arguments: [
      ([1, 2, 3, 4], MaskError.illegalPolygon(part: 0, numbers: 4)),
      ([1, 2, 3, 4, 5, 6, 7], .illegalPolygon(part: 0, numbers: 7)),
      ([1, 2, 3, 4, 5, .infinity], .illegalCoordinate(part: 0, index: 5, value: .infinity)),
    ] as [([Double], MaskError)])
  func refuses(corners: [Double], expected: MaskError) {
    #expect(throws: expected) { try PolygonMask(parts: [corners], height: 5, width: 5) }
  }

  @Test("enlarged beyond all proportion, is still drawn")
  func enlarged() throws {
    let mask = try PolygonMask(parts: [[-1e6, -1e6, 1e6, -1e6, 1e6, 1e6, -1e6, 1e6]], height: 2, width: 2)
    #expect(RunLengthMask(mask.resized(height: 2000, width: 4)).area == 8000)
  }
}
