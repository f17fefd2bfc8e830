import Configuration
import Imaging
import Masks
import Tensors
import Testing

import Data

/// Figures named "by mm" are those of mmcv 2.1, mmdetection 3.3 and mmsegmentation 1.2 for the same sample.
@Suite("Random transforms")
struct RandomTransformTests {
  /// Pixel values count up to 250 and start again, label values count up.
  private func sample(height: Int, width: Int) -> Sample {
    var sample = Sample(imagePath: "x.png", size: ImageSize(height: height, width: width))
    sample.image = Image(
      height: height, width: width, pixels: (0..<height * width * 3).map { UInt8($0 % 251) })
    sample.labelMap = LabelMap(height: height, width: width, pixels: (0..<Int32(height * width)).map { $0 })
    return sample
  }

  /// Four objects on 10 x 8 pixels.
  private func objects() -> Sample {
    var sample = sample(height: 8, width: 10)
    func mask(_ rows: Range<Int>, _ columns: Range<Int>) -> ObjectMask {
      var mask = Bitmap(height: 8, width: 10)
      for row in rows { for column in columns { mask.pixels[10 * row + column] = 1 } }
      return .bitmap(mask)
    }
    sample.instances = Instances(
      boxes: Boxes([0, 0, 4, 4, 2, 1, 9, 7, 6, 6, 10, 8, 1, 5, 3, 8]), labels: [0, 1, 2, 3],
      masks: [mask(1..<3, 1..<4), mask(2..<6, 3..<8), mask(7..<8, 7..<9), mask(5..<8, 1..<2)],
      isIgnored: [false, false, false, false])
    return sample
  }

  private func run(_ step: Pipeline, _ sample: Sample, number: Int) throws -> Sample? {
    var sample = sample
    sample.number = number
    return try step(sample, seed: 4)
  }

  // MARK: Pad

  /// By mm: size, the last pixel, the last and the first row of labels.
  @Test(
    "pad as mm",
    arguments: [
      (
        "size: [7, 5]", [5, 7], [0, 0, 0], [255, 255, 255, 255, 255, 255, 255], [0, 1, 2, 3, 255, 255, 255]
      ),
      ("size: [3, 6]", [6, 4], [0, 0, 0], [255, 255, 255, 255], [0, 1, 2, 3]),
      ("size_divisor: 4", [4, 4], [0, 0, 0], [255, 255, 255, 255], [0, 1, 2, 3]),
      ("pad_to_square: true", [4, 4], [0, 0, 0], [255, 255, 255, 255], [0, 1, 2, 3]),
      (
        "pad_to_square: true, size_divisor: 5", [5, 5], [0, 0, 0], [255, 255, 255, 255, 255],
        [0, 1, 2, 3, 255]
      ),
      (
        "size: [7, 5], pad_val: 9", [5, 7], [9, 9, 9], [255, 255, 255, 255, 255, 255, 255],
        [0, 1, 2, 3, 255, 255, 255]
      ),
      (
        "size: [7, 5], pad_val: {img: [1.5, 2.5, 250.7], seg: 255, masks: 0}", [5, 7], [2, 2, 251],
        [255, 255, 255, 255, 255, 255, 255], [0, 1, 2, 3, 255, 255, 255]
      ),
      (
        "size: [7, 5], padding_mode: edge", [5, 7], [33, 34, 35], [8, 9, 10, 11, 11, 11, 11],
        [0, 1, 2, 3, 3, 3, 3]
      ),
      (
        "size: [7, 5], padding_mode: reflect", [5, 7], [0, 1, 2], [0, 1, 2, 3, 2, 1, 0],
        [0, 1, 2, 3, 2, 1, 0]
      ),
      (
        "size: [7, 5], padding_mode: symmetric", [5, 7], [15, 16, 17], [4, 5, 6, 7, 7, 6, 5],
        [0, 1, 2, 3, 3, 2, 1]
      ),
    ])
  func pads(keys: String, size: [Int], pixel: [UInt8], last: [Int32], first: [Int32]) throws {
    var input = sample(height: 3, width: 4)
    input.instances = Instances(
      boxes: Boxes([0, 0, 4, 3]), labels: [0],
      masks: [.bitmap(Bitmap(height: 3, width: 4, pixels: [UInt8](repeating: 1, count: 12)))],
      isIgnored: [false])
    let result = try #require(try pipeline("{type: Pad, \(keys)}")(input, seed: 0))
    #expect(result.size == ImageSize(height: size[0], width: size[1]))
    let (image, labels) = (try #require(result.image), try #require(result.labelMap))
    #expect(image.size == result.size && labels.size == result.size)
    #expect(Array(image.pixels.suffix(3)) == pixel)
    #expect(Array(labels.pixels.suffix(size[1])) == last && Array(labels.pixels.prefix(size[1])) == first)
    let mask = try #require(result.instances?.masks?.first)
    #expect(mask.bitmap.area == 12 && mask.height == size[0] && mask.width == size[1])
    #expect(result.instances?.boxes == input.instances?.boxes)
  }

  // MARK: RandomCrop of mmdetection

  /// By mm: boxes, labels and areas of the masks behind the window (top, left, height, width).
  @Test(
    "crop as mmdetection",
    arguments: [
      ("", [1, 3, 4, 5], [0, 0, 1, 3, 0, 0, 5, 4], [0, 1], [2, 15]),
      (", bbox_clip_border: false", [1, 3, 4, 5], [-3, -1, 1, 3, -1, 0, 6, 6], [0, 1], [2, 15]),
      (", recompute_bbox: true", [1, 3, 4, 5], [0, 0, 1, 2, 0, 1, 5, 4], [0, 1], [2, 15]),
      (", allow_negative_crop: true", [0, 9, 4, 1], [], [], []),
      ("", [4, 4, 4, 6], [0, 0, 5, 3, 2, 2, 6, 4], [1, 2], [8, 2]),
    ] as [(String, [Int], [Float], [Int], [Int])])
  func cropsObjects(keys: String, window: [Int], boxes: [Float], labels: [Int], areas: [Int]) throws {
    let crop = try component("{type: RandomCrop, crop_size: [5, 4]\(keys)}").node
      .decode(DetectionRandomCrop.self)
    let result = try #require(
      crop.cropped(
        objects(), top: window[0], left: window[1], to: ImageSize(height: window[2], width: window[3])))
    #expect(result.size == ImageSize(height: window[2], width: window[3]))
    #expect(result.image?.size == result.size && result.labelMap?.size == result.size)
    #expect(result.labelMap?.pixels.first == Int32(10 * window[0] + window[1]))
    let instances = try #require(result.instances)
    #expect(instances.boxes.values == boxes && instances.labels == labels)
    #expect(instances.masks?.map(\.bitmap.area) == areas)
  }

