/// In what order scores put the classes: the highest first; of equal scores that of the lower number; what is no number
/// last.
package enum ClassRanking {
  /// How many classes come before one; nil where its own score is no number.
  package static func place(of label: Int, in scores: some RandomAccessCollection<Float>) -> Int? {
    guard (0..<scores.count).contains(label) else { return nil }
    let own = scores[scores.index(scores.startIndex, offsetBy: label)]
    guard !own.isNaN else { return nil }
    var before = 0
    for (other, score) in scores.enumerated() where score > own || (score == own && other < label) {
      before += 1
    }
    return before
  }

  /// The best classes, the best first.
  package static func best(_ count: Int, in scores: [Float]) -> [Int] {
    scores.indices.sorted { left, right in
      let (a, b) = (scores[left], scores[right])
      if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? left < right : b.isNaN }
      return a == b ? left < right : a > b
    }
    .prefix(max(0, count)).map { $0 }
  }

  /// The percentage of rows whose label is among the best of their scores.
  ///
  /// - Parameters:
  ///   - scores: `[N, C]`, row-major.
  ///   - count: How many of the best count; with fewer classes every row with a number for its label does.
  package static func accuracy(scores: [Float], labels: [Int], classes: Int, within count: Int) -> Double {
    let right = labels.indices.count { row in
      let own = scores[(row * classes)..<((row + 1) * classes)]
      return place(of: labels[row], in: own).map { $0 < count } ?? false
    }
    return 100 * Double(right) / Double(labels.count)
  }
}
