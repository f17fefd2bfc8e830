import Masks
import Testing

@Suite("mask windows")
struct MaskWindowTests {
  private static let masks: [Bitmap] = [
    Bitmap(height: 5, width: 7), Bitmap(height: 1, width: 1, pixels: [1]),
    Bitmap(height: 4, width: 3, pixels: [UInt8](repeating: 1, count: 12)),
    bitmap(5, 7, [(1, 2), (2, 2), (2, 5), (3, 3)]), bitmap(5, 7, [(0, 0), (4, 6)]), bitmap(5, 7, [(4, 6)]),
    bitmap(6, 4, (0..<6).map { ($0, 2) } + [(0, 3)]),
  ]

  private static func bitmap(_ height: Int, _ width: Int, _ lit: [(row: Int, column: Int)]) -> Bitmap {
    var bitmap = Bitmap(height: height, width: width)
    for (row, column) in lit { bitmap.pixels[row * width + column] = 1 }
    return bitmap
  }

  @Test("moves give the pixels that a whole bitmap's do", arguments: masks)
  func moves(whole: Bitmap) {
    let window = MaskWindow(RunLengthMask(whole))
    #expect(window.bitmap == whole && window.bounds == whole.bounds)
    #expect(window.window.pixels.count <= whole.pixels.count)
    #expect(window.flippedHorizontally().bitmap == whole.flippedHorizontally())
    #expect(window.flippedVertically().bitmap == whole.flippedVertically())
    #expect(window.padded(height: 9, width: 11).bitmap == whole.padded(height: 9, width: 11))
    for (height, width) in [(5, 7), (10, 14), (3, 4), (13, 9), (1, 1), (1, 20), (0, 0)] {
      #expect(
        window.resizedNearest(height: height, width: width).bitmap
          == whole.resizedNearest(height: height, width: width))
    }
    for top in 0...whole.height {
      for left in 0...whole.width {
        let (height, width) = (min(2, whole.height - top), min(3, whole.width - left))
        #expect(
          window.cropped(x: left, y: top, height: height, width: width).bitmap
            == whole.cropped(x: left, y: top, height: height, width: width))
      }
    }
  }

  @Test("masks are equal when they show the same, however they are held")
  func equality() throws {
    let whole = Self.masks[3]
    let window = MaskWindow(RunLengthMask(whole))
    let wide = MaskWindow(whole, x: 0, y: 0, height: 5, width: 7)
    #expect(ObjectMask.bitmap(whole) == .window(window) && ObjectMask.window(wide) == .window(window))
    #expect(ObjectMask.bitmap(Self.masks[4]) != .window(window))
    #expect(ObjectMask.window(MaskWindow(height: 5, width: 7)) != .window(MaskWindow(height: 7, width: 5)))
    let outline = ObjectMask.polygons(try PolygonMask(parts: [], height: 5, width: 7))
    #expect(outline != .window(MaskWindow(height: 5, width: 7)))
  }
}
