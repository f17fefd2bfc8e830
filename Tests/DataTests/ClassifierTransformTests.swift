import Configuration
import Imaging
import Tensors
import Testing

import Data

/// The pixels are those of the golden cases in `cls/`; here is what the transforms make of their keys.
@Suite("Transforms of classifiers")
struct ClassifierTransformTests {
  private func sample(height: Int, width: Int, number: Int = 0) -> Sample {
    var sample = Sample(number: number, imagePath: "x.png", size: ImageSize(height: height, width: width))
    sample.image = Image(
      height: height, width: width, pixels: (0..<height * width * 3).map { UInt8($0 * 7 % 251) })
    return sample
  }

  private func run(_ step: String, _ sample: Sample) throws -> Sample {
    try #require(try pipeline(scope: nil, step)(sample, seed: 4))
  }

  @Test(
    "ResizeEdge gives one edge its length and cuts the other one",
    arguments: [
      ("scale: 10", [20, 33], [10, 16]), ("scale: 10", [33, 20], [16, 10]), ("scale: 10", [7, 7], [10, 10]),
      ("scale: 10, edge: long", [20, 33], [6, 10]), ("scale: 10, edge: width", [20, 33], [6, 10]),
      ("scale: 10, edge: height", [20, 33], [10, 16]),
      ("scale: 9, backend: pillow, interpolation: lanczos", [20, 33], [9, 14]),
      ("scale: 9, interpolation: area", [20, 33], [9, 14]),
    ])
  func edges(keys: String, from: [Int], to: [Int]) throws {
    let result = try run("{type: ResizeEdge, \(keys)}", sample(height: from[0], width: from[1]))
    #expect(result.image?.size == ImageSize(height: to[0], width: to[1]))
    #expect(result.size == result.image?.size)
  }

