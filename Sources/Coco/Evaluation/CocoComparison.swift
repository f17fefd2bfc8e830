import Files
import Foundation

/// Two evaluations of one ground truth beside each other: how much the second is better, and how far chance alone may
/// have brought it. Images are drawn anew, with replacement, the same for both (a paired bootstrap; Efron and
/// Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3).
public struct CocoComparison: Sendable, Equatable, Encodable {
  /// What the second has more than the first.
  public struct Difference: Sendable, Equatable, Encodable {
    /// Average precision of the second less that of the first; nil where there is no ground truth.
    public var difference: Double?
    /// Where 95 of a hundred draws of images fall; nil where there is no ground truth.
    public var interval: [Double]?
  }

  /// The difference of one class.
  public struct Category: Sendable, Equatable, Encodable {
    /// Its id.
    public var id: Int
    /// Its name.
    public var name: String
    /// What the second has more.
    public var difference: Double?
    /// Where 95 of a hundred draws fall.
    public var interval: [Double]?
  }

  /// Of the mean over classes.
  public let all: Difference
  /// Of each class, by id; none for proposals.
  public let perClass: [Category]
  /// How often images were drawn.
  public let resamples: Int

  enum CodingKeys: String, CodingKey {
    case all, resamples
    case perClass = "per_class"
  }

  /// Compares average precision over all thresholds, at the most detections.
  ///
  /// - Parameters:
  ///   - first: What is compared with.
  ///   - second: What may be better.
  ///   - resamples: How often as many images are drawn as there are, each of them any number of times.
  ///   - seed: Of the draws: the same seed gives the same intervals.
  /// - Throws: `CocoError` when the two compare other things, or one of them other images.
  public init(
    _ first: CocoEvaluator, _ second: CocoEvaluator, resamples: Int = 1000, seed: UInt64 = 0
  ) throws(CocoError) {
    guard first.iouType == second.iouType, first.imageIDs == second.imageIDs,
      first.categories == second.categories, first.iouThresholds == second.iouThresholds
    else { throw CocoError("two evaluations of one ground truth, with the same settings, can be compared") }
    let images = first.imageIDs.count
    var random = SplitMix64(state: seed)
    let curves = [WeightedPrecision(first), WeightedPrecision(second)]
    let whole = curves.map { $0.precisions([Int](repeating: 1, count: images)) }
    var draws = [[Double]](repeating: [], count: whole[0].count)
    var means: [Double] = []
    for _ in 0..<(images > 0 ? resamples : 0) {
      var weights = [Int](repeating: 0, count: images)
      for _ in 0..<images { weights[random.next(below: images)] += 1 }
      let values = curves.map { $0.precisions(weights) }
      for category in draws.indices {
        if let a = values[0][category], let b = values[1][category] { draws[category].append(b - a) }
      }
      if let a = Self.mean(values[0]), let b = Self.mean(values[1]) { means.append(b - a) }
    }
    func difference(_ a: Double?, _ b: Double?, _ draws: [Double]) -> Difference {
      guard let a, let b else { return Difference() }
      return Difference(difference: b - a, interval: Self.interval(draws))
    }
    all = difference(Self.mean(whole[0]), Self.mean(whole[1]), means)
    perClass = (first.iouType == .proposal ? [] : first.categories).enumerated().map { index, category in
      let found = difference(whole[0][index], whole[1][index], draws[index])
      return Category(
        id: category.id, name: category.name, difference: found.difference, interval: found.interval)
    }
    self.resamples = resamples
  }

  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }

  /// The middle 95 of a hundred.
  private static func interval(_ draws: [Double]) -> [Double]? {
    guard !draws.isEmpty else { return nil }
    let sorted = draws.sorted()
    func quantile(_ share: Double) -> Double { sorted[Int((share * Double(sorted.count - 1)).rounded())] }
    return [quantile(0.025), quantile(0.975)]
  }
}

extension CocoComparison {
  /// A table for the terminal.
  public var text: String {
    func row(_ name: String, _ difference: Double?, _ interval: [Double]?) -> [String] {
      guard let difference, let interval else { return [name, "-"] }
      return [name] + ([difference] + interval).map { String(format: "%+.3f", $0) }
    }
    let rows =
      [["class", "AP", "from", "to"], row("all", all.difference, all.interval)]
      + perClass.map { row($0.name, $0.difference, $0.interval) }
    return TextTable([.left(), .right(), .right(), .right()], indent: 1, rows: rows).text
  }
}

/// Average precision where every image counts as often as it was drawn.
private struct WeightedPrecision {
  /// The detections of one class by falling score, and how many objects each image has.
  private struct Category {
    var images: [Int]
    var marks: [[(matched: UInt16, ignored: UInt16)]]
    var truths: [Int]
  }

  private let categories: [Category]
  private let thresholds: Int

  init(_ evaluator: CocoEvaluator) {
    thresholds = evaluator.iouThresholds.count
    let words = CategoryMatches.words(thresholds: thresholds)
    let isProposal = evaluator.iouType == .proposal
    var truths = [[Int]](
      repeating: [Int](repeating: 0, count: evaluator.imageIDs.count), count: evaluator.matches.count)
    for (image, objects) in evaluator.truths.enumerated() {
      for object in objects
      where !object.element.isCrowd && CocoEvaluator.areaRanges[0].contains(object.element.area) {
        truths[isProposal ? 0 : object.category][image] += 1
      }
    }
    categories = evaluator.matches.enumerated().map { index, matches in
      var image = [Int](repeating: 0, count: matches.scores.count)
      for picture in matches.pictures {
        for detection in picture.first..<picture.first + picture.count { image[detection] = picture.image }
      }
      let detections = matches.sorted().filter { $0.rank < evaluator.maxDets[2] }.map(\.index)
      return Category(
        images: detections.map { image[$0] },
        marks: (0..<words).map { matches.marks(detections, range: 0, word: $0) }, truths: truths[index])
    }
  }

  /// The average precision of each class, nil where no object was drawn.
  func precisions(_ weights: [Int]) -> [Double?] {
    categories.map { category in
      let truths = zip(category.truths, weights).reduce(0) { $0 + $1.0 * $1.1 }
      guard truths > 0 else { return nil }
      let sum = (0..<thresholds).reduce(0.0) { sum, threshold in
        let (word, bit) = CategoryMatches.place(of: threshold)
        var precisions: [Double] = []
        var counted = 0
        for (image, mark) in zip(category.images, category.marks[word]) where mark.ignored & bit == 0 {
          let weight = weights[image]
          guard mark.matched & bit != 0 else {
            counted += weight
            continue
          }
          for _ in 0..<weight {
            counted += 1
            precisions.append(Double(precisions.count + 1) / Double(counted))
          }
        }
        return sum + CategoryMatches.read(&precisions, truths: truths).reduce(0, +)
      }
      return sum / Double(thresholds * CocoEvaluator.recallThresholds.count)
    }
  }
}

/// Random numbers of a seed (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
private struct SplitMix64 {
  var state: UInt64

  mutating func next(below bound: Int) -> Int {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Int((mixed ^ (mixed >> 31)).multipliedFullWidth(by: UInt64(bound)).high)
  }
}
