import Configuration

/// Which mixtures the batches of a classifier's training go through, and how often each (mmpretrain's
/// `RandomBatchAugment`): `{augments: [{type: Mixup, alpha: 0.8}], probs: [0.5]}`.
public struct BatchAugmentSettings: Decodable, Sendable {
  /// One of them is drawn a batch.
  public let augments: [ComponentConfiguration]
  /// How likely each is; what is left to 1 leaves the batch as it is. All alike where the config does not say.
  public let probabilities: [Double]

  enum CodingKeys: String, CodingKey {
    case augments
    case probabilities = "probs"
  }

  /// mmpretrain's keys; each is a list, or one alone.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    if (try? keys.decode([ComponentConfiguration].self, forKey: .augments)) != nil {
      augments = try keys.decode([ComponentConfiguration].self, forKey: .augments)
    } else {
      augments = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .augments).map { [$0] } ?? []
    }
    let given: [Double]?
    if let one = try? keys.decode(Double.self, forKey: .probabilities) {
      given = [one]
    } else {
      given = try keys.decodeIfPresent([Double].self, forKey: .probabilities)
    }
    let share = 1 / Double(max(1, augments.count))
    probabilities = given ?? augments.map { _ in share }
    guard probabilities.count == augments.count else {
      throw keys.refusal(
        "\(probabilities.count) numbers for \(augments.count) augments", forKey: .probabilities)
    }
    // A sum such as 0.7 + 0.3 need not be 1 to the last bit.
    guard probabilities.allSatisfy({ (0...1).contains($0) }), probabilities.reduce(0, +) <= 1 + 1e-9 else {
      throw keys.refusal(
        "numbers from 0 to 1 whose sum is at most 1 are wanted, not \(probabilities)", forKey: .probabilities)
    }
  }
}
