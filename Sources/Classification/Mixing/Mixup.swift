import Configuration
import Tensors

/// Blends each image with its partner, and their targets alike (Zhang et al., "mixup: Beyond Empirical Risk Minimization",
/// 2018; mmpretrain's `Mixup`).
public struct Mixup: BatchAugment, Decodable {
  private let shares: BetaDistribution
  private let mode: MixingMode

  enum CodingKeys: String, CodingKey { case alpha, mode }

  /// mmpretrain's `alpha`, and timm's `mode`: one draw a batch unless given.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    shares = BetaDistribution(alpha: try keys.decode(Double.self, forKey: .alpha, in: 1e-3...1e3))
    mode = try keys.decodeIfPresent(MixingMode.self, forKey: .mode) ?? .batch
  }

  /// The batch, blended.
  public func callAsFunction(_ batch: ClassifiedBatch, random: inout RandomGenerator) -> ClassifiedBatch {
    let count = batch.images.shape[0]
    let draws = (0..<mode.draws(count: count)).map { _ in Mixture.blend(share: shares.draw(&random)) }
    return batch.mixed(by: mode.spread(draws, count: count))
  }
}
