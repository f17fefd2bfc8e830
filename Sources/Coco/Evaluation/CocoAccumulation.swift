import Tensors

extension CocoEvaluator {
  /// Points of the recall axis at which precision is read: numpy's `linspace(0, 1, 101)`.
  static let recallThresholds: [Double] = (0..<100).map { Double($0) * 0.01 } + [1]

  /// Precision and recall in every setting; -1 where there is no ground truth.
  struct Accumulation {
    /// By class.
    let categories: [CategoryAccumulation]
    /// How many thresholds on the overlap there are.
    let thresholds: Int

    static var recalls: Int { CocoEvaluator.recallThresholds.count }

    /// The mean precision over thresholds, recalls and categories that have ground truth, or -1.
    func averagePrecision(
      thresholds: Range<Int>? = nil, categories chosen: Range<Int>? = nil, range: Int = 0, step: Int
    ) -> Double {
      let known = categories[chosen ?? categories.indices].filter { $0.isKnown(range) }
      var values: [Double] = []
      values.reserveCapacity((thresholds?.count ?? self.thresholds) * Self.recalls * known.count)
      for threshold in thresholds ?? 0..<self.thresholds {
        for recall in 0..<Self.recalls {
          for category in known {
            values.append(
              category.precision[category.place(range, step, threshold) * Self.recalls + recall])
          }
        }
      }
      return Self.mean(values)
    }

    /// The mean of the largest recalls over thresholds and categories that have ground truth, or -1.
    func averageRecall(categories chosen: Range<Int>? = nil, range: Int = 0, step: Int) -> Double {
      let known = categories[chosen ?? categories.indices].filter { $0.isKnown(range) }
      var values: [Double] = []
      for threshold in 0..<thresholds {
        for category in known { values.append(category.recall[category.place(range, step, threshold)]) }
      }
      return Self.mean(values)
    }

    private static func mean(_ values: [Double]) -> Double {
      values.isEmpty ? -1 : pairwiseSum(values[...]) / Double(values.count)
    }
  }

  /// Puts the pictures together, in the order of their ids, and walks along the scores, several classes at a time.
  ///
  /// - Parameter steps: How many detections of a picture and class count; at most the evaluator's largest.
  func accumulated(steps: [Int]) -> Accumulation {
    let matches = matches
    let found = Gathered<CategoryAccumulation>(matches.count)
    parallel(matches.count) { category in
      found.set(category, CategoryAccumulation(matches[category], steps: steps))
    }
    return Accumulation(
      categories: matches.indices.compactMap { found.take($0) }, thresholds: iouThresholds.count)
  }

  /// Precision, and the score from which detections count, at the 101 recalls, of objects of all sizes and the most
  /// detections (pycocotools' `precision[t, :, k, 0, -1]` and `scores`).
  ///
  /// - Parameters:
  ///   - category: The class's place among the rising ids; 0 for proposals.
  ///   - threshold: The place of the threshold on the overlap.
  /// - Returns: -1 throughout where there is no ground truth; 0 where a recall is not reached.
  package func curve(category: Int, threshold: Int) -> PrecisionCurve {
    let matches = matches[category]
    let count = Self.recallThresholds.count
    guard matches.truths[0] > 0 else {
      let none = [Double](repeating: -1, count: count)
      return PrecisionCurve(precision: none, score: none)
    }
    let detections = matches.sorted().filter { $0.rank < maxDets[2] }.map(\.index)
    let (word, bit) = CategoryMatches.place(of: threshold)
    let marks = matches.marks(detections, range: 0, word: word)
    let right = zip(detections, marks).filter { $1.ignored & bit == 0 && $1.matched & bit != 0 }
    var scores = [Double](repeating: 0, count: count)
    // As in pycocotools, recall 0 is reached by the first detection, whatever it is.
    scores[0] = detections.first.map { matches.scores[$0] } ?? 0
    var place = 0
    for recall in 1..<count {
      while place < right.count, Double(place + 1) / Double(matches.truths[0]) < Self.recallThresholds[recall]
      {
        place += 1
      }
      if place < right.count { scores[recall] = matches.scores[right[place].0] }
    }
    return PrecisionCurve(
      precision: CategoryMatches.curve(marks, truths: matches.truths[0], bit: bit).precisions, score: scores)
  }
}

