import Data
import Imaging
import Masks
import TestSupport
import Testing

@Suite("pictures of many objects")
struct ManyObjectsTests {
  /// How many bytes of pixels a mask holds.
  private func bytes(_ mask: ObjectMask) -> Int {
    switch mask {
    case .bitmap(let bitmap): bitmap.pixels.count
    case .window(let window): window.window.pixels.count
    case .polygons: 0
    }
  }

  @Test("masks take memory by their objects' size, not by the picture's", arguments: [1000, 5000])
  func memory(count: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/image.png"
    try Image(height: 533, width: 400, colour: [1, 2, 3]).writePNG(to: path)
    let runs = RunLengthMask(Bitmap(height: 533, width: 400, pixels: [UInt8](repeating: 1, count: 533 * 400)))
    let annotations = (0..<count).map { number -> InstanceAnnotation in
      let (x, y) = (Double(number % 380), Double(number / 380 * 20))
      return InstanceAnnotation(
        box: SIMD4(Float(x), Float(y), Float(x) + 12, Float(y) + 12), label: 0,
        mask: .polygons([[x, y, x + 12, y, x + 12, y + 12, x, y + 12]]))
    }
    let whole = InstanceAnnotation(
      box: SIMD4(0, 0, 400, 533), label: 0,
      mask: .runs(runs.counts.map { Int($0) }, height: 533, width: 400))
    let loaded = try pipeline(
      "{type: LoadImageFromFile}", "{type: LoadAnnotations, with_mask: true}",
      "{type: Resize, scale: [800, 1066], keep_ratio: true}", "{type: RandomFlip, prob: 1.0}",
      "{type: Pad, size: [1088, 832]}"
    )(Sample(imagePath: path, annotations: annotations + [whole]), seed: 0)
    let masks = try #require(loaded?.instances?.masks)
    #expect(masks.dropLast().allSatisfy { bytes($0) <= 26 * 26 && $0.bounds != .zero })
    #expect(masks.last.map(bytes) == 800 * 1066)
    #expect(Set(masks.map(\.height)).count == 1 && Set(masks.map(\.width)).count == 1)
  }
}
