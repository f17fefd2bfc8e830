import Masks
import Testing

@Suite("Bitmaps")
struct BitmapTests {
  let bitmap = Bitmap(height: 2, width: 3, pixels: [1, 0, 0, 1, 1, 0])

  @Test("flips, crops and padding move pixels")
  func moving() {
    #expect(bitmap.flippedHorizontally().pixels == [0, 0, 1, 0, 1, 1])
    #expect(bitmap.flippedVertically().pixels == [1, 1, 0, 1, 0, 0])
    #expect(
      bitmap.cropped(x: 1, y: 0, height: 2, width: 2) == Bitmap(height: 2, width: 2, pixels: [0, 0, 1, 0]))
    #expect(bitmap.cropped(x: 3, y: 2, height: 0, width: 0).pixels.isEmpty)
    #expect(bitmap.padded(height: 3, width: 4).pixels == [1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0])
    #expect(bitmap.area == 3)
  }

  @Test(
    "nearest resizing takes pixel floor(i * old / new)",
    arguments: [
      (2, 3, [1, 0, 0, 1, 1, 0]),
      (4, 3, [1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0]),
      (1, 2, [1, 0]),
      (3, 5, [1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0]),
    ] as [(Int, Int, [UInt8])])
  func resizing(height: Int, width: Int, expected: [UInt8]) {
    #expect(bitmap.resizedNearest(height: height, width: width).pixels == expected)
  }
}
