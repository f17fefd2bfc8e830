import Configuration
import Imaging
import Layers
import Tensors

/// How strong an augmentation is: mmpretrain's `magnitude_level`, `magnitude_std` and `total_level`.
struct AugmentationMagnitude: Decodable, Sendable, Equatable {
  /// How the level is spread.
  enum Spread: Decodable, Sendable, Equatable {
    /// Normally, with this deviation; 0 and less: not at all.
    case normal(Double)
    /// `inf`: evenly from 0 to the level.
    case uniform

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      let word = try? value.decode(String.self)
      if let word, [".inf", "inf"].contains(word.lowercased()) {
        self = .uniform
        return
      }
      let number = try value.decode(Double.self)
      self = number == .infinity ? .uniform : .normal(number)
    }
  }

  var level: Double
  var spread = Spread.normal(0)
  var total: Double

  enum CodingKeys: String, CodingKey {
    case level = "magnitude_level"
    case spread = "magnitude_std"
    case total = "total_level"
  }

  init(level: Double = 10, total: Double = 10) { (self.level, self.total) = (level, total) }

  init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    level = try keys.decodeIfPresent(Double.self, forKey: .level, in: 0...1e6) ?? 10
    spread = try keys.decodeIfPresent(Spread.self, forKey: .spread) ?? .normal(0)
    total = try keys.decodeIfPresent(Double.self, forKey: .total, in: 1e-6...1e6) ?? 10
    guard level <= total else {
      throw keys.refusal("\(level) is more than total_level, \(total)", forKey: .level)
    }
  }

  /// A share of the range of an operation's argument.
  func draw(_ random: inout RandomGenerator) -> Double {
    let level =
      switch spread {
      case .uniform: self.level * Double(random.uniform())
      case .normal(let deviation) where deviation > 0:
        max(0, min(self.level + deviation * Double(random.normal()), total))
      case .normal: self.level
      }
    return level / total
  }
}

/// One of RandAugment's operations on an image, at random (mmpretrain's `Rotate`, `Posterize` and so on), with the
/// numbers of timm and Pillow.
public struct PictureAugmentation: Transform, Decodable {
  /// mmpretrain's names of the operations.
  public enum Kind: String, Sendable, CaseIterable, Decodable {
    case autoContrast = "AutoContrast"
    case equalize = "Equalize"
    case invert = "Invert"
    case rotate = "Rotate"
    case posterize = "Posterize"
    case solarize = "Solarize"
    case solarizeAdd = "SolarizeAdd"
    case colour = "ColorTransform"
    case contrast = "Contrast"
    case brightness = "Brightness"
    case sharpness = "Sharpness"
    case shear = "Shear"
    case translate = "Translate"

    /// A line about it.
    var description: String {
      switch self {
      case .autoContrast: "Each channel stretched to 0 ... 255, at random"
      case .equalize: "Each channel's values about equally often, at random"
      case .invert: "255 - v, at random"
      case .rotate: "Turned by angle or magnitude_range, at random (pad_val, interpolation)"
      case .posterize: "Cut to bits or magnitude_range a channel, at random"
      case .solarize: "255 - v from thr or magnitude_range on, at random"
      case .solarizeAdd: "Brighter by magnitude or magnitude_range below thr, at random"
      case .colour: "Saturation 1 ± magnitude or magnitude_range, at random"
      case .contrast: "Contrast 1 ± magnitude or magnitude_range, at random"
      case .brightness: "Brightness 1 ± magnitude or magnitude_range, at random"
      case .sharpness: "Sharpness 1 ± magnitude or magnitude_range, at random"
      case .shear: "Sheared by magnitude or magnitude_range, at random (direction, pad_val, interpolation)"
      case .translate: "Moved by a share of the side, at random (direction, pad_val, interpolation)"
      }
    }

    /// The key of a fixed argument; nil for an operation without one.
    fileprivate var argument: CodingKeys? {
      switch self {
      case .autoContrast, .equalize, .invert: nil
      case .rotate: .angle
      case .posterize: .bits
      case .solarize: .threshold
      case .solarizeAdd, .colour, .contrast, .brightness, .sharpness, .shear, .translate: .magnitude
      }
    }

    /// Whether its argument may get either sign.
    fileprivate var isSigned: Bool {
      switch self {
      case .rotate, .colour, .contrast, .brightness, .sharpness, .shear, .translate: true
      case .autoContrast, .equalize, .invert, .posterize, .solarize, .solarizeAdd: false
      }
    }

    /// Whether it moves pixels, so that some come from outside.
    fileprivate var moves: Bool { self == .rotate || self == .shear || self == .translate }

    /// What its argument may be.
    fileprivate var possible: ClosedRange<Double> {
      switch self {
      case .autoContrast, .equalize, .invert: 0...0
      case .rotate: -360...360
      case .posterize: 0...8
      case .solarize, .solarizeAdd: 0...256
      case .colour, .contrast, .brightness, .sharpness: -1...100
      case .shear, .translate: -10...10
      }
    }
  }

  /// Whether pixels go to other places.
  public var movesPixels: Bool { kind.moves }

