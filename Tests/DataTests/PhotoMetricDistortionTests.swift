import Imaging
import Tensors
import Testing

import Data

@Suite("PhotoMetricDistortion")
struct PhotoMetricDistortionTests {
  private typealias Decisions = PhotoMetricDistortion.Decisions

  private static let pixels: [UInt8] = [
    10, 200, 30, 250, 3, 128, 0, 0, 0, 255, 255, 255, 90, 90, 90, 17, 130, 231, 60, 61, 62, 200, 10, 220,
  ]

  private func distorted(_ decisions: Decisions) -> [UInt8] {
    PhotoMetricDistortion.distorted(Image(height: 1, width: 8, pixels: Self.pixels), by: decisions).pixels
  }

  /// By mmsegmentation 1.2's own steps, with OpenCV 4.
  @Test(
    "changes colours as mmsegmentation, to the bit",
    arguments: [
      (
        PhotoMetricDistortion.Decisions(brightness: -20.5),
        [
          0, 179, 9, 229, 0, 107, 0, 0, 0, 234, 234, 234, 69, 69, 69, 0, 109, 210, 39, 40, 41, 179, 0, 199,
        ]
      ),
      (
        PhotoMetricDistortion.Decisions(contrast: 1.37),
        [
          13, 255, 41, 255, 4, 175, 0, 0, 0, 255, 255, 255, 123, 123, 123, 23, 178, 255, 82, 83, 84, 255, 13,
          255,
        ]
      ),
      (
        PhotoMetricDistortion.Decisions(saturation: 0.6),
        [
          86, 200, 98, 250, 102, 176, 0, 0, 0, 255, 255, 255, 90, 90, 90, 103, 171, 231, 61, 62, 62, 207, 95,
          220,
        ]
      ),
      (
        PhotoMetricDistortion.Decisions(hue: -17),
        [
          10, 200, 137, 250, 19, 3, 0, 0, 0, 255, 255, 255, 90, 90, 90, 24, 17, 231, 60, 60, 62, 220, 10, 122,
        ]
      ),
      (
        PhotoMetricDistortion.Decisions(
          brightness: 12.25, contrast: 0.71, contrastComesFirst: true, saturation: 1.4, hue: 9),
        [
          30, 150, 0, 181, 0, 151, 8, 8, 8, 181, 181, 181, 72, 72, 72, 0, 143, 172, 51, 51, 52, 98, 0, 164,
        ]
      ),
      (
        PhotoMetricDistortion.Decisions(
          brightness: 12.25, contrast: 0.71, contrastComesFirst: false, saturation: 1.4, hue: 9),
        [
          29, 150, 0, 181, 0, 151, 8, 8, 8, 181, 181, 181, 72, 72, 72, 0, 144, 172, 50, 52, 52, 98, 0, 164,
        ]
      ),
    ])
  func changesColours(decisions: PhotoMetricDistortion.Decisions, expected: [UInt8]) {
    #expect(distorted(decisions) == expected)
  }

  @Test("leaves an image alone when nothing is decided")
  func doesNothing() { #expect(distorted(Decisions()) == Self.pixels) }

  @Test("decides each change by a coin, within its range")
  func decides() throws {
    let distortion = try component("{type: PhotoMetricDistortion}").node.decode(PhotoMetricDistortion.self)
    let decisions = (0..<2000).map { number in
      var random = RandomGenerator(seed: 1, sample: number, purpose: .augmentation(stage: 3))
      return distortion.decisions(random: &random)
    }
    let half = 900...1100
    #expect(half.contains(decisions.count { $0.contrastComesFirst }))
    let brightness = decisions.compactMap(\.brightness)
    #expect(half.contains(brightness.count) && brightness.allSatisfy { abs($0) <= 32 })
    #expect(try #require(brightness.min()) < -30 && #require(brightness.max()) > 30)
    for factors in [decisions.compactMap(\.contrast), decisions.compactMap(\.saturation)] {
      #expect(half.contains(factors.count) && factors.allSatisfy { (0.5...1.5).contains($0) })
      #expect(try #require(factors.min()) < 0.52 && #require(factors.max()) > 1.48)
    }
    let hues = decisions.compactMap(\.hue)
    #expect(half.contains(hues.count) && Set(hues) == Set(-18..<18))
  }
}
