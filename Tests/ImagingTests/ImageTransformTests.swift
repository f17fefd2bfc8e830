import Imaging
import Masks
import TestSupport
import Testing

@Suite("Image operations")
struct ImageTransformTests {
  @Test("resize as OpenCV", arguments: GoldenCase.names("resize_"))
  func resizes(name: String) throws {
    let golden = try GoldenCase(name)
    let input = try golden.image("input.img")
    let interpolation = try #require(golden.configuration.interpolation)
    guard let windows = golden.configuration.windows else {
      let expected = try golden.image("output.img")
      let result = input.resized(height: expected.height, width: expected.width, interpolation: interpolation)
      let difference = GoldenCase.difference(result, expected)
      #expect(difference.largest <= (interpolation == .nearest ? 0 : 1) && difference.mean <= 0.02)
      return
    }
    let shape = try #require(golden.stored.tensors["output.shape"]).integers
    let result = input.resized(height: shape[0], width: shape[1], interpolation: interpolation)
    for (index, window) in windows.enumerated() {
      let part = result.cropped(top: window[0], left: window[1], height: window[2], width: window[3])
      let difference = GoldenCase.difference(part, try golden.image("output.window.\(index)"))
      #expect(difference.largest <= 1 && difference.mean <= 0.02)
    }
  }

  @Test(
    "pad to the right and below",
    arguments: [("pad_0.safetensors", [0, 0, 0]), ("pad_1.safetensors", [1, 2, 3])] as [(String, [UInt8])])
  func pads(name: String, value: [UInt8]) throws {
    let golden = try GoldenCase(name)
    let expected = try golden.image("output.img")
    let result = try golden.image("input.img").padded(
      height: expected.height, width: expected.width, value: value)
    #expect(result == expected)
  }

  /// Two rows of three pixels, each (blue, green, red) = (n, n + 100, n + 200).
  private let small = Image(
    height: 2, width: 3, pixels: (0..<6).flatMap { (n: UInt8) -> [UInt8] in [n, n + 100, n + 200] })

  private func blues(_ image: Image) -> [UInt8] {
    stride(from: 0, to: image.pixels.count, by: 3).map { image.pixels[$0] }
  }

  @Test("crop, flip and exchange channels")
  func moves() {
    #expect(blues(small.cropped(top: 1, left: 1, height: 1, width: 2)) == [4, 5])
    #expect(blues(small.flippedHorizontally()) == [2, 1, 0, 5, 4, 3])
    #expect(blues(small.swappedRedAndBlue()) == [200, 201, 202, 203, 204, 205])
    #expect(small.swappedRedAndBlue().swappedRedAndBlue() == small)
    #expect(
      blues(small.resized(height: 4, width: 3, interpolation: .nearest)) == [
        0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5,
      ])
  }

  @Test("write PNG files that read the same, and leave nothing else behind")
  func writes() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/out.png"
    try small.writePNG(to: path)
    try small.flippedHorizontally().writePNG(to: path)
    #expect(try Image.decode(file: path) == small.flippedHorizontally())
    #expect(try filesIn(folder) == ["out.png"])
  }

  @Test("report where they could not write")
  func reportsWriting() throws {
    let folder = try TemporaryFolder()
    try folder.write([], as: "file")
    let path = folder.path + "/file/out.png"
    let error = #expect(throws: ImagingError.self) { try small.writePNG(to: path) }
    let reason = "it is a file, not a folder; name another folder"
    #expect(try #require(error).description == "\(path): cannot be written: \(reason)")
  }

  @Test(
    "draw within the image, whatever the coordinates",
    arguments: [
      SIMD4(10, 12, 30, 25), SIMD4(-50, -50, 1000, 1000), SIMD4(.nan, .infinity, -.infinity, 1e30),
    ] as [SIMD4<Float>])
  func draws(box: SIMD4<Float>) {
    var image = Image(height: 40, width: 60, colour: [0, 0, 0])
    image.draw(box: box, colour: SIMD3(255, 0, 0), thickness: 1)
    image.draw(label: "nucleus 0.98 ∅", x: box[0], y: box[1], colour: SIMD3(255, 0, 0))
    #expect(image.size == ImageSize(height: 40, width: 60))
    if box[0] == 10 {
      // The lower left corner of the outline, red.
      let corner = (25 * 60 + 10) * 3
      #expect(Array(image.pixels[corner..<corner + 3]) == [0, 0, 255])
      #expect(image.pixels[(35 * 60 + 50) * 3 + 2] == 0)
    }
  }

  @Test("tint masks and label maps")
  func tints() {
    var image = Image(height: 1, width: 3, colour: [100, 100, 100])
    image.blend(
      LabelMap(height: 1, width: 3, pixels: [0, 1, 255]),
      palette: Palette([SIMD3(200, 0, 0), SIMD3(0, 0, 200)]),
      opacity: 0.5)
    #expect(image.pixels == [50, 50, 150, 150, 50, 50, 100, 100, 100])
    image.blend(Bitmap(height: 1, width: 3, pixels: [0, 0, 1]), colour: SIMD3(0, 200, 0), opacity: 0.5)
    #expect(image.pixels == [50, 50, 150, 150, 50, 50, 50, 150, 50])
  }

  @Test("have palettes of distinct colours")
  func distinctColours() { #expect(Set(Palette.distinct(80).colours).count == 80) }
}
