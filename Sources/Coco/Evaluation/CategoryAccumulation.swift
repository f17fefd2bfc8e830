/// Precision and recall of one class in every setting.
struct CategoryAccumulation: Sendable {
  static let steps = 3

  /// `[ranges, steps, thresholds, recalls]`; without meaning where there is no ground truth.
  private(set) var precision: [Double]
  /// `[ranges, steps, thresholds]`
  private(set) var recall: [Double]
  private let thresholds: Int
  private let truths: [Int]

  /// Whether there is ground truth in a range of area.
  func isKnown(_ range: Int) -> Bool { truths[range] > 0 }

  /// The place of a setting in `recall`.
  func place(_ range: Int, _ step: Int, _ threshold: Int) -> Int {
    (range * Self.steps + step) * thresholds + threshold
  }

  /// Walks along the scores.
  ///
  /// - Parameter limits: How many detections of a picture count in each step.
  init(_ matches: CategoryMatches, steps limits: [Int]) {
    thresholds = matches.thresholds.count
    truths = matches.truths
    let recalls = CocoEvaluator.recallThresholds.count
    let settings = CocoEvaluator.areaRanges.count * Self.steps * thresholds
    recall = [Double](repeating: -1, count: settings)
    precision = [Double](repeating: -1, count: settings * recalls)
    guard truths.contains(where: { $0 > 0 }) else { return }
    let sorted = matches.sorted()
    for word in 0..<CategoryMatches.words(thresholds: thresholds) {
      let first = word * UInt16.bitWidth
      let bits = min(UInt16.bitWidth, thresholds - first)
      for range in truths.indices where truths[range] > 0 {
        let marks = matches.marks(sorted.map(\.index), range: range, word: word)
        for (step, limit) in limits.enumerated() {
          let curves = Self.curves(marks, where: { sorted[$0].rank < limit }, bits: bits)
          for (bit, var precisions) in curves.enumerated() {
            let place = place(range, step, first + bit)
            recall[place] = Double(precisions.count) / Double(truths[range])
            let read = CategoryMatches.read(&precisions, truths: truths[range])
            precision.replaceSubrange(place * recalls..<(place + 1) * recalls, with: read)
          }
        }
      }
    }
  }

  /// The precisions behind each right detection, by threshold: sixteen thresholds in one walk, since most detections are
  /// wrong, or do not count, at all of them.
  private static func curves(
    _ marks: [(matched: UInt16, ignored: UInt16)], where counts: (Int) -> Bool, bits: Int
  ) -> [[Double]] {
    var precisions = [[Double]](repeating: [], count: bits)
    let all = UInt16(truncatingIfNeeded: (1 << bits) - 1)
    // Detections that count at all thresholds, and those that count at some.
    var common = 0
    var own = [Int](repeating: 0, count: bits)
    for (index, mark) in marks.enumerated() where counts(index) {
      let counted = all & ~mark.ignored
      if counted == all {
        common += 1
      } else {
        for bit in 0..<bits where counted & (1 << UInt16(bit)) != 0 { own[bit] += 1 }
      }
      var right = counted & mark.matched
      while right != 0 {
        let bit = right.trailingZeroBitCount
        right &= right - 1
        let rights = Double(precisions[bit].count + 1)
        precisions[bit].append(rights / ((Double(common + own[bit]) - rights) + rights + Double.ulpOfOne))
      }
    }
    return precisions
  }
}
