/// What sums statistics over all shards of a step, for norms that take them over the whole step.
///
/// A value of one shard: the other shards ask theirs for the same sums in the same order.
public protocol StatisticsReducer: Sendable {
  /// The sum over all shards, in an order that depends on their number alone.
  ///
  /// - Parameter own: What this shard gives: as many numbers as all others.
  func sum(_ own: [Double]) -> [Double]
}
