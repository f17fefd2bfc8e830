import Configuration
import Imaging
import Layers
import Masks
import Tensors
import Testing

import Data

@Suite("Preprocessors")
struct PreprocessorTests {
  private func samples(_ golden: GoldenCase, withLabels: Bool) throws -> [Sample] {
    try (0..<2).map { index in
      let image = try golden.image("input.img\(index)")
      var sample = Sample(imagePath: "image \(index)", size: image.size)
      sample.image = image
      if withLabels { sample.labelMap = try golden.labels("input.label\(index)") }
      return sample
    }
  }

  /// Largest difference to the golden batch, which has PyTorch's layout.
  private func difference(_ batch: Tensor, _ golden: GoldenCase) throws -> Float {
    let expected = try golden.tensor("output.batch")
    #expect(batch.permuted([0, 3, 1, 2]).shape == expected.shape)
    return zip(batch.permuted([0, 3, 1, 2]).values, expected.tensor.values).map { abs($0 - $1) }.max()
      ?? .infinity
  }

  @Test("make mmdetection's batches")
  func detectorBatches() throws {
    let golden = try GoldenCase("image/preprocess_det.safetensors")
    let preprocessor = try golden.config.decode(DetDataPreprocessor.self)
    let batch = try preprocessor(samples(golden, withLabels: false))
    #expect(try difference(batch.images, golden) <= 1e-6)
    #expect(batch.paddedSizes == [ImageSize(height: 64, width: 64), ImageSize(height: 64, width: 96)])
  }

  @Test("make mmsegmentation's batches")
  func segmentorBatches() throws {
    let golden = try GoldenCase("image/preprocess_seg.safetensors")
    let preprocessor = try golden.config.decode(SegDataPreProcessor.self)
    let samples = try samples(golden, withLabels: true)
    let batch = try preprocessor.batch(samples, isTraining: true)
    #expect(try difference(batch.images, golden) <= 1e-6)
    #expect(batch.labels.map { Int($0) } == (try golden.tensor("output.labels").integers))
    // In evaluation: no labels, padded to the largest only.
    let evaluated = try ForwardMode.evaluation { try preprocessor.batch(samples) }
    #expect(evaluated.images.shape == [2, 50, 70, 3] && evaluated.labels.isEmpty)
    let step = ForwardMode.Step(seed: 0, step: 0, samples: [0, 1])
    #expect(try ForwardMode.training(step) { try preprocessor.batch(samples) }.labels.count == 2 * 64 * 80)
  }

  @Test("pad masks with the batch where asked")
  func padsMasks() throws {
    var sample = Sample(imagePath: "x", size: ImageSize(height: 3, width: 5))
    sample.image = Image(height: 3, width: 5, colour: [0, 0, 0])
    let mask = ObjectMask.bitmap(Bitmap(height: 3, width: 5, pixels: [UInt8](repeating: 1, count: 15)))
    let outline = ObjectMask.polygons(try PolygonMask(parts: [[0, 0, 5, 0, 5, 3]], height: 3, width: 5))
    sample.instances = Instances(
      boxes: Boxes([0, 0, 5, 3, 0, 0, 5, 3]), labels: [0, 0], masks: [mask, outline],
      isIgnored: [false, false])
    for (key, size) in [("true", 8), ("false", 0)] {
      let preprocessor = try component("{type: DetDataPreprocessor, pad_size_divisor: 8, pad_mask: \(key)}")
        .node.decode(DetDataPreprocessor.self)
      let batch = try preprocessor([sample])
      #expect(batch.images.shape == [1, 8, 8, 3])
      let expected = [mask, outline].map { size == 0 ? $0 : $0.padded(height: 8, width: 8) }
      #expect(batch.instances[0]?.masks == expected)
    }
  }

  @Test("pad with the values asked for, after normalising")
  func padsValues() throws {
    var sample = Sample(imagePath: "x", size: ImageSize(height: 1, width: 1))
    sample.image = Image(height: 1, width: 1, colour: [10, 20, 30])
    let text =
      "{type: DetDataPreprocessor, mean: [1, 2, 3], std: [1, 2, 4], bgr_to_rgb: true, pad_size_divisor: 2, "
      + "pad_value: 7}"
    let batch = try component(text).node.decode(DetDataPreprocessor.self)([sample])
    #expect(batch.images.values == [29, 9, 1.75] + [Float](repeating: 7, count: 9))
  }

  @Test(
    "say what is wrong with a config",
    arguments: [
      ("{type: DetDataPreprocessor, mean: [1, 2, 3], std: [1, 0, 1]}", "positive"),
      ("{type: DetDataPreprocessor, mean: [1, 2], std: [1, 1, 1]}", "three numbers"),
      ("{type: DetDataPreprocessor, mean: [1, 2, 3]}", "together"),
      ("{type: DetDataPreprocessor, pad_size_divisor: 0}", "65535"),
      ("{type: DetDataPreprocessor, bgr_to_rgb: true, rgb_to_bgr: true}", "exclude each other"),
      ("{type: DetDataPreprocessor, batch_augments: [{type: BatchSyncRandomResize}]}", "null"),
      ("{type: DetDataPreprocessor, size_divisor: 32}", "pad_size_divisor"),
      ("{type: SegDataPreProcessor}", "DetDataPreprocessor"),
    ])
  func refuses(text: String, expected: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try component(text).node.decode(DetDataPreprocessor.self)
    }
    let message = "\(try #require(error))"
    #expect(message.contains(expected), "\(message)")
  }

  @Test("name the file of a sample that does not fit")
  func namesFiles() throws {
    let preprocessor = try component("{type: SegDataPreProcessor, size: [4, 4]}").node
      .decode(SegDataPreProcessor.self)
    var sample = Sample(imagePath: "large.png", size: ImageSize(height: 5, width: 4))
    #expect(throws: DataError.self) { try preprocessor.batch([sample], isTraining: true) }
    sample.image = Image(height: 5, width: 4, colour: [0, 0, 0])
    let error = #expect(throws: DataError.self) { try preprocessor.batch([sample], isTraining: true) }
    #expect(try #require(error).description.contains("large.png: the image has 4 x 5 pixels"))
    sample.image = Image(height: 4, width: 4, colour: [0, 0, 0])
    let missing = #expect(throws: DataError.self) { try preprocessor.batch([sample], isTraining: true) }
    #expect(try #require(missing).description.contains("without a label map"))
  }
}
