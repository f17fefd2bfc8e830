import Configuration

/// What the losses of a step are divided by.
public enum LossNormalizer: String, Decodable, CaseIterable, Sendable {
  /// Those of each shard by its own counts, as mm's GPUs do.
  case shard
  /// All by the counts of all shards: the losses of one batch of all images.
  case global
}

/// `distribution`: how many shards make a step, whatever the number of processes that share them.
public struct DistributionSettings: Decodable, Sendable, Equatable {
  /// `shards`: a step has so many batches of `batch_size` images, as mm's has one a GPU; 1 by default.
  public var tree = ShardTree.single
  /// `loss_normalizer`: what losses are divided by; `shard` by default.
  public var normalizer = LossNormalizer.shard
  /// `timeout`: seconds after which a process that does not answer is given up; 120 by default.
  public var timeout = 120.0

  enum CodingKeys: String, CodingKey {
    case shards, timeout
    case normalizer = "loss_normalizer"
  }

  /// One shard.
  public init() {}

  /// Decodes the keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    if let shards = try keys.decodeIfPresent(Int.self, forKey: .shards) {
      do { tree = try ShardTree(shards: shards) } catch let error as DistributionError {
        throw keys.refusal(error.description, forKey: .shards)
      }
    }
    normalizer = try keys.decodeIfPresent(LossNormalizer.self, forKey: .normalizer) ?? .shard
    timeout = try keys.decodeIfPresent(Double.self, forKey: .timeout, in: 1...86_400) ?? 120
  }
}
