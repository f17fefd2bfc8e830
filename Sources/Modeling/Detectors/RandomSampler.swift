import Configuration
import Foundation

/// Draws the boxes that a loss looks at (mmdetection's `RandomSampler`).
public struct RandomSampler: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case sampler = "RandomSampler" }

  /// The boxes drawn.
  public struct Sample: Sendable, Equatable {
    /// Boxes with an object, rising.
    public var positives: [Int]
    /// Boxes of the background, rising.
    public var negatives: [Int]
  }

  /// How many boxes are drawn, at most.
  public let count: Int
  /// The part of them that may have an object.
  public let positiveFraction: Double
  /// Background boxes per box with an object, at most; negative: no limit.
  public let negativesPerPositive: Double
  /// Whether the objects' own boxes are put in front of the candidates.
  public let addsTruths: Bool

  enum CodingKeys: String, CodingKey {
    case kind = "type"
    case count = "num"
    case positiveFraction = "pos_fraction"
    case negativesPerPositive = "neg_pos_ub"
    case addsTruths = "add_gt_as_proposals"
  }

  /// A sampler of so many boxes.
  public init(
    count: Int, positiveFraction: Double, negativesPerPositive: Double = -1, addsTruths: Bool = true
  ) {
    self.count = count
    self.positiveFraction = positiveFraction
    self.negativesPerPositive = negativesPerPositive
    self.addsTruths = addsTruths
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .kind)
    count = try keys.decode(Int.self, forKey: .count, in: 1...1_000_000)
    positiveFraction = try keys.decode(Double.self, forKey: .positiveFraction, in: 0...1)
    negativesPerPositive =
      try keys.decodeIfPresent(Double.self, forKey: .negativesPerPositive, in: -1...1e6) ?? -1
    addsTruths = try keys.decodeIfPresent(Bool.self, forKey: .addsTruths) ?? true
  }

  /// Draws without replacement; where there are no more candidates than wanted, takes all and draws nothing.
  public func sample(
    _ assignment: Assignment, using generator: inout some RandomNumberGenerator
  ) -> Sample {
    let positives = draw(
      Int(Double(count) * positiveFraction),
      of: assignment.numbers.indices.filter { assignment.numbers[$0] > 0 },
      &generator)
    var wanted = count - positives.count
    if negativesPerPositive >= 0 {
      let limit = negativesPerPositive * Double(max(1, positives.count))
      if Double(wanted) > limit { wanted = Int(limit) }
    }
    let negatives = draw(
      wanted, of: assignment.numbers.indices.filter { assignment.numbers[$0] == 0 }, &generator)
    return Sample(positives: positives, negatives: negatives)
  }

  /// The first steps of a Fisher-Yates shuffle, sorted.
  private func draw(
    _ wanted: Int, of candidates: [Int], _ generator: inout some RandomNumberGenerator
  ) -> [Int] {
    guard candidates.count > wanted else { return candidates }
    var candidates = candidates
    for place in 0..<wanted {
      let left = UInt64(candidates.count - place)
      candidates.swapAt(place, place + Int(generator.next(upperBound: left)))
    }
    return candidates[..<wanted].sorted()
  }
}
