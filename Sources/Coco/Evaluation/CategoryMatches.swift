/// What matching leaves of the pictures fed: for each detection its score, its rank within its picture, and a bit
/// per threshold for "matched" and for "ignored", in each of the four ranges of area. Sixteen bits are a word.
struct CategoryMatches: Sendable {
  /// The detections of one picture, in falling order of score.
  struct Picture: Sendable {
    /// Its place among the rising ids.
    var image: Int
    var first: Int
    var count: Int
  }

  /// Thresholds on the overlap, one a bit.
  let thresholds: [Double]
  /// The number of objects that are to be found, by range of area.
  private(set) var truths = [Int](repeating: 0, count: CocoEvaluator.areaRanges.count)
  private(set) var pictures: [Picture] = []
  private(set) var scores: [Double] = []
  /// Bit t: matched at threshold t. `[detections, ranges, words]`.
  private(set) var matched: [UInt16] = []
  /// Bit t: ignored at threshold t. `[detections, ranges, words]`.
  private(set) var ignored: [UInt16] = []

  /// Matches at the given thresholds, of no picture yet.
  init(thresholds: [Double]) { self.thresholds = thresholds }

  /// How many words hold a bit for each of so many thresholds.
  static func words(thresholds: Int) -> Int { (thresholds + UInt16.bitWidth - 1) / UInt16.bitWidth }

  /// Counts an object in the ranges of its area.
  mutating func countTruth(_ truth: CocoAnnotations.Annotation) {
    for (range, limits) in CocoEvaluator.areaRanges.enumerated()
    where !truth.isCrowd && limits.contains(truth.area) {
      truths[range] += 1
    }
  }

  /// Adds the matches of a picture.
  mutating func append(_ group: MatchedGroups.Group, of found: MatchedGroups) {
    pictures.append(Picture(image: group.image, first: scores.count, count: group.count))
    scores += found.scores[group.first..<group.first + group.count]
    let words = found.wordsPerDetection
    let range = group.first * words..<(group.first + group.count) * words
    matched += found.matched[range]
    ignored += found.ignored[range]
  }

  /// The word of a threshold, and its bit.
  static func place(of threshold: Int) -> (word: Int, mask: UInt16) {
    let (word, bit) = threshold.quotientAndRemainder(dividingBy: UInt16.bitWidth)
    return (word, 1 << bit)
  }

  /// The matches by themselves, with the pictures' ids.
  func stored(imageIDs: [Int]) -> CocoEvaluator.State.Matches {
    CocoEvaluator.State.Matches(
      images: pictures.map { imageIDs[$0.image] }, counts: pictures.map(\.count), scores: scores,
      matched: matched, ignored: ignored)
  }

  /// Adds the matches of other pictures, whose places are given.
  mutating func append(_ stored: CocoEvaluator.State.Matches, images: [Int]) {
    for (image, count) in zip(images, stored.counts) {
      pictures.append(
        Picture(image: image, first: pictures.last.map { $0.first + $0.count } ?? 0, count: count))
    }
    scores += stored.scores
    matched += stored.matched
    ignored += stored.ignored
  }
}
