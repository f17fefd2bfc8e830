import Classification
import Imaging
import Modeling

/// What of a prediction is drawn and listed.
public struct ShownPart: Sendable {
  /// The least score of an object.
  public var scoreThreshold: Float
  /// The most objects of an image, the best of them; nil: all.
  public var most: Int?
  /// The classes, by their numbers from 0; nil: all.
  public var classes: Set<Int>?

  /// How many classes of a whole image are told.
  static let bestCount = 5

  /// Objects from a score on, as many and of those classes as wanted.
  public init(scoreThreshold: Float = 0.3, most: Int? = nil, classes: Set<Int>? = nil) {
    (self.scoreThreshold, self.most, self.classes) = (scoreThreshold, most, classes)
  }

  /// The objects, in the order in which they were found.
  public func part(of found: InstancePrediction) -> InstancePrediction {
    var kept = found.scores.indices.filter {
      found.scores[$0] >= scoreThreshold && classes?.contains(found.labels[$0]) != false
    }
    if let most, kept.count > most {
      kept = kept.sorted { (-found.scores[$0], $0) < (-found.scores[$1], $1) }.prefix(most).sorted()
    }
    guard kept.count < found.scores.count else { return found }
    return InstancePrediction(
      boxes: found.boxes[kept], scores: kept.map { found.scores[$0] }, labels: kept.map { found.labels[$0] },
      masks: found.masks.map { masks in kept.map { masks[$0] } })
  }

  /// The map whose other classes are -1.
  func part(of map: LabelMap) -> LabelMap {
    guard let classes else { return map }
    var part = map
    part.pixels = map.pixels.map { classes.contains(Int($0)) ? $0 : -1 }
    return part
  }

  /// The best classes of an image, by their numbers.
  func best(of scores: [Float]) -> [Int] {
    let ranked = ClassRanking.best(scores.count, in: scores)
    return Array(ranked.filter { classes?.contains($0) != false }.prefix(Self.bestCount))
  }
}
