import Checkpoints
import Configuration
import Data
import Imaging
import Tensors

/// What training of a classifier does to pictures: windows, resizing, RandAugment's operations, erasing.
let pictureAugmentationCases: [String: CaseRunner] = [
  "crop_box": { golden in
    let settings = try golden.config.decode(CropBoxCase.self)
    let draws = try golden.input("draws")
    let (sizes, corners) = (try golden.input("size").integers, try golden.input("corner").integers)
    let values = draws.tensor.values
    let (images, attempts) = (draws.shape[0], draws.shape[1])
    var boxes: [Int] = []
    for image in 0..<images {
      let size = ImageSize(height: sizes[2 * image], width: sizes[2 * image + 1])
      var window = RandomResizedCrop.centre(of: size, ratios: settings.ratio[0]...settings.ratio[1])
      for attempt in 0..<attempts {
        let place = 2 * (image * attempts + attempt)
        let draw = RandomResizedCrop.Draw(area: Double(values[place]), logRatio: Double(values[place + 1]))
        guard let fitting = draw.size(in: size) else { continue }
        window = PixelWindow(
          top: corners[2 * image], left: corners[2 * image + 1], height: fitting.height, width: fitting.width)
        break
      }
      boxes += [window.top, window.left, window.height, window.width]
    }
    var results = CaseResults()
    results.add("output.box", integers: boxes, shape: [images, 4])
    return results
  },
  "cls_transform": { golden in
    var sample = try golden.imageSample("img")
    sample.image = sample.image?.swappedRedAndBlue()
    for step in golden.config["transforms"]?.elements ?? [] {
      sample = try golden.applied(try PictureStep(step), to: sample)
    }
    var results = CaseResults()
    if let image = sample.image { results.add("output.img", image.swappedRedAndBlue()) }
    return results
  },
  "augment_op": { golden in
    let settings = try golden.config.decode(AugmentCase.self)
    let image = try golden.image("img").swappedRedAndBlue()
    let augmentation = try settings.augmentation
    let fill = SIMD3<UInt8>((settings.fill ?? [128, 128, 128]).reversed().map { UInt8(clamping: $0) })
    var results = CaseResults()
    for (index, setting) in settings.settings.enumerated() {
      let operation = augmentation.operation(
        at: setting.magnitude / 10, isNegative: setting.negate ?? false)
      let changed = image.applying(
        operation, interpolation: setting.interpolation ?? .bicubic, fill: fill)
      results.add("output.\(index)", changed.swappedRedAndBlue())
      if let argument = operation.argument {
        results.add("output.argument.\(index)", Tensor([Float(argument)], shape: []))
      }
    }
    return results
  },
  "random_erasing": { golden in
    let settings = try golden.config.decode(ErasingCase.self)
    let stored = try golden.input("img")
    let (height, width) = (stored.shape[1], stored.shape[2])
    // Channels last, as pictures are.
    var values = stored.tensor.permuted([1, 2, 0]).values
    let noise = golden.tensors["input.noise"]
    let numbers = noise?.tensor.permuted([1, 2, 0]).values ?? []
    var box = [0, 0, 0, 0]
    for draw in settings.draws {
      guard
        let size = RandomErasing.Draw(area: draw.area, aspect: draw.aspect)
          .size(in: ImageSize(height: height, width: width))
      else { continue }
      let window = PixelWindow(top: draw.top, left: draw.left, height: size.height, width: size.width)
      box = [window.top, window.left, window.height, window.width]
      var place = 0
      window.fill(&values, rowWidth: width, channels: 3) { channel in
        defer { place += 1 }
        switch settings.mode {
        case .const: return 0
        case .rand: return numbers[channel]
        case .pixel: return numbers[place]
        }
      }
      break
    }
    var results = CaseResults()
    results.add("output.box", integers: box, shape: [4])
    results.add("output.img", Tensor(values, shape: [height, width, 3]).permuted([2, 0, 1]))
    return results
  },
]

private struct CropBoxCase: Decodable {
  /// The shares of the area, from which `draws` come.
  let scale: [Double]
  let ratio: [Double]
}

private struct ErasingCase: Decodable {
  enum Mode: String, Decodable { case const, rand, pixel }
  struct Draw: Decodable {
    let area: Double
    let aspect: Double
    let top: Int
    let left: Int
  }
  let mode: Mode
  let draws: [Draw]
}

private struct AugmentCase: Decodable {
  struct Setting: Decodable {
    let magnitude: Double
    let negate: Bool?
    let interpolation: MotionInterpolation?
  }
  let op: String
  let settings: [Setting]
  let fill: [Int]?

  /// timm's name of an operation, as one of the increasing policy.
  var augmentation: PictureAugmentation {
    get throws {
      let names = [
        "AutoContrast", "Equalize", "Invert", "Rotate", "PosterizeIncreasing", "SolarizeIncreasing",
        "SolarizeAdd", "ColorIncreasing", "ContrastIncreasing", "BrightnessIncreasing", "SharpnessIncreasing",
        "ShearX", "ShearY", "TranslateXRel", "TranslateYRel",
      ]
      guard let index = names.firstIndex(of: op) else { throw NotBuiltYet(what: op) }
      return RandAugment.increasing[index]
    }
  }
}

/// torchvision's names of steps, with fixed windows.
private struct PictureStep: Transform {
  private let steps: [any Transform]
  private let window: PixelWindow?

  init(_ node: ConfigurationNode) throws {
    let type = node["type"]?.string
    let filter = PillowFilter(rawValue: node["interpolation"]?.string ?? "bilinear") ?? .bilinear
    let sides = try (try? node["size"]?.decode([Int].self)) ?? [node["size"]?.decode(Int.self) ?? 0]
    let size = ImageSize(height: sides.first ?? 0, width: sides.last ?? 0)
    func number(_ key: String) throws -> Int { try node[key]?.decode(Int.self) ?? 0 }
    switch type {
    case "Resize" where sides.count == 1:
      (steps, window) = ([ResizeEdge(size.height, .pillow(filter))], nil)
    case "CenterCrop": (steps, window) = ([CenterCrop(size, padding: .around)], nil)
    case "Resize", "ResizedCrop":
      steps = [Resize(size, .pillow(filter))]
      window =
        type == "Resize"
        ? nil
        : PixelWindow(
          top: try number("top"), left: try number("left"), height: try number("height"),
          width: try number("width"))
    case let type: throw NotBuiltYet(what: type ?? "no type")
    }
  }

  func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var current = sample
    if let window {
      current = current.cropped(
        top: window.top, left: window.left, height: window.height, width: window.width)
    }
    for step in steps {
      guard let next = try step(current, random: &random) else { return nil }
      current = next
    }
    return current
  }
}

extension PictureOperation {
  /// The number that a magnitude has turned into.
  fileprivate var argument: Double? {
    switch self {
    case .autoContrast, .equalize, .invert: nil
    case .rotate(let number), .colour(let number), .contrast(let number), .brightness(let number),
      .sharpness(let number), .shear(let number, _), .translate(let number, _):
      number
    case .posterize(let number), .solarize(let number), .solarizeAdd(let number, _): Double(number)
    }
  }
}
