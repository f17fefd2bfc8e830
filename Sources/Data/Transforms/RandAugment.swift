import Configuration
import Imaging
import Tensors

/// Some of many operations, drawn for each image (mmpretrain's `RandAugment`; Cubuk et al. 2019, with the operations of
/// Pillow and the increasing magnitudes of timm).
public struct RandAugment: Transform, Decodable {
  /// Whether one of the operations does.
  public var movesPixels: Bool { operations.contains(where: \.movesPixels) }

  private enum Policies: String, Decodable, CaseIterable { case timmIncreasing = "timm_increasing" }

  /// `hparams`: for the operations that do not say it themselves.
  private struct Shared: Decodable {
    var fill: SIMD3<UInt8>?
    var interpolation: MotionInterpolation?

    enum CodingKeys: String, CodingKey {
      case interpolation
      case fill = "pad_val"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      fill = try keys.decodeChannels(forKey: .fill, in: 0...255).map { SIMD3(SIMD3($0[0], $0[1], $0[2])) }
      interpolation = try keys.decodeIfPresent(MotionInterpolation.self, forKey: .interpolation)
    }
  }

  private var operations: [PictureAugmentation]
  private let count: Int

  enum CodingKeys: String, CodingKey {
    case policies
    case count = "num_policies"
    case level = "magnitude_level"
    case shared = "hparams"
  }

  /// mmpretrain's keys; colours are in the image's order: blue, green, red.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    if (try? keys.decode([ComponentConfiguration].self, forKey: .policies)) != nil {
      operations = try keys.decode([PictureAugmentation].self, forKey: .policies)
    } else {
      _ = try keys.decode(Policies.self, forKey: .policies)
      operations = Self.increasing
    }
    guard !operations.isEmpty else { throw keys.refusal("one or more are wanted", forKey: .policies) }
    count = try keys.decode(Int.self, forKey: .count, in: 1...100)
    _ = try keys.decode(Double.self, forKey: .level)
    let magnitude = try AugmentationMagnitude(from: decoder)
    let shared = try keys.decodeIfPresent(Shared.self, forKey: .shared)
    for index in operations.indices {
      operations[index].magnitude = magnitude
      operations[index].fill = operations[index].fill ?? shared?.fill
      operations[index].interpolation = operations[index].interpolation ?? shared?.interpolation
    }
  }

  /// timm's increasing operations: the higher the level, the stronger each.
  package static let increasing = [
    PictureAugmentation(.autoContrast), PictureAugmentation(.equalize), PictureAugmentation(.invert),
    PictureAugmentation(.rotate, to: 30), PictureAugmentation(.posterize, from: 4, to: 0),
    PictureAugmentation(.solarize, from: 256, to: 0), PictureAugmentation(.solarizeAdd, to: 110),
    PictureAugmentation(.colour, to: 0.9), PictureAugmentation(.contrast, to: 0.9),
    PictureAugmentation(.brightness, to: 0.9), PictureAugmentation(.sharpness, to: 0.9),
    PictureAugmentation(.shear, to: 0.3), PictureAugmentation(.shear, to: 0.3, along: .vertical),
    PictureAugmentation(.translate, to: 0.45),
    PictureAugmentation(.translate, to: 0.45, along: .vertical),
  ]

  /// The sample behind the operations that were drawn, some of them twice or not at all.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var current = sample
    for _ in 0..<count {
      let operation = operations[random.integer(below: operations.count)]
      guard let next = try operation(current, random: &random) else { return nil }
      current = next
    }
    return current
  }
}
