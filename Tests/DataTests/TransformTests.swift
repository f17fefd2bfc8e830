import Configuration
import Imaging
import Masks
import Tensors
import TestSupport
import Testing

import Data

@Suite("Transforms")
struct TransformTests {
  private func names(_ prefix: String) -> [String] {
    ((try? Golden.names(in: "image")) ?? []).filter { $0.hasPrefix(prefix) }
  }

  @Test("resize to mm's sizes and scale factors")
  func resizesAsReference() throws {
    for name in names("resize_") {
      let golden = try GoldenCase("image/\(name)")
      guard let scale = golden.stored.tensors["output.scale_factor"]?.tensor.values else { continue }
      let size = try #require(golden.config["scale"]).decode([Int].self)
      let resize = Resize(
        width: size[0], height: size[1],
        keepsRatio: try #require(golden.config["keep_ratio"]).decode(Bool.self))
      let image = try golden.image("input.img")
      var sample = Sample(imagePath: name, size: image.size)
      sample.image = image
      var random = RandomGenerator(seed: 0, purpose: .dataOrder)
      let result = try #require(try resize(sample, random: &random))
      let shape = try golden.stored.tensors["output.shape"]?.integers ?? golden.tensor("output.img").shape
      #expect(result.size == ImageSize(height: shape[0], width: shape[1]), "\(name)")
      #expect(result.image?.size == result.size)
      #expect(
        abs(result.scaleFactor.width - scale[0]) <= 1e-6 && abs(result.scaleFactor.height - scale[1]) <= 1e-6)
    }
  }

  @Test(
    "move image, boxes, masks and label map as mm",
    arguments: [
      ("sample_flip_bitmap", "{type: RandomFlip, prob: 1.0, direction: horizontal}"),
      ("sample_resize_keep_bitmap", "{type: Resize, scale: [130, 90], keep_ratio: true}"),
      ("sample_resize_fixed_bitmap", "{type: Resize, scale: [70, 90], keep_ratio: false}"),
      ("sample_crop_bitmap", ""),
    ])
  func movesSamples(name: String, step: String) throws {
    let golden = try GoldenCase("image/\(name).safetensors")
    let input = try golden.sample("input")
    let expected = try golden.sample("output")
    // The case fixes the window.
    let result =
      step.isEmpty
      ? input.cropped(top: 13, left: 29, height: 45, width: 52)
      : try #require(try pipeline(step)(input, seed: 1))
    #expect(result.size == expected.size)
    #expect(result.labelMap == expected.labelMap)
    #expect(result.instances?.labels == expected.instances?.labels)
    #expect(result.instances?.masks == expected.instances?.masks)
    let boxes = try #require(result.instances).boxes.values
    let wanted = try #require(expected.instances).boxes.values
    #expect(boxes.count == wanted.count && zip(boxes, wanted).allSatisfy { abs($0 - $1) <= 1e-4 })
    let differences = zip(try #require(result.image).pixels, try #require(expected.image).pixels).map {
      abs(Int($0) - Int($1))
    }
    #expect((differences.max() ?? 0) <= (name.contains("resize") ? 1 : 0))
  }

  @Test(
    "take mm's keys, and say what is wrong with others",
    arguments: [
      ("{type: Resize}", "scale"),
      ("{type: Resize, scale: [10, 10], scale_factor: 2.0}", "exclude each other"),
      ("{type: Resize, scale: [0, 10]}", "1...65535"),
      ("{type: Resize, scale: [1, 2, 3]}", "two numbers are wanted, not 3"),
      ("{type: Resize, scale: [10, 10], interpolation: cubic}", "bilinear"),
      ("{type: RandomFlip, prob: 1.5}", "1.5"),
      ("{type: RandomFlip, prob: 0.5, direction: vertical}", "horizontal"),
      ("{type: LoadImageFromFile, to_float32: true}", "8-bit"),
      ("{type: mmseg.RandomCrop, crop_size: [0, 4]}", "both positive"),
      ("{type: mmseg.RandomCrop, crop_sise: 4}", "crop_size"),
      ("{type: Resise, scale: [10, 10]}", "Resize"),
    ])
  func refusesKeys(step: String, expected: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try pipeline(step) }
    let message = "\(try #require(error))"
    #expect(message.contains(expected) && message.contains("test.yaml:1"), "\(message)")
  }

  @Test("flip about as often as asked, each sample for itself")
  func flipsAtRandom() throws {
    let flip = try pipeline("{type: RandomFlip, prob: 0.3}")
    let image = Image(height: 1, width: 2, pixels: [0, 0, 0, 1, 1, 1])
    var flipped = 0
    for number in 0..<1000 {
      var sample = Sample(number: number, imagePath: "x", size: image.size)
      sample.image = image
      let result = try #require(try flip(sample, seed: 3))
      if result.isFlipped { flipped += 1 }
      #expect(result.image == (result.isFlipped ? image.flippedHorizontally() : image))
      #expect(try flip(sample, seed: 3)?.isFlipped == result.isFlipped)
    }
    #expect((250...350).contains(flipped))
  }

  @Test("mean mm's scopes by the names they share")
  func knowsScopes() throws {
    #expect(try pipeline(scope: "mmseg", "{type: LoadAnnotations}").transforms[0] is LoadLabelMap)
    #expect(try pipeline(scope: "mmdet", "{type: LoadAnnotations}").transforms[0] is LoadInstances)
    #expect(try pipeline(scope: "mmdet", "{type: mmseg.LoadAnnotations}").transforms[0] is LoadLabelMap)
    let keys = "meta_keys: [img_path, ori_shape]"
    #expect(try pipeline("{type: PackDetInputs, \(keys)}", "{type: PackSegInputs}").transforms.count == 2)
  }

  @Test("crop by mmsegmentation's rule", arguments: ["last", "middle", "small"])
  func choosesWindows(name: String) throws {
    let golden = try GoldenCase("seg/crop_decision_\(name).safetensors")
    let size = try #require(golden.config["crop_size"]).decode([Int].self)
    let crop = RandomCrop(
      height: size[0], width: size[1],
      largestShare: try #require(golden.config["cat_max_ratio"]).decode(Double.self))
    let labels = try golden.labels("input.label")
    let windows = try golden.tensor("input.windows").integers
    let accepted = (0..<10).map { crop.accepts(labels, top: windows[2 * $0], left: windows[2 * $0 + 1]) }
    #expect(accepted.map { $0 ? 1 : 0 } == (try golden.tensor("output.accepted").integers))
    #expect((accepted.firstIndex(of: true) ?? 10) == (try golden.tensor("output.chosen").integers[0]))
  }

  @Test("crop every place of the image, and keep one that is smaller")
  func cropsEverywhere() throws {
    let crop = RandomCrop(height: 2, width: 3)
    var sample = Sample(imagePath: "x", size: ImageSize(height: 3, width: 4))
    sample.labelMap = LabelMap(height: 3, width: 4, pixels: Array(0..<12))
    var corners: Set<Int32> = []
    for number in 0..<100 {
      var random = RandomGenerator(seed: 0, sample: number, purpose: .augmentation(stage: 0))
      let result = try #require(try crop(sample, random: &random))
      #expect(result.size == ImageSize(height: 2, width: 3))
      corners.insert(try #require(result.labelMap).pixels[0])
    }
    #expect(corners == [0, 1, 4, 5])
    var random = RandomGenerator(seed: 0, purpose: .augmentation(stage: 0))
    let whole = try #require(try RandomCrop(height: 9, width: 9)(sample, random: &random))
    #expect(whole.labelMap == sample.labelMap)
  }
}
