import Configuration
import Tensors

/// Resamples the sample to a size drawn at random (mm's `RandomResize`).
///
/// Either `scale` times a ratio drawn from `ratio_range`, or two scales between which width and height are drawn,
/// each for itself. The draws are this package's own, not numpy's: the same distribution, other numbers.
public struct RandomResize: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private enum Draw: Sendable {
    case ratio(of: Scale, from: Double, to: Double)
    case between(Scale, Scale)
  }

  private let draw: Draw
  private let settings: Resize.Settings

  enum CodingKeys: String, CodingKey {
    case scale
    case ratios = "ratio_range"
    case type = "resize_type"
  }

  /// mm's keys; `scale` is [width, height], or two of them. All others are those of `Resize`.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(ResizeType.self, forKey: .type)
    settings = try Resize.Settings(from: decoder)
    let ratios = try keys.decodeIfPresent([Double].self, forKey: .ratios)
    if let scales = try? keys.decode([[Int]].self, forKey: .scale), !scales.isEmpty {
      let scales = try keys.decode([Scale].self, forKey: .scale)
      guard scales.count == 2 else {
        throw keys.refusal("two scales are wanted, not \(scales.count)", forKey: .scale)
      }
      guard ratios == nil else {
        throw keys.refusal("ratio_range goes with one scale, not with two", forKey: .ratios)
      }
      draw = .between(scales[0], scales[1])
    } else {
      let scale = try keys.decode(Scale.self, forKey: .scale)
      guard let ratios else {
        throw keys.refusal("ratio_range is missing: one scale alone leaves nothing to draw", forKey: .scale)
      }
      guard ratios.count == 2, ratios[0] > 0, ratios[0] <= ratios[1], ratios[1] <= 1000 else {
        throw keys.refusal("[smallest, largest] is wanted, in 0...1000, not \(ratios)", forKey: .ratios)
      }
      draw = .ratio(of: scale, from: ratios[0], to: ratios[1])
    }
  }

  /// The sample in its new size.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let scale = scale(random: &random)
    return try Resize(width: scale.width, height: scale.height, settings)(sample, random: &random)
  }

  func scale(random: inout RandomGenerator) -> Scale {
    func between(_ one: Int, _ other: Int) -> Int {
      .random(in: min(one, other)...max(one, other), using: &random)
    }
    switch draw {
    case .ratio(let scale, let low, let high):
      let ratio = low + (high - low) * Double(random.uniform())
      return Scale(
        width: max(1, Int(Double(scale.width) * ratio)), height: max(1, Int(Double(scale.height) * ratio)))
    case .between(let one, let other):
      let width = between(one.width, other.width)
      return Scale(width: width, height: between(one.height, other.height))
    }
  }
}