/// Precision over recall, 0, 0.01, ..., 1.
public struct PrecisionCurve: Sendable, Equatable, Encodable {
  /// The best precision at this recall or a larger one.
  public var precision: [Double]
  /// The least score of the detections that count there.
  public var score: [Double]
}

extension CategoryMatches {
  /// All detections by falling score, equal ones in the order of the pictures' ids; `rank` counts from 0 within a
  /// picture.
  func sorted() -> [(index: Int, rank: Int)] {
    var detections: [(index: Int, rank: Int)] = []
    detections.reserveCapacity(scores.count)
    for picture in pictures.sorted(by: { $0.image < $1.image }) {
      for rank in 0..<picture.count { detections.append((picture.first + rank, rank)) }
    }
    // Beside its score each detection is found faster.
    var order = detections.indices.map { (score: scores[detections[$0].index], place: $0) }
    order.sort { a, b in a.score != b.score ? a.score > b.score : a.place < b.place }
    return order.map { detections[$0.place] }
  }

  /// The marks of detections in one range of area, at sixteen thresholds.
  func marks(_ detections: [Int], range: Int, word: Int) -> [(matched: UInt16, ignored: UInt16)] {
    let ranges = CocoEvaluator.areaRanges.count
    let words = Self.words(thresholds: thresholds.count)
    return detections.map { detection in
      let at = (detection * ranges + range) * words + word
      return (matched[at], ignored[at])
    }
  }

  /// The largest recall, and the precision at each of the recall thresholds, of detections by falling score.
  ///
  /// Recall and the best precision yet to come change at right detections only, so only those are kept.
  static func curve(
    _ marks: [(matched: UInt16, ignored: UInt16)], truths: Int, bit: UInt16
  ) -> (recall: Double, precisions: [Double]) {
    var precisions: [Double] = []
    var counted = 0
    for mark in marks where mark.ignored & bit == 0 {
      counted += 1
      guard mark.matched & bit != 0 else { continue }
      let right = Double(precisions.count + 1)
      precisions.append(right / ((Double(counted) - right) + right + Double.ulpOfOne))
    }
    return (Double(precisions.count) / Double(truths), read(&precisions, truths: truths))
  }

  /// The precisions at the recall thresholds, of those behind each right detection.
  static func read(
    _ precisions: inout [Double], truths: Int, at recalls: [Double] = CocoEvaluator.recallThresholds
  ) -> [Double] {
    // Precision never falls towards smaller recall.
    for index in stride(from: precisions.count - 1, to: 0, by: -1)
    where precisions[index] > precisions[index - 1] {
      precisions[index - 1] = precisions[index]
    }
    let wanted = Double(truths)
    var place = 0
    return recalls.map { recall -> Double in
      while place < precisions.count, Double(place + 1) / wanted < recall { place += 1 }
      return place < precisions.count ? precisions[place] : 0
    }
  }
}

/// The sum as numpy makes it, to the last bit: eight running sums over blocks of up to 128, joined by halves.
private func pairwiseSum(_ values: ArraySlice<Double>) -> Double {
  let count = values.count
  let first = values.startIndex
  if count < 8 { return values.reduce(0, +) }
  if count > 128 {
    let half = count / 2 / 8 * 8
    return pairwiseSum(values[first..<first + half]) + pairwiseSum(values[(first + half)...])
  }
  var sums = SIMD8<Double>(values[first..<first + 8])
  let whole = count / 8 * 8
  for block in stride(from: 8, to: whole, by: 8) {
    sums += SIMD8<Double>(values[first + block..<first + block + 8])
  }
  let total = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]))
  return values[(first + whole)...].reduce(total, +)
}