  @Test(
    "CenterCrop rounds its corner to even, keeps a smaller image or pads it behind",
    arguments: [
      ("crop_size: 4", [4, 4], [2, 4]), ("crop_size: [4, 3]", [3, 4], [2, 4]),
      ("crop_size: 20", [7, 11], [0, 0]),
      ("crop_size: [20, 4], auto_pad: true", [4, 20], [2, 0]),
    ])
  func centres(keys: String, size: [Int], corner: [Int]) throws {
    let original = sample(height: 7, width: 11)
    let result = try run("{type: CenterCrop, \(keys)}", original)
    let image = try #require(result.image)
    #expect(image.size == ImageSize(height: size[0], width: size[1]))
    let source = try #require(original.image)
    #expect(image.pixels[0] == source.pixels[3 * (11 * corner[0] + corner[1])])
    if size[1] > 11 { #expect(image.pixels.suffix(3) == [0, 0, 0]) }
  }

  @Test("RandomResizedCrop gives its size of any image, the same for the same number")
  func crops() throws {
    let step = "{type: RandomResizedCrop, scale: [9, 13], backend: pillow, interpolation: bicubic}"
    for size in [[40, 30], [1, 1], [1, 50], [50, 2]] {
      var seen: Set<[UInt8]> = []
      for number in 0..<8 {
        let original = sample(height: size[0], width: size[1], number: number)
        let (one, two) = (try run(step, original), try run(step, original))
        #expect(one.image?.size == ImageSize(height: 9, width: 13))
        #expect(one.image == two.image)
        seen.insert(one.image?.pixels ?? [])
      }
      #expect(size != [40, 30] || seen.count > 6)
    }
  }

  @Test("a window of which no draw fits is the largest in the middle")
  func middle() throws {
    let ratios = 3.0 / 4...4.0 / 3
    func window(_ height: Int, _ width: Int) -> PixelWindow {
      RandomResizedCrop.centre(of: ImageSize(height: height, width: width), ratios: ratios)
    }
    #expect(window(100, 10) == PixelWindow(top: 43, left: 0, height: 13, width: 10))
    #expect(window(10, 100) == PixelWindow(top: 0, left: 43, height: 10, width: 13))
    #expect(window(10, 11) == PixelWindow(top: 0, left: 0, height: 10, width: 11))
  }

  @Test("RandomErasing paints one window in its colour, or in noise, as often as it shall")
  func erases() throws {
    let original = sample(height: 30, width: 40)
    let keys = "erase_prob: 1.0, min_area_ratio: 0.1, max_area_ratio: 0.1, aspect_range: [1.0, 1.0]"
    let constant = try run("{type: RandomErasing, \(keys), fill_color: [1, 2, 3]}", original)
    let pixels = constant.image?.pixels ?? []
    let painted = stride(from: 0, to: pixels.count, by: 3).count { Array(pixels[$0..<$0 + 3]) == [1, 2, 3] }
    #expect((121...124).contains(painted))
    let noise = try run(
      "{type: RandomErasing, \(keys), mode: rand, fill_color: [100, 110, 120], fill_std: 5}", original)
    let changed = zip(noise.image?.pixels ?? [], original.image?.pixels ?? []).count { $0 != $1 }
    #expect((340...363).contains(changed))
    #expect(try run("{type: RandomErasing, erase_prob: 0.0}", original).image == original.image)
    let erased = try (0..<400).count {
      let sample = sample(height: 30, width: 40, number: $0)
      return try run("{type: RandomErasing, erase_prob: 0.25}", sample).image != sample.image
    }
    #expect((70...130).contains(erased))
  }

  @Test("ColorJitter leaves the picture as it is where every factor is 1")
  func jitters() throws {
    let original = sample(height: 9, width: 9)
    #expect(try run("{type: ColorJitter, brightness: 0, hue: 0}", original).image == original.image)
    let changed = try run("{type: ColorJitter, brightness: 0.4, contrast: 0.4, saturation: 0.4}", original)
    #expect(changed.image != original.image)
  }

  @Test("an operation alone does what its fixed argument says")
  func operations() throws {
    let original = sample(height: 9, width: 9)
    let image = try #require(original.image)
    let steps: [(String, PictureOperation)] = [
      ("type: Posterize, bits: 3", .posterize(bits: 3)),
      ("type: Solarize, thr: 90", .solarize(threshold: 90)),
      ("type: Invert", .invert), ("type: Equalize", .equalize),
      ("type: SolarizeAdd, magnitude: 40, thr: 100", .solarizeAdd(amount: 40, threshold: 100)),
      ("type: Brightness, magnitude: 0.5, random_negative_prob: 0.0", .brightness(factor: 1.5)),
      ("type: Brightness, magnitude: 0.5, random_negative_prob: 1.0", .brightness(factor: 0.5)),
      ("type: Posterize, magnitude_range: [4, 0], magnitude_level: 5.3", .posterize(bits: 2)),
      (
        "type: Solarize, magnitude_range: [256, 0], magnitude_level: 4, total_level: 8",
        .solarize(threshold: 128)
      ),
    ]
    for (keys, operation) in steps {
      let result = try run("{\(keys), prob: 1.0}", original)
      #expect(result.image == image.applying(operation), "\(keys)")
    }
    let shifted = try run(
      "{type: Translate, magnitude: 0.34, random_negative_prob: 0.0, prob: 1.0, pad_val: [1, 2, 3]}", original
    )
    #expect(shifted.image?.pixels[24..<27] == [1, 2, 3])
    #expect(shifted.image?.pixels[0..<3] == image.pixels[9..<12])
  }

  @Test("RandAugment draws operations anew for each image, the same for the same number")
  func augments() throws {
    let step =
      "{type: RandAugment, policies: timm_increasing, num_policies: 2, magnitude_level: 9, magnitude_std: 0.5, "
      + "hparams: {pad_val: [104, 116, 124], interpolation: bicubic}}"
    var seen: Set<[UInt8]> = []
    for number in 0..<40 {
      let original = sample(height: 12, width: 14, number: number)
      let result = try run(step, original)
      #expect(result.image == (try run(step, original)).image)
      #expect(result.size == original.size)
      seen.insert(result.image?.pixels ?? [])
    }
    #expect((20...40).contains(seen.count))
    let own = try run(
      "{type: RandAugment, policies: [{type: Invert, prob: 1.0}], num_policies: 3, magnitude_level: 1}",
      sample(height: 3, width: 3))
    #expect(own.image == sample(height: 3, width: 3).image?.inverted())
  }

  @Test(
    "what cannot be meant is refused where it stands",
    arguments: [
      ("{type: ResizeEdge, scale: 0}", "scale"), ("{type: ResizeEdge, scale: 9, edge: wide}", "edge"),
      ("{type: ResizeEdge, scale: 9, backend: pillow, interpolation: area}", "interpolation"),
      ("{type: ResizeEdge, scale: 9, interpolation: hamming}", "interpolation"),
      ("{type: ResizeEdge, scale: 9, backend: tv}", "backend"), ("{type: CenterCrop}", "crop_size"),
      ("{type: CenterCrop, crop_size: 8, efficientnet_style: true}", "efficientnet_style"),
      ("{type: CenterCrop, crop_size: [8, 0]}", "crop_size"),
      ("{type: RandomResizedCrop, scale: 8, crop_ratio_range: [0.5, 0.2]}", "crop_ratio_range"),
      ("{type: RandomResizedCrop, scale: 8, crop_ratio_range: [0.5, 1.2]}", "crop_ratio_range"),
      ("{type: RandomResizedCrop, scale: 8, aspect_ratio_range: [0, 1]}", "aspect_ratio_range"),
      ("{type: RandomErasing, mode: pixel}", "mode"), ("{type: RandomErasing, erase_prob: 2}", "erase_prob"),
      ("{type: RandomErasing, min_area_ratio: 0.5}", "max_area_ratio"),
      ("{type: RandomErasing, fill_color: [1, 2]}", "fill_color"), ("{type: ColorJitter, hue: 0.1}", "hue"),
      ("{type: RandAugment, policies: v0, num_policies: 2, magnitude_level: 9}", "policies"),
      ("{type: RandAugment, policies: [], num_policies: 2, magnitude_level: 9}", "policies"),
      ("{type: RandAugment, policies: timm_increasing, num_policies: 0, magnitude_level: 9}", "num_policies"),
      (
        "{type: RandAugment, policies: timm_increasing, num_policies: 2, magnitude_level: 11}",
        "magnitude_level"
      ),
      ("{type: RandAugment, policies: timm_increasing, num_policies: 2}", "magnitude_level"),
      ("{type: RandAugment, policies: [{type: Resize}], num_policies: 2, magnitude_level: 9}", "type"),
      ("{type: Rotate, magnitude_range: [0, 30], angle: 3}", "angle"), ("{type: Rotate}", "type"),
      ("{type: Posterize, bits: 9}", "bits"), ("{type: AutoContrast, pad_val: 3}", "pad_val"),
      ("{type: Shear, magnitude: 0.1, interpolation: area}", "interpolation"),
    ])
  func refuses(step: String, key: String) throws {
    let error = try #require(#expect(throws: ConfigurationError.self) { try pipeline(scope: nil, step) })
    #expect("\(error)".contains(key), "\(error)")
  }

  @Test("an edge that vanishes, and motions of annotated pictures, are errors")
  func impossible() throws {
    #expect(throws: DataError.self) {
      try run("{type: ResizeEdge, scale: 1, edge: long}", sample(height: 2, width: 300))
    }
    var annotated = sample(height: 8, width: 8)
    annotated.labelMap = LabelMap(height: 8, width: 8, pixels: [Int32](repeating: 0, count: 64))
    #expect(throws: DataError.self) { try run("{type: Rotate, angle: 30, prob: 1.0}", annotated) }
    #expect(throws: DataError.self) {
      try run("{type: RandomResizedCrop, scale: 8}", Sample(imagePath: "x.png"))
    }
  }
}
