/// The figures of a COCO evaluation; -1 stands for "no such ground truth".
public struct CocoSummary: Sendable, Equatable {
  /// The figures of one class.
  public struct Category: Sendable, Equatable, Encodable {
    /// Its id.
    public var id: Int
    /// Its name.
    public var name: String
    /// Average precision over the thresholds, COCO's from 0.50 to 0.95.
    public var averagePrecision: Double
    /// Average precision at the threshold 0.50.
    public var averagePrecision50: Double
    /// Average precision at the threshold 0.75.
    public var averagePrecision75: Double
    /// Average precision over small objects.
    public var averagePrecisionSmall: Double
    /// Average precision over medium objects.
    public var averagePrecisionMedium: Double
    /// Average precision over large objects.
    public var averagePrecisionLarge: Double
    /// Average of the largest recalls.
    public var averageRecall: Double

    enum CodingKeys: String, CodingKey {
      case id, name
      case averagePrecision = "AP"
      case averagePrecision50 = "AP50"
      case averagePrecision75 = "AP75"
      case averagePrecisionSmall = "APs"
      case averagePrecisionMedium = "APm"
      case averagePrecisionLarge = "APl"
      case averageRecall = "AR"
    }
  }

  /// What was compared.
  public let iouType: CocoIoUType
  /// How many detections of a picture and class counted, three rising steps.
  public let maxDets: [Int]
  /// The thresholds on the overlap.
  public let iouThresholds: [Double]
  /// pycocotools' twelve numbers, in its order.
  public let stats: [Double]
  /// The classes by id, at the largest of `maxDets`; none for proposals.
  public let perClass: [Category]
  /// Average precision at each threshold.
  public let perIoU: [Double]

  /// Which of `maxDets` the first number is of: pycocotools asks for 100.
  var firstStep: Int { maxDets.firstIndex(of: 100) ?? maxDets.count - 1 }
}

extension CocoSummary: Encodable {
  enum CodingKeys: String, CodingKey {
    case stats
    case perClass = "per_class"
    case perIoU = "per_iou"
  }

  /// Writes `stats`, `per_class` and `per_iou`.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: CodingKeys.self)
    try keys.encode(stats, forKey: .stats)
    try keys.encode(perClass, forKey: .perClass)
    try keys.encode(perIoU, forKey: .perIoU)
  }
}

extension CocoEvaluator {
  /// The figures over all pictures, those never fed included.
  public func summary() -> CocoSummary { summary(maxDets: maxDets) }

  /// The same with other, smaller limits of detections.
  ///
  /// - Parameter maxDets: Three rising numbers, at most the evaluator's largest.
  package func summary(maxDets: [Int]) -> CocoSummary {
    let result = accumulated(steps: maxDets)
    let first = maxDets.firstIndex(of: 100) ?? 2
    // As in pycocotools, a threshold that was not asked for has no figure.
    func only(_ threshold: Double) -> Range<Int> {
      iouThresholds.firstIndex(of: threshold).map { $0..<$0 + 1 } ?? 0..<0
    }
    let (half, threeQuarters) = (only(0.5), only(0.75))
    let precisions = [
      result.averagePrecision(step: first),
      result.averagePrecision(thresholds: half, step: 2),
      result.averagePrecision(thresholds: threeQuarters, step: 2),
    ]
    let recalls = (0..<3).map { result.averageRecall(step: $0) }
    let stats =
      precisions + (1..<4).map { result.averagePrecision(range: $0, step: 2) }
      + recalls + (1..<4).map { result.averageRecall(range: $0, step: 2) }
    let perClass = (iouType == .proposal ? [] : categories).enumerated().map { index, category in
      let own = index..<index + 1
      return CocoSummary.Category(
        id: category.id, name: category.name,
        averagePrecision: result.averagePrecision(categories: own, step: 2),
        averagePrecision50: result.averagePrecision(thresholds: half, categories: own, step: 2),
        averagePrecision75: result.averagePrecision(thresholds: threeQuarters, categories: own, step: 2),
        averagePrecisionSmall: result.averagePrecision(categories: own, range: 1, step: 2),
        averagePrecisionMedium: result.averagePrecision(categories: own, range: 2, step: 2),
        averagePrecisionLarge: result.averagePrecision(categories: own, range: 3, step: 2),
        averageRecall: result.averageRecall(categories: own, step: 2))
    }
    let perIoU = iouThresholds.indices.map {
      result.averagePrecision(thresholds: $0..<$0 + 1, step: first)
    }
    return CocoSummary(
      iouType: iouType, maxDets: maxDets, iouThresholds: iouThresholds, stats: stats, perClass: perClass,
      perIoU: perIoU)
  }

  /// Average precision and recall at the most detections: by threshold on the overlap, and by range of area, all first;
  /// recall also at each limit of detections.
  package func allFigures() -> (
    byThreshold: [Double], byArea: [Double], recalls: [Double], recallsByArea: [Double]
  ) {
    let result = accumulated(steps: maxDets)
    return (
      iouThresholds.indices.map { result.averagePrecision(thresholds: $0..<$0 + 1, step: 2) },
      Self.areaRanges.indices.map { result.averagePrecision(range: $0, step: 2) },
      (0..<3).map { result.averageRecall(step: $0) },
      Self.areaRanges.indices.map { result.averageRecall(range: $0, step: 2) }
    )
  }
}
