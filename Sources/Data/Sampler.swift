import Tensors

/// The order in which a data set is walked.
public protocol Sampler: Sendable {
  /// Whether one pass follows the other without an end of the epoch in between.
  var isInfinite: Bool { get }
  /// The indices of one pass over the data, from 0.
  func order(pass: Int) -> [Int]
}

/// What a sampler is built with.
public struct SamplerContext: Sendable {
  /// Images in the data set.
  public var count: Int
  /// The run's seed.
  public var seed: UInt64

  /// A data set of so many images, in a run of this seed.
  public init(count: Int, seed: UInt64) {
    self.count = count
    self.seed = seed
  }
}

/// Every image once a pass, shuffled anew each time or in order (mm's `DefaultSampler`, `InfiniteSampler`).
public struct PassSampler: Sampler {
  /// Whether a pass has no end (`InfiniteSampler`).
  public let isInfinite: Bool
  private let isShuffled: Bool
  private let context: SamplerContext

  /// A sampler over a data set.
  public init(isInfinite: Bool, isShuffled: Bool, in context: SamplerContext) {
    self.isInfinite = isInfinite
    self.isShuffled = isShuffled
    self.context = context
  }

  /// The indices of one pass; shuffled by the key (seed, pass).
  public func order(pass: Int) -> [Int] {
    guard isShuffled else { return Array(0..<context.count) }
    var random = RandomGenerator(seed: context.seed, step: pass, purpose: .dataOrder)
    return random.permutation(context.count)
  }

  init(isInfinite: Bool, _ configuration: Configuration, in context: SamplerContext) {
    self.init(
      isInfinite: isInfinite, isShuffled: configuration.isShuffled,
      in: SamplerContext(count: context.count, seed: configuration.seed ?? context.seed))
  }

  /// mm's keys; `seed` takes the place of the run's.
  struct Configuration: Decodable, Sendable {
    let isShuffled: Bool
    let seed: UInt64?

    enum CodingKeys: String, CodingKey { case shuffle, seed }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      isShuffled = try keys.decodeIfPresent(Bool.self, forKey: .shuffle) ?? true
      seed = try keys.decodeIfPresent(UInt64.self, forKey: .seed)
    }
  }

  /// `DefaultSampler` has one key more: whether several processes get equally many images. In one, both are the same.
  struct EpochConfiguration: Decodable, Sendable {
    let shared: Configuration

    enum CodingKeys: String, CodingKey { case roundsUp = "round_up" }

    init(from decoder: any Decoder) throws {
      shared = try Configuration(from: decoder)
      _ = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Bool.self, forKey: .roundsUp)
    }
  }
}
