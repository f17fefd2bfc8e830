/// What matching leaves of some pictures: groups of detections of one picture and class, one after the other.
///
/// A bit per threshold says "matched" and "ignored", in each of the four ranges of area. Sixteen bits are a word.
struct MatchedGroups: Sendable {
  /// The detections of one picture and class, in falling order of score.
  struct Group: Sendable {
    /// The class's place; 0 for proposals.
    var category: Int
    /// The picture's place among the rising ids.
    var image: Int
    var first: Int
    var count: Int
  }

  /// An object as matching sees it.
  struct Truth {
    var id: Int
    var isCrowd: Bool
    var area: Double
  }

  private(set) var groups: [Group] = []
  /// `[detections]`.
  private(set) var scores: [Double] = []
  /// Bit t: matched at threshold t. `[detections, ranges, words]`
  private(set) var matched: [UInt16] = []
  /// Bit t: ignored at threshold t. `[detections, ranges, words]`
  private(set) var ignored: [UInt16] = []

  private let thresholds: [Double]
  private let words: Int
  /// What a detection must overlap with for any threshold.
  private let least: Double

  /// No groups yet.
  init(thresholds: [Double]) {
    self.thresholds = thresholds
    words = CategoryMatches.words(thresholds: thresholds.count)
    least = min(thresholds.min() ?? 1, 1 - 1e-10)
  }

  /// How many words a detection has.
  var wordsPerDetection: Int { CocoEvaluator.areaRanges.count * words }

  /// Matches the detections of a picture and class, in falling order of score, with its objects.
  ///
  /// - Parameter overlaps: `[detections, objects]`.
  mutating func append(
    category: Int, image: Int, scores newScores: some Collection<Double>,
    areas: some RandomAccessCollection<Double>,
    truths: [Truth], overlaps: [Double]
  ) {
    let count = newScores.count
    let base = matched.count
    groups.append(Group(category: category, image: image, first: scores.count, count: count))
    scores += newScores
    matched += repeatElement(0, count: count * wordsPerDetection)
    ignored += repeatElement(0, count: count * wordsPerDetection)
    // Most detections overlap with nothing enough for any threshold.
    let candidates = (0..<(truths.isEmpty ? 0 : count)).filter { detection in
      let row = detection * truths.count
      return overlaps[row..<row + truths.count].contains { !($0 < least) }
    }
    let ranges = CocoEvaluator.areaRanges
    for (range, limits) in ranges.enumerated() {
      if !candidates.isEmpty {
        match(candidates, range: range, limits, truths: truths, overlaps: overlaps, base: base)
      }
      for (detection, area) in areas.enumerated() where !limits.contains(area) {
        let first = base + (detection * ranges.count + range) * words
        for at in first..<first + words { ignored[at] |= ~matched[at] }
      }
    }
  }

  private mutating func match(
    _ candidates: [Int], range: Int, _ limits: ClosedRange<Double>, truths: [Truth], overlaps: [Double],
    base: Int
  ) {
    // Objects that do not count come last.
    func isOutside(_ truth: Int) -> Bool { truths[truth].isCrowd || !limits.contains(truths[truth].area) }
    let counting = truths.indices.filter { !isOutside($0) }
    let order = counting + truths.indices.filter(isOutside)
    for (bit, threshold) in thresholds.enumerated() {
      let (word, mask) = CategoryMatches.place(of: bit)
      var isTaken = [Bool](repeating: false, count: truths.count)
      for detection in candidates {
        let row = detection * truths.count
        // The best overlap, the later one of equals, and an object that does not count only when there is no other.
        var best = min(threshold, 1 - 1e-10)
        var match: Int?
        for (place, truth) in order.enumerated() where !isTaken[truth] || truths[truth].isCrowd {
          if let match, match < counting.count, place >= counting.count { break }
          let iou = overlaps[row + truth]
          if iou < best { continue }
          best = iou
          match = place
        }
        guard let match else { continue }
        let truth = order[match]
        isTaken[truth] = true
        let at = base + (detection * CocoEvaluator.areaRanges.count + range) * words + word
        // pycocotools stores the object's id as the mark of a match, so id 0 is none.
        if truths[truth].id != 0 { matched[at] |= mask }
        if match >= counting.count { ignored[at] |= mask }
      }
    }
  }
}
