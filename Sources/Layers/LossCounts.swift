extension ForwardMode {
  /// Whether losses are divided by the counts of all shards of the step.
  public static var sharesLossCounts: Bool { current.training?.counts != nil }

  /// What the sum of a loss over `own` positions of this shard is divided by: `own`, or the mean of all shards' counts
  /// (mm's `reduce_mean`), so that the mean of their losses is the sum over all positions divided by all of them. Where
  /// all shards together have fewer than `least`, as many are counted.
  ///
  /// Every shard has to ask for the same counts in the same order, also one that has nothing to count.
  public static func lossCount(_ own: Float, atLeast least: Float = 0) -> Float {
    guard let counts = current.training?.counts else { return max(least, own) }
    let sums = counts.sum([Double(own), 1])
    return Float(max(Double(least), sums[0]) / max(1, sums[1]))
  }
}