  let kind: Kind
  /// The argument at level 0 and at the highest; equal where it is fixed.
  let argument: (low: Double, high: Double)
  var magnitude: AugmentationMagnitude
  var probability: Float = 0.5
  var negativeProbability: Float = 0.5
  var axis = PictureAxis.horizontal
  /// Below it `SolarizeAdd` adds.
  var threshold = 128
  /// Nil: what is usual for the operation.
  var interpolation: MotionInterpolation?
  /// Blue, green, red; nil: 128.
  var fill: SIMD3<UInt8>?

  enum CodingKeys: String, CodingKey {
    case type, magnitude, angle, bits, direction, interpolation
    case threshold = "thr"
    case range = "magnitude_range"
    case probability = "prob"
    case negativeProbability = "random_negative_prob"
    case fill = "pad_val"
  }

  /// An operation whose argument goes from one number at level 0 to another.
  package init(
    _ kind: Kind, from low: Double = 0, to high: Double = 0, along axis: PictureAxis = .horizontal
  ) {
    (self.kind, argument, self.axis) = (kind, (low, high), axis)
    magnitude = AugmentationMagnitude()
  }

  /// mmpretrain's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    probability = try keys.decodeIfPresent(Float.self, forKey: .probability, in: 0...1) ?? 0.5
    let type = try keys.decode(String.self, forKey: .type)
    guard let kind = Kind(rawValue: type.split(separator: ".").last.map(String.init) ?? type) else {
      let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw keys.refusal("\(type) is no operation on pictures; there are \(known)", forKey: .type)
    }
    self.kind = kind
    var magnitude = AugmentationMagnitude()
    if let key = kind.argument {
      let fixed = try keys.decodeIfPresent(Double.self, forKey: key)
      let range = try keys.decodeIfPresent([Double].self, forKey: .range)
      switch (fixed, range) {
      case (let fixed?, nil): argument = (fixed, fixed)
      case (nil, let range?):
        guard range.count == 2 else {
          throw keys.refusal("[at level 0, at the highest] is wanted, not \(range)", forKey: .range)
        }
        argument = (range[0], range[1])
        magnitude = try AugmentationMagnitude(from: decoder)
      case (nil, nil), (_?, _?):
        throw keys.refusal(
          "\(kind.rawValue) wants one of \(key.rawValue) and magnitude_range",
          forKey: fixed == nil ? .type : key)
      }
      guard [argument.low, argument.high].allSatisfy({ kind.possible.contains($0) }) else {
        throw keys.refusal("numbers in \(kind.possible) are wanted", forKey: fixed == nil ? .range : key)
      }
    } else {
      argument = (0, 0)
    }
    self.magnitude = magnitude
    if kind.isSigned {
      negativeProbability =
        try keys.decodeIfPresent(Float.self, forKey: .negativeProbability, in: 0...1) ?? 0.5
    }
    if kind == .solarizeAdd {
      threshold = try keys.decodeIfPresent(Int.self, forKey: .threshold, in: 0...256) ?? 128
    }
    guard kind.moves else { return }
    if kind != .rotate {
      axis = try keys.decodeIfPresent(PictureAxis.self, forKey: .direction) ?? .horizontal
    }
    interpolation = try keys.decodeIfPresent(MotionInterpolation.self, forKey: .interpolation)
    fill = try keys.decodeChannels(forKey: .fill, in: 0...255).map { SIMD3(SIMD3($0[0], $0[1], $0[2])) }
  }

  /// The operation at a level.
  ///
  /// - Parameters:
  ///   - share: The level over the highest one.
  ///   - isNegative: Whether the argument gets the other sign.
  package func operation(at share: Double, isNegative: Bool = false) -> PictureOperation {
    let span = share * (argument.high - argument.low)
    let value = (argument.low + span) * (isNegative && kind.isSigned ? -1 : 1)
    // Whole numbers are cut before the start of the range is added, as timm does it.
    let whole = argument.low == argument.high ? Int(value) : Int(argument.low) + Int(span)
    return switch kind {
    case .autoContrast: .autoContrast
    case .equalize: .equalize
    case .invert: .invert
    case .rotate: .rotate(degrees: value)
    case .posterize: .posterize(bits: whole)
    case .solarize: .solarize(threshold: whole)
    case .solarizeAdd: .solarizeAdd(amount: whole, threshold: threshold)
    case .colour: .colour(factor: max(0, 1 + value))
    case .contrast: .contrast(factor: max(0, 1 + value))
    case .brightness: .brightness(factor: max(0, 1 + value))
    case .sharpness: .sharpness(factor: max(0, 1 + value))
    case .shear: .shear(value, along: axis)
    case .translate: .translate(share: value, along: axis)
    }
  }

  /// The sample, changed or as it is.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard random.uniform() < probability else { return sample }
    guard let image = sample.image else {
      throw DataError(
        file: sample.imagePath, "the image is not loaded: begin the pipeline with {type: LoadImageFromFile}")
    }
    if kind.moves, sample.instances != nil || sample.labelMap != nil {
      throw DataError(
        file: sample.imagePath,
        "\(kind.rawValue) moves the picture, not its annotations: it is for classifiers")
    }
    let share = magnitude.draw(&random)
    let isNegative = kind.isSigned && random.uniform() < negativeProbability
    var result = sample
    result.image = image.applying(
      operation(at: share, isNegative: isNegative),
      interpolation: interpolation ?? (kind == .shear ? .bicubic : .nearest),
      fill: fill ?? SIMD3(repeating: 128))
    return result
  }
}
