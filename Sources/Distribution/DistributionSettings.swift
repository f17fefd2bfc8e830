import Configuration

/// `distribution`: how many shards make a step, whatever the number of processes that share them.
public struct DistributionSettings: Decodable, Sendable, Equatable {
  /// `shards`: a step has so many batches of `batch_size` images, as mm's has one a GPU; 1 by default.
  public var tree = ShardTree.single
  /// `timeout`: seconds after which a process that does not answer is given up; 120 by default.
  public var timeout = 120.0

  enum CodingKeys: String, CodingKey {
    case shards, timeout
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
    timeout = try keys.decodeIfPresent(Double.self, forKey: .timeout, in: 1...86_400) ?? 120
  }
}
