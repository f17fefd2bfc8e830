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

  @Test("nearest resizing agrees with its rule on empty, repeated and skipped rows")
  func resizingRows() {
    // An object in rows 3 ..< 6 of ten, with a hole, on a width that no vector fits.
    var object = Bitmap(height: 10, width: 37)
    for row in 3..<6 {
      for column in stride(from: row, to: 30, by: 2) { object.pixels[37 * row + column] = 1 }
    }
    for (height, width) in [(25, 61), (10, 37), (4, 9), (1, 1), (10, 80), (33, 37)] {
      let resized = object.resizedNearest(height: height, width: width)
      let expected = (0..<height * width).map { place -> UInt8 in
        object.pixels[37 * (place / width * 10 / height) + place % width * 37 / width]
      }
      #expect(resized.pixels == expected, "\(height) x \(width)")
    }
  }

  @Test("the bounds are those of the object")
  func bounds() {
    #expect(bitmap.bounds == SIMD4(0, 0, 2, 2))
    #expect(Bitmap(height: 3, width: 4).bounds == .zero)
    var object = Bitmap(height: 5, width: 70)
    object.pixels[70 * 2 + 65] = 1
    object.pixels[70 * 3 + 4] = 1
    #expect(object.bounds == SIMD4(4, 2, 66, 4))
    #expect(Bitmap(height: 0, width: 0).bounds == .zero)
  }
}