  @Test("give no crop without objects, unless allowed")
  func refusesEmptyCrops() throws {
    let crop = try component("{type: RandomCrop, crop_size: [1, 4]}").node.decode(DetectionRandomCrop.self)
    #expect(crop.cropped(objects(), top: 0, left: 9, to: ImageSize(height: 4, width: 1)) == nil)
  }

  /// By mm, of 20,000 draws on 10 x 8 pixels: smallest, largest and mean (height, width).
  @Test(
    "crop to mmdetection's sizes, within the image",
    arguments: [
      ("crop_size: [5, 3]", [3, 5], [3, 5], [3.0, 5.0]),
      ("crop_size: [50, 3], crop_type: absolute", [3, 10], [3, 10], [3.0, 10.0]),
      ("crop_size: [3, 6], crop_type: absolute_range", [3, 3], [6, 6], [4.5, 4.5]),
      ("crop_size: [9, 20], crop_type: absolute_range", [8, 9], [8, 10], [8.0, 9.5]),
      ("crop_size: [0.5, 0.3], crop_type: relative", [2, 5], [2, 5], [2.0, 5.0]),
      ("crop_size: [0.5, 0.25], crop_type: relative_range", [4, 3], [8, 10], [6.0, 6.26]),
    ])
  func cropsToSizes(keys: String, smallest: [Int], largest: [Int], mean: [Double]) throws {
    let step = try pipeline("{type: mmdet.RandomCrop, allow_negative_crop: true, \(keys)}")
    let input = sample(height: 8, width: 10)
    var sizes: [ImageSize] = []
    var corners: Set<Int32> = []
    for number in 0..<3000 {
      let result = try #require(try run(step, input, number: number))
      // A window out of the image would be cut, or stop the test.
      #expect(result.image?.size == result.size && result.labelMap?.size == result.size)
      sizes.append(result.size)
      corners.insert(try #require(result.labelMap?.pixels.first))
    }
    #expect(sizes.map(\.height).min() == smallest[0] && sizes.map(\.width).min() == smallest[1])
    #expect(sizes.map(\.height).max() == largest[0] && sizes.map(\.width).max() == largest[1])
    #expect(abs(Double(sizes.reduce(0) { $0 + $1.height }) / 3000 - mean[0]) < 0.1)
    #expect(abs(Double(sizes.reduce(0) { $0 + $1.width }) / 3000 - mean[1]) < 0.15)
    // Every place of the largest window was drawn.
    #expect(corners.count >= (8 - largest[0] + 1) * (10 - largest[1] + 1))
  }

  // MARK: RandomCrop of mmsegmentation

  @Test("keep a class from filling a window, where a window allows it")
  func limitsShares() throws {
    // The left half is one class, the right half another: windows of two columns are of one class, but for one place.
    var input = sample(height: 4, width: 40)
    input.labelMap = LabelMap(height: 4, width: 40, pixels: (0..<160).map { $0 % 40 < 20 ? 1 : 2 })
    func shares(_ keys: String) throws -> Int {
      let step = try pipeline(scope: "mmseg", "{type: RandomCrop, crop_size: [4, 10]\(keys)}")
      return try (0..<500).count { number in
        let labels = try #require(try run(step, input, number: number)?.labelMap).pixels
        return Double(labels.count { $0 == labels[0] }) / Double(labels.count) < 0.75
      }
    }
    // Five of 31 places have a largest share below 0.75: without the rule a sixth, with ten tries 1 - (26/31)^11.
    #expect((50...120).contains(try shares("")))
    #expect((400...460).contains(try shares(", cat_max_ratio: 0.75")))
  }

  // MARK: RandomResize, RandomChoiceResize, RandomChoice

  /// By mm, of 50,000 draws: smallest, largest and mean (width, height).
  @Test(
    "resize within mm's range",
    arguments: [
      ("scale: [204, 51], ratio_range: [0.5, 2.0]", [102, 25], [407, 101], [254.5, 63.2]),
      ("scale: [[13, 64], [13, 80]]", [13, 64], [13, 80], [13.0, 72.0]),
      ("scale: [[100, 60], [50, 80]], resize_type: mmseg.Resize", [50, 60], [100, 80], [75.0, 70.0]),
    ])
  func resizesInRange(keys: String, smallest: [Int], largest: [Int], mean: [Double]) throws {
    let step = try pipeline("{type: RandomResize, \(keys), keep_ratio: false}")
    var input = sample(height: 2, width: 2)
    input.labelMap = nil
    let sizes = try (0..<2000).map { try #require(try run(step, input, number: $0)).size }
    #expect(sizes.allSatisfy { (smallest[0]...largest[0]).contains($0.width) })
    #expect(sizes.allSatisfy { (smallest[1]...largest[1]).contains($0.height) })
    #expect(abs(Double(sizes.reduce(0) { $0 + $1.width }) / 2000 - mean[0]) < 0.03 * mean[0])
    #expect(abs(Double(sizes.reduce(0) { $0 + $1.height }) / 2000 - mean[1]) < 0.03 * mean[1])
  }

  @Test("resize to each of several scales equally often, keeping the ratio")
  func choosesScales() throws {
    let step = try pipeline(
      "{type: RandomChoiceResize, scales: [[20, 10], [30, 10], [40, 40]], keep_ratio: true}")
    var counts: [ImageSize: Int] = [:]
    for number in 0..<900 {
      counts[try #require(try run(step, sample(height: 4, width: 8), number: number)).size, default: 0] += 1
    }
    // [20, 10] and [30, 10] both give a height of 10.
    #expect(Set(counts.keys) == [ImageSize(height: 10, width: 20), ImageSize(height: 20, width: 40)])
    #expect((540...660).contains(counts[ImageSize(height: 10, width: 20)] ?? 0))
  }

  @Test(
    "choose pipelines by their probabilities",
    arguments: [
      ("", [300, 300, 300]), (", prob: [0.5, 0.5, 0.0]", [450, 450, 0]),
      (", prob: [0.1, 0.2, 0.7]", [90, 180, 630]),
    ])
  func choosesPipelines(keys: String, expected: [Int]) throws {
    let step = try pipeline(
      "{type: RandomChoice, transforms: [[{type: Resize, scale: [3, 3]}, {type: Pad, size: [5, 5]}], "
        + "{type: Resize, scale: [6, 6]}, [{type: RandomChoice, transforms: [{type: Resize, scale: [7, 7]}]}]]"
        + "\(keys)}")
    var counts = [Int](repeating: 0, count: 3)
    for number in 0..<900 {
      let width = try #require(try run(step, sample(height: 2, width: 2), number: number)).size.width
      counts[try #require([5, 6, 7].firstIndex(of: width))] += 1
    }
    for (count, wanted) in zip(counts, expected) {
      #expect(abs(count - wanted) <= (wanted == 0 ? 0 : 60), "\(counts)")
    }
  }

  @Test("draw the same numbers for the same sample only")
  func isKeyed() throws {
    let step = try pipeline(
      "{type: RandomChoice, transforms: [[{type: RandomResize, scale: [90, 90], ratio_range: [0.1, 1.0]}]]}",
      "{type: mmdet.RandomCrop, crop_size: [0.3, 0.3], crop_type: relative_range, allow_negative_crop: true}",
      "{type: PhotoMetricDistortion}")
    let input = sample(height: 30, width: 40)
    let results = try (0..<20).map { try #require(try run(step, input, number: $0)).image?.pixels }
    #expect(Set(results).count > 15)
    #expect(try (0..<20).map { try #require(try run(step, input, number: $0)).image?.pixels } == results)
  }

  // MARK: TestTimeAug

  @Test("make every variant, the last list fastest")
  func makesVariants() throws {
    let step = try pipeline(
      scope: "mmseg",
      "{type: TestTimeAug, transforms: [[{type: Resize, scale_factor: 0.5}, {type: Resize, scale_factor: 2.0}], "
        + "[{type: RandomFlip, prob: 0.0}, {type: RandomFlip, prob: 1.0, direction: horizontal}], "
        + "[{type: PackSegInputs}]]}")
    let input = sample(height: 4, width: 6)
    let result = try #require(try run(step, input, number: 0))
    #expect(result.variants.map(\.size.width) == [3, 3, 12, 12])
    #expect(result.variants.map(\.isFlipped) == [false, true, false, true])
    #expect(result.image == result.variants[0].image && result.variants[0].variants.isEmpty)
    #expect(result.variants[3].image == result.variants[2].image?.flippedHorizontally())
    #expect(input.variants.isEmpty)
  }

  // MARK: Mistakes

  @Test(
    "say what is wrong with their keys",
    arguments: [
      ("{type: Pad}", "size"), ("{type: Pad, size: [4, 4], size_divisor: 2}", "exclude each other"),
      ("{type: Pad, size: [4, 4], pad_to_square: true}", "exclude each other"),
      ("{type: Pad, size: [4]}", "[width, height]"), ("{type: Pad, size_divisor: 0}", "1...65535"),
      ("{type: Pad, size_divisor: 2, pad_val: 300}", "0...255"),
      ("{type: Pad, size_divisor: 2, pad_val: {img: [1, 2]}}", "one or three numbers"),
      ("{type: Pad, size_divisor: 2, pad_val: {masks: 1}}", "0...0"),
      ("{type: Pad, size_divisor: 2, pad_val: {mask: 1}}", "masks"),
      ("{type: Pad, size_divisor: 2, padding_mode: mirror}", "symmetric"),
      ("{type: RandomResize, scale: [10, 10]}", "ratio_range is missing"),
      ("{type: RandomResize, scale: [[10, 10]]}", "two scales are wanted"),
      ("{type: RandomResize, scale: [[10, 10], [20, 20]], ratio_range: [0.5, 2.0]}", "not with two"),
      ("{type: RandomResize, scale: [10, 10], ratio_range: [2.0, 0.5]}", "[smallest, largest]"),
      ("{type: RandomResize, scale: [10, 10], ratio_range: [0.5, 1], keep_ration: true}", "keep_ratio"),
      ("{type: RandomResize, scale: [10, 10], ratio_range: [0.5, 1], resize_type: FixScaleResize}", "Resize"),
      ("{type: RandomChoiceResize, scales: []}", "one or more scales"),
      ("{type: RandomChoiceResize, scales: [1333, 800]}", "list"),
      ("{type: RandomChoiceResize, scales: [[0, 800]]}", "1...65535"),
      ("{type: RandomChoice, transforms: []}", "one or more pipelines"),
      ("{type: RandomChoice, transforms: [{type: Resize, scale: [1, 1]}], prob: [0.5]}", "whose sum is 1"),
      (
        "{type: RandomChoice, transforms: [{type: Resize, scale: [1, 1]}], prob: [0.5, 0.5]}",
        "1 pipelines have 2"
      ),
      ("{type: RandomChoice, transforms: [[{type: Resise}]]}", "Resize"),
      ("{type: RandomChoice, transforms: [{type: Resize, scael: [1, 1]}]}", "scale"),
      ("{type: mmdet.RandomCrop, crop_size: [5, 0]}", "1...65535"),
      ("{type: mmdet.RandomCrop, crop_size: [5, 3], crop_type: absolute_range}", "[smallest, largest]"),
      ("{type: mmdet.RandomCrop, crop_size: [5, 3], crop_type: relative}", "shares above 0"),
      ("{type: mmdet.RandomCrop, crop_size: [5, 3], crop_type: total}", "relative_range"),
      ("{type: mmdet.RandomCrop, crop_size: [5, 3], cat_max_ratio: 0.75}", "crop_size"),
      ("{type: PhotoMetricDistortion, hue_delta: -1}", "0...180"),
      ("{type: PhotoMetricDistortion, contrast_range: [1.5, 0.5]}", "[smallest, largest]"),
      ("{type: TestTimeAug, transforms: [[]]}", "one or more transforms"),
      ("{type: TestTimeAug, transforms: [{type: Resize, scale: [1, 1]}]}", "list"),
    ])
  func refusesKeys(step: String, expected: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try pipeline(step) }
    let message = "\(try #require(error))"
    #expect(message.contains(expected) && message.contains("test.yaml:1"), "\(message)")
  }
}
