import Configuration
import Imaging
import Tensors

/// Brightness, contrast and saturation by random factors, in random order (mmpretrain's `ColorJitter`, with Pillow).
public struct ColorJitter: Transform, Decodable {
  private let brightness: NumberRange
  private let contrast: NumberRange
  private let saturation: NumberRange

  private enum Backend: String, Decodable, CaseIterable { case pillow }

  enum CodingKeys: String, CodingKey { case brightness, contrast, saturation, hue, backend }

  /// mmpretrain's keys: x stands for the range max(0, 1 - x) ... 1 + x. Hue stays as it is.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func range(_ key: CodingKeys) throws -> NumberRange {
      guard keys.contains(key) else { return NumberRange(1, 1) }
      if let one = try? keys.decode(Double.self, forKey: key) {
        guard (0...100).contains(one) else { throw keys.refusal("0 ... 100 is wanted", forKey: key) }
        return NumberRange(max(0, 1 - one), 1 + one)
      }
      let range = try keys.decode(NumberRange.self, forKey: key)
      guard range.low >= 0, range.high <= 100 else {
        throw keys.refusal("factors in 0 ... 100 are wanted", forKey: key)
      }
      return range
    }
    brightness = try range(.brightness)
    contrast = try range(.contrast)
    saturation = try range(.saturation)
    if let hue = try? keys.decode(Double.self, forKey: .hue) {
      guard hue == 0 else {
        throw keys.refusal("hue is not changed: leave it out, or write 0", forKey: .hue)
      }
    } else if try keys.decodeIfPresent([Double].self, forKey: .hue)?.contains(where: { $0 != 0 }) ?? false {
      throw keys.refusal("hue is not changed: leave it out, or write 0", forKey: .hue)
    }
    _ = try keys.decodeIfPresent(Backend.self, forKey: .backend)
  }

  /// The sample in other colours.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard var image = sample.image else { return sample }
    func factor(_ range: NumberRange) -> Double {
      range.low + (range.high - range.low) * Double(random.uniform())
    }
    let operations: [PictureOperation] = [
      .brightness(factor: factor(brightness)), .contrast(factor: factor(contrast)),
      .colour(factor: factor(saturation)),
    ]
    for index in random.permutation(operations.count) { image = image.applying(operations[index]) }
    var result = sample
    result.image = image
    return result
  }
}
