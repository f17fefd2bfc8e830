import Configuration
import Data
import Imaging
import Tensors
import Testing

/// Transforms and samplers with numbers at the limits of their types.
@Suite("extreme numbers of data")
struct ExtremeNumbersOfDataTests {
  private static let numbers = [
    "-9223372036854775808", "9223372036854775807", "-2147483649", "2147483648", "0", "-1", "1e308", "-1e308",
    "5e-324", ".nan", ".inf",
  ]

  /// Transforms with N where a number stands.
  private static let transforms = [
    "{type: Resize, scale: N}", "{type: Resize, scale: [N, N]}", "{type: Resize, scale_factor: N}",
    "{type: Resize, scale_factor: [1, N], keep_ratio: true}",
    "{type: RandomResize, scale: [N, 8], ratio_range: [1, 2]}",
    "{type: RandomResize, scale: [8, 8], ratio_range: [N, N]}",
    "{type: RandomResize, scale: [[8, 8], [N, N]]}",
    "{type: RandomChoiceResize, scales: [[N, N]]}", "{type: RandomFlip, prob: N}",
    "{type: Pad, size: [N, N]}", "{type: Pad, size_divisor: N}", "{type: Pad, size: [9, 9], pad_val: N}",
    "{type: Pad, size: [9, 9], pad_val: {img: N, seg: N}}", "{type: Pad, size: [9, 9], pad_val: {seg: N}}",
    "{type: Pad, size: [9, 9], pad_val: {masks: N}}", "{type: mmseg.RandomCrop, crop_size: [N, N]}",
    "{type: mmseg.RandomCrop, crop_size: N}",
    "{type: mmseg.RandomCrop, crop_size: [4, 4], cat_max_ratio: N}",
    "{type: mmseg.RandomCrop, crop_size: [4, 4], cat_max_ratio: 0.5, ignore_index: N}",
    "{type: mmdet.RandomCrop, crop_size: [N, N]}",
    "{type: mmdet.RandomCrop, crop_size: [N, N], crop_type: absolute_range}",
    "{type: mmdet.RandomCrop, crop_size: [N, N], crop_type: relative}",
    "{type: mmdet.RandomCrop, crop_size: [N, N], crop_type: relative_range}",
    "{type: PhotoMetricDistortion, brightness_delta: N}",
    "{type: PhotoMetricDistortion, contrast_range: [N, N]}",
    "{type: PhotoMetricDistortion, saturation_range: [N, N]}", "{type: PhotoMetricDistortion, hue_delta: N}",
    "{type: RandomChoice, transforms: [[{type: RandomFlip, prob: 0}]], prob: [N]}",
    "{type: TestTimeAug, transforms: [[{type: Resize, scale: [N, N]}, {type: Resize, scale_factor: N}]]}",
  ]

  @Test("a transform takes or refuses them, with the key, and never traps", arguments: transforms)
  func transform(text: String) throws {
    for number in Self.numbers {
      let step = text.replacing("N", with: number)
      do {
        let steps = try pipeline(scope: "mmseg", step)
        let size = ImageSize(height: 6, width: 7)
        var sample = Sample(imagePath: "a", size: size)
        sample.image = Image(height: 6, width: 7, channels: 3, pixels: [UInt8](repeating: 9, count: 126))
        sample.labelMap = LabelMap(height: 6, width: 7, pixels: [Int32](repeating: 1, count: 42))
        for seed in 0..<4 as Range<UInt64> { _ = try steps(sample, seed: seed) }
      } catch let error as ConfigurationError {
        #expect(!error.keyPath.isEmpty || error.message.contains("'"), "\(step): \(error)")
      } catch { #expect(!"\(error)".isEmpty) }
    }
  }

  private static let preprocessors = [
    "{mean: [N, 0, 0], std: [1, 1, 1]}", "{mean: [0, 0, 0], std: [N, 1, 1]}", "{pad_size_divisor: N}",
    "{pad_value: N}", "{mask_pad_value: N}", "{seg_pad_value: N}",
  ]

  @Test("preprocessors take or refuse them", arguments: preprocessors)
  func preprocessor(text: String) throws {
    for number in Self.numbers {
      let node = try ConfigurationNode.parse(text.replacing("N", with: number), file: "a.yaml")
      do { _ = try node.decode(DetDataPreprocessor.self) } catch let error as ConfigurationError {
        #expect(!error.keyPath.isEmpty, "\(error)")
      }
    }
  }

  @Test(
    "indices: so many of the first or the last, none beyond",
    arguments: [
      ("-9223372036854775808", [1, 2, 3]), ("9223372036854775807", [1, 2, 3]), ("-2", [2, 3]), ("2", [1, 2]),
      ("0", []), ("[2, 0]", [3, 1]), ("[-9223372036854775808]", nil), ("[9223372036854775807]", nil),
      ("[-1]", nil),
    ] as [(String, [Int]?)])
  func indices(text: String, expected: [Int]?) throws {
    let settings = try ConfigurationNode.parse("indices: \(text)", file: "a.yaml").decode(
      DatasetSettings.self)
    if let expected {
      #expect(try settings.selected(from: [1, 2, 3], file: "a") == expected)
    } else {
      #expect(throws: DataError.self) { try settings.selected(from: [1, 2, 3], file: "a") }
    }
  }

  @Test("samplers take or refuse them")
  func samplers() throws {
    for number in Self.numbers + ["18446744073709551615"] {
      for type in ["DefaultSampler", "InfiniteSampler"] {
        do {
          _ = try DataComponents().samplers.build(
            component("{type: \(type), seed: \(number)}"), scope: nil, in: SamplerContext(count: 3, seed: 0))
        } catch let error as ConfigurationError { #expect(error.keyPath == "seed") }
      }
    }
  }
}
