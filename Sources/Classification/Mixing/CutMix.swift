import Configuration
import Tensors

/// Puts a rectangle of its partner into each image, and mixes their targets by the area (Yun et al., "CutMix", 2019;
/// mmpretrain's `CutMix`).
public struct CutMix: BatchAugment, Decodable {
  private let shares: BetaDistribution
  private let mode: MixingMode
  /// The least and largest side of the rectangle as parts of the image's; nil: by the draw of the share.
  private let sides: ClosedRange<Double>?
  private let isCorrected: Bool

  enum CodingKeys: String, CodingKey {
    case alpha, mode
    case sides = "cutmix_minmax"
    case isCorrected = "correct_lam"
  }

  /// mmpretrain's keys, and timm's `mode`: one draw a batch unless given.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    shares = BetaDistribution(alpha: try keys.decode(Double.self, forKey: .alpha, in: 1e-3...1e3))
    mode = try keys.decodeIfPresent(MixingMode.self, forKey: .mode) ?? .batch
    isCorrected = try keys.decodeIfPresent(Bool.self, forKey: .isCorrected) ?? true
    sides = try keys.decodeIfPresent([Double].self, forKey: .sides).map { sides in
      guard sides.count == 2, sides[0] >= 0, sides[0] <= sides[1], sides[1] <= 1 else {
        throw keys.refusal(
          "[least, largest] side of the rectangle, parts of the image's from 0 to 1, is wanted",
          forKey: .sides)
      }
      return sides[0]...sides[1]
    }
  }

  /// The batch, with rectangles.
  public func callAsFunction(_ batch: ClassifiedBatch, random: inout RandomGenerator) -> ClassifiedBatch {
    let (count, height, width) = (batch.images.shape[0], batch.images.shape[1], batch.images.shape[2])
    guard height > 0, width > 0 else { return batch }
    let draws = (0..<mode.draws(count: count)).map { _ in draw(height, width, &random) }
    return batch.mixed(by: mode.spread(draws, count: count))
  }

  private func draw(_ height: Int, _ width: Int, _ random: inout RandomGenerator) -> Mixture {
    let share = shares.draw(&random)
    guard let sides else {
      let centre = (row: random.integer(below: height), column: random.integer(below: width))
      return .patch(
        share: share, centre: centre, height: height, width: width, isCorrected: isCorrected)
    }
    func range(_ side: Int) -> Range<Int> {
      let least = Int(Double(side) * sides.lowerBound)
      let most = Int(Double(side) * sides.upperBound)
      let length = least + random.integer(below: max(1, most - least))
      let start = random.integer(below: max(1, side - length))
      return start..<(start + length)
    }
    let rows = range(height)
    // The share is that of the rectangle, which has a draw of its own.
    return .patch(
      Mixture.Patch(rows: rows, columns: range(width)), share: share, height: height, width: width,
      isCorrected: true)
  }
}
