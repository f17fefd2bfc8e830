import Backbones
import Configuration
import Data
import Foundation
import Imaging
import Modeling
import Segmentation
import TestSupport
import Tensors
import Testing

@Suite("Windows and variants of an image")
struct SlidingWindowTests {
  private static let config = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs/_base_/models/upernet_vssm.yaml").path

  private func model(_ overrides: [String] = []) throws -> EncoderDecoder {
    let small = [
      "model.backbone.dims=[4,4,8,8]", "model.backbone.depths=[1,1,1,1]",
      "model.decode_head.in_channels=[4,4,8,8]", "model.decode_head.channels=8",
      "model.auxiliary_head.in_channels=8", "model.auxiliary_head.channels=8",
    ]
    let node = try ConfigurationNode.load(file: Self.config, overrides: small + overrides)
    var components = Components()
    components.addBackbones()
    components.addSegmentation()
    let model = try components.models.build(
      ComponentConfiguration(node["model"] ?? node), scope: nil,
      in: ModelContext(classes: ["a", "b", "c"], components: components))
    model.initialize(seed: 3)
    return try #require(model as? EncoderDecoder)
  }

  private static let slide =
    "model.test_cfg={mode: slide, crop_size: [48, 40], stride: [32, 24]}"

  private func sample(_ height: Int, _ width: Int, file: (Int, Int)? = nil) -> Sample {
    var sample = Sample(imagePath: "a.png")
    let pixels = Tensor.random([height * width * 3], in: 0...255).values.map { UInt8($0) }
    sample.image = Image(height: height, width: width, pixels: pixels)
    sample.size = ImageSize(height: height, width: width)
    sample.originalSize = file.map { ImageSize(height: $0.0, width: $0.1) } ?? sample.size
    return sample
  }

  /// All windows at once at full size, as mmsegmentation does it.
  private func reference(_ model: EncoderDecoder, _ sample: Sample) throws -> Tensor {
    let image = try #require(sample.image)
    let batch = try batch(sample)
    func starts(_ size: Int, _ crop: Int, _ stride: Int) -> [Int] {
      (0..<(max(size - crop + stride - 1, 0) / stride + 1)).map {
        max(min($0 * stride + crop, size) - crop, 0)
      }
    }
    var sum = Tensor.zeros([1, image.height, image.width, 3])
    var count = Tensor.zeros([1, image.height, image.width, 1])
    for top in starts(image.height, 48, 32) {
      for left in starts(image.width, 40, 24) {
        let (bottom, right) = (min(top + 48, image.height), min(left + 40, image.width))
        let window = batch.sliced(axis: 1, from: top, to: bottom).sliced(axis: 2, from: left, to: right)
        let logits = withoutGradients { model.logits(window) }
        sum.add(model.resized(logits, bottom - top, right - left), row: top, column: left)
        count.add(.ones([1, bottom - top, right - left, 1]), row: top, column: left)
      }
    }
    return sum / count
  }

  @Test(
    "slide mode decides as the mean over all windows, whatever the size",
    arguments: [(48, 40), (80, 64), (81, 65), (100, 133), (33, 90), (90, 33), (47, 39)])
  func slides(height: Int, width: Int) throws {
    let model = try model([Self.slide])
    for file in [nil, (height / 2, width + 7)] {
      let sample = sample(height, width, file: file)
      let expected = model.resized(
        try reference(model, sample), sample.originalSize.height, sample.originalSize.width)
      let map = try #require(try withoutGradients { try model.predict([sample]) }[0].labelMap)
      let same = zip(map.pixels, expected.indicesOfMaxima).count { $0 == $1 }
      #expect(same >= map.pixels.count - map.pixels.count / 500 && map.size == sample.originalSize)
    }
  }

  @Test("variants are flipped back, brought to one size and averaged", arguments: [false, true])
  func merges(slides: Bool) throws {
    let model = try model(slides ? [Self.slide] : [])
    let plain = sample(64, 96, file: (50, 71))
    let variants = [
      plain, plain.flippedHorizontally(),
      plain.resized(to: ImageSize(height: 80, width: 120), interpolation: .bilinear),
    ]
    let file = plain.originalSize
    var sum = Tensor.zeros([1, file.height, file.width, 3])
    for variant in variants {
      let images = try batch(variant)
      let logits =
        slides
        ? try reference(model, variant)
        : model.resized(
          withoutGradients { model.logits(images) }, variant.size.height, variant.size.width)
      let back = logits.mirrored(horizontally: variant.isFlipped, vertically: false)
      sum = sum + model.resized(back, file.height, file.width).softmax(axis: 3)
    }
    let merged = try SegTTAModel().predict(variants, by: model)
    let map = try #require(merged.labelMap)
    let same = zip(map.pixels, sum.indicesOfMaxima).count { $0 == $1 }
    #expect(same >= map.pixels.count - map.pixels.count / 500)
  }

  @Test("an image as a whole is more than windows of it")
  func memory() throws {
    let model = try model()
    let size = ImageSize(height: 3000, width: 4000)
    let whole = model.predictionMemory(of: size)
    let slide = try #require(model.thriftier(for: size))
    #expect(slide.setting.contains("mode: slide") && slide.bytes < whole)
    #expect(model.thriftier(for: ImageSize(height: 100, width: 100)) == nil)
    #expect(try self.model([Self.slide]).predictionMemory(of: size) < whole)
  }

  @Test("a model of another kind is refused by name")
  func refuses() throws {
    let error = #expect(throws: DataError.self) { try SegTTAModel().predict([], by: model()) }
    #expect(error?.message.contains("EncoderDecoder") == true)
  }

  private func batch(_ sample: Sample) throws -> Tensor {
    try ConfigurationNode.parse(
      "{mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], bgr_to_rgb: true}", file: "p.yaml"
    ).decode(SegDataPreProcessor.self).batch([sample]).images
  }
}
