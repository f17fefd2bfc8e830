import Configuration
import Tensors

/// Exchanges left and right with a probability (mm's `RandomFlip`).
public struct RandomFlip: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private let probability: Float

  private enum Direction: String, Decodable, CaseIterable { case horizontal }

  enum CodingKeys: String, CodingKey {
    case probability = "prob"
    case direction
  }

  /// Flips with this probability.
  public init(probability: Float) { self.probability = probability }

  /// mm's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    probability = try keys.decode(Float.self, forKey: .probability, in: 0...1)
    _ = try keys.decodeIfPresent(Direction.self, forKey: .direction)
  }

  /// The sample, flipped or as it is.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) -> Sample? {
    random.uniform() < probability ? sample.flippedHorizontally() : sample
  }
}
