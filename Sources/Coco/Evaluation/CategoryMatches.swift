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

  /// Matches the detections of a picture, in falling order of score, with its objects.
  ///
  /// - Parameter overlaps: `[detections, objects]`.
  mutating func append(
    image: Int, scores newScores: [Double], areas: [Double], truths: [CocoAnnotations.Annotation],
    overlaps: [Double]
  ) {
    let ranges = CocoEvaluator.areaRanges
    pictures.append(Picture(image: image, first: scores.count, count: newScores.count))
    scores += newScores
    let base = matched.count
    let words = Self.words(thresholds: thresholds.count)
    matched += repeatElement(0, count: newScores.count * ranges.count * words)
    ignored += repeatElement(0, count: newScores.count * ranges.count * words)
    for (range, limits) in ranges.enumerated() {
      // Objects that do not count come last.
      let outside = truths.map { $0.isCrowd || !limits.contains($0.area) }
      let order = truths.indices.filter { !outside[$0] } + truths.indices.filter { outside[$0] }
      let firstOutside = order.count - outside.count { $0 }
      for (bit, threshold) in thresholds.enumerated() {
        let (word, mask) = Self.place(of: bit)
        var isTaken = [Bool](repeating: false, count: truths.count)
        for detection in newScores.indices {
          let row = detection * truths.count
          guard
            let place = Self.bestMatch(
              order, firstOutside, threshold, isTaken, { truths[$0].isCrowd }, { overlaps[row + $0] })
          else { continue }
          let truth = order[place]
          isTaken[truth] = true
          let at = base + (detection * ranges.count + range) * words + word
          // pycocotools stores the object's id as the mark of a match, so id 0 is none.
          if truths[truth].id != 0 { matched[at] |= mask }
          if place >= firstOutside { ignored[at] |= mask }
        }
      }
      for detection in newScores.indices where !limits.contains(areas[detection]) {
        let first = base + (detection * ranges.count + range) * words
        for at in first..<first + words { ignored[at] |= ~matched[at] }
      }
    }
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

  /// Where in `order` the object lies that a detection matches: the best overlap, the later one of equals, and an
  /// object that does not count only when there is no other.
  private static func bestMatch(
    _ order: [Int], _ firstOutside: Int, _ threshold: Double, _ isTaken: [Bool],
    _ isCrowd: (Int) -> Bool, _ overlap: (Int) -> Double
  ) -> Int? {
    var best = min(threshold, 1 - 1e-10)
    var match: Int?
    for (place, truth) in order.enumerated() {
      if isTaken[truth], !isCrowd(truth) { continue }
      if let match, match < firstOutside, place >= firstOutside { break }
      let iou = overlap(truth)
      if iou < best { continue }
      best = iou
      match = place
    }
    return match
  }
}
