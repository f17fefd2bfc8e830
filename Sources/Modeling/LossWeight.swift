import Configuration

extension KeyedDecodingContainer {
  /// A loss's factor (`loss_weight`), 1 unless it is there: below 0 training would make the loss larger.
  ///
  /// - Throws: `DecodingError` for a number that is not finite or is negative.
  package func lossWeight(forKey key: Key) throws -> Float {
    let weight = try decodeIfPresent(Float.self, forKey: key) ?? 1
    guard weight.isFinite, weight >= 0 else {
      throw refusal("\(weight) is not a number from 0 on", forKey: key)
    }
    return weight
  }
}
