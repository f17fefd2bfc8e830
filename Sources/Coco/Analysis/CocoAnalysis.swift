/// Why a detector loses points: errors by kind, classes that are taken for each other, how far scores can be trusted,
/// and the images and annotations to look at first.
public struct CocoAnalysis: Sendable {
  /// The threshold on the overlap from which a detection is right.
  public static let positiveOverlap = 0.5
  /// The overlap below which there is nothing.
  public static let backgroundOverlap = 0.1
  /// The score from which detections count in the confusion of classes and in the worst images.
  public static let leastScore = 0.3
  /// How many images and annotations are listed.
  static let listed = 20
  /// How many detections of an image count, as in `tidecv`.
  static let mostDetections = 100

  /// The errors by kind.
  public let errors: ErrorSplit
  /// The names of the classes, by id.
  public let classes: [CocoAnnotations.Category]
  /// Rows are the objects' classes, columns the detections'; the last row is "nothing there", the last column "not
  /// found".
  public let confusion: [[Int]]
  /// How far scores are from the share of detections that are right.
  public let calibration: Calibration
  /// The images with the most faults, the worst first.
  public let worstImages: [Suspect]
  /// Annotations that are likely wrong or missing, the likeliest first.
  public let labelErrors: [Suspect]
  /// Average precision by how many objects an image has.
  public let crowding: [Crowding]

  /// Precision over recall of each class at the overlap 0.5, or the first that was asked for.
  public let curves: [Curve]

  /// An image, or an annotation of it, to look at.
  public struct Suspect: Sendable, Equatable {
    /// The image's id.
    public var imageID: Int
    /// The annotation's id; nil where it is about none.
    public var annotationID: Int?
    /// What is odd.
    public var why: String
  }

  /// Scores in ten bins beside the share of detections that are right.
  public struct Calibration: Sendable, Equatable, Encodable {
    /// One bin.
    public struct Bin: Sendable, Equatable, Encodable {
      /// The least score.
      public var from: Double
      /// The largest score.
      public var to: Double
      /// How many detections there are.
      public var count: Int
      /// Their mean score; nil without any.
      public var score: Double?
      /// The share that is right; nil without any.
      public var right: Double?
    }
    /// The mean distance, weighed by the number of detections (Guo et al., arXiv:1706.04599, equation 3); nil without
    /// detections.
    public var expectedError: Double?
    /// The bins, rising.
    public var bins: [Bin]

    enum CodingKeys: String, CodingKey {
      case bins
      case expectedError = "expected_error"
    }
  }

  /// Images with so many objects.
  public struct Crowding: Sendable, Equatable, Encodable {
    /// The fewest objects.
    public var from: Int
    /// The most objects; nil for any number.
    public var to: Int?
    /// How many images there are.
    public var images: Int
    /// Average precision at the overlap 0.5, in points.
    public var averagePrecision50: Double

    enum CodingKeys: String, CodingKey {
      case from, to, images
      case averagePrecision50 = "AP50"
    }
  }

  /// Precision over recall of one class.
  public struct Curve: Sendable, Equatable, Encodable {
    /// Its id.
    public var id: Int
    /// Its name.
    public var name: String
    /// Precision and score at the recalls 0, 0.01, ..., 1.
    public var curve: PrecisionCurve

    enum CodingKeys: CodingKey { case id, name, precision, score }

    /// Writes `id`, `name`, `precision` and `score`.
    public func encode(to encoder: any Encoder) throws {
      var keys = encoder.container(keyedBy: CodingKeys.self)
      try keys.encode(id, forKey: .id)
      try keys.encode(name, forKey: .name)
      try keys.encode(curve.precision, forKey: .precision)
      try keys.encode(curve.score, forKey: .score)
    }
  }

  /// Looks into results whose pictures and classes count in an evaluation.
  ///
  /// - Parameters:
  ///   - results: The detections; those of other pictures and classes are passed over.
  ///   - annotations: Those that the evaluation was made of.
  ///   - evaluator: Of boxes or masks, fed with the results.
  /// - Throws: `CocoError` for proposals, and for results and annotations without what is compared.
  public init(
    of results: CocoResults, against annotations: CocoAnnotations, evaluator: CocoEvaluator
  ) throws(CocoError) {
    guard evaluator.iouType != .proposal else {
      throw CocoError("errors are of classes, and proposals have none: analyse bbox or segm")
    }
    classes = evaluator.categories
    let places = Dictionary(uniqueKeysWithValues: zip(classes.map(\.id), classes.indices))
    let images = try ImagePairs.all(
      results, annotations, iouType: evaluator.iouType, images: Set(evaluator.imageIDs), categories: places,
      threshold: Self.positiveOverlap, limit: Self.mostDetections)
    func split(_ images: [ImagePairs], classes: Int) -> ErrorSplit {
      ErrorSplit(
        images, categories: classes, positive: Self.positiveOverlap, background: Self.backgroundOverlap)
    }
    errors = split(images, classes: classes.count)
    confusion = Self.confusion(images, classes: classes.count)
    calibration = Calibration(images, errors)
    worstImages = Self.worst(images, errors)
    labelErrors = Self.suspects(images, errors, classes)
    let crowds: [(from: Int, to: Int?)] = [(1, 4), (5, 9), (10, 19), (20, nil)]
    crowding = crowds.compactMap { from, to in
      let some = images.filter { (from...(to ?? .max)).contains($0.truths.count) }
      guard !some.isEmpty else { return nil }
      return Crowding(
        from: from, to: to, images: some.count,
        averagePrecision50: split(some, classes: evaluator.categories.count).averagePrecision)
    }
    let half = evaluator.iouThresholds.firstIndex(of: Self.positiveOverlap) ?? 0
    curves = classes.enumerated().map {
      Curve(id: $1.id, name: $1.name, curve: evaluator.curve(category: $0, threshold: half))
    }
  }

  /// Objects and detections by class: by falling score each detection takes the free object that it overlaps most,
  /// whatever its class.
  private static func confusion(_ images: [ImagePairs], classes: Int) -> [[Int]] {
    var matrix = [[Int]](repeating: [Int](repeating: 0, count: classes + 1), count: classes + 1)
    for image in images {
      var isTaken = [Bool](repeating: false, count: image.truths.count)
      for (index, detection) in image.detections.enumerated() where detection.score >= leastScore {
        let best = image.best(of: index) { !isTaken[$0] }
        if let best, best.overlap >= positiveOverlap {
          isTaken[best.truth] = true
          matrix[image.truths[best.truth].category][detection.category] += 1
        } else if !detection.isInCrowd {
          matrix[classes][detection.category] += 1
        }
      }
      for (truth, isTaken) in zip(image.truths, isTaken) where !isTaken {
        matrix[truth.category][classes] += 1
      }
    }
    return matrix
  }

  /// The images with the most objects that are not found and detections that are wrong.
  private static func worst(_ images: [ImagePairs], _ errors: ErrorSplit) -> [Suspect] {
    let rows = images.enumerated().map { place, image in
      let counted = image.detections.indices.filter { image.detections[$0].score >= leastScore }
      let right = counted.count { errors.matches[place][$0] != nil }
      let wrong = counted.count { errors.matches[place][$0] == nil && !image.detections[$0].isInCrowd }
      return (image: image, missed: image.truths.count - right, wrong: wrong)
    }
    let ranked = rows.enumerated().filter { $0.element.missed + $0.element.wrong > 0 }.sorted { a, b in
      let (first, second) = (a.element.missed + a.element.wrong, b.element.missed + b.element.wrong)
      return first != second ? first > second : a.offset < b.offset
    }
    return ranked.prefix(listed).map { _, row in
      Suspect(
        imageID: row.image.imageID,
        why: "\(row.missed) of \(row.image.truths.count) objects not found, \(row.wrong) detections wrong")
    }
  }

  /// What the model is sure of and the annotations contradict, the surest first.
  private static func suspects(
    _ images: [ImagePairs], _ errors: ErrorSplit, _ classes: [CocoAnnotations.Category]
  ) -> [Suspect] {
    var found: [(score: Double, suspect: Suspect)] = []
    for fault in errors.faults {
      let image = images[fault.image]
      guard let place = fault.detection, !image.detections[place].isInCrowd else { continue }
      let detection = image.detections[place]
      guard detection.score >= positiveOverlap else { continue }
      let name = classes[detection.category].name
      let sure = "a \(name) is found with the score \(rounded(detection.score))"
      let truth = fault.truth.map { image.truths[$0] }
      let why: String? =
        switch fault.kind {
        case .background: "\(sure) where nothing is annotated"
        case .classification:
          "\(sure) where a \(truth.map { classes[$0.category].name } ?? "") is annotated"
        case .localisation:
          fault.isMendable
            ? "\(sure), and its annotation covers "
              + "\(rounded(fault.truth.map { image.overlap(place, $0) } ?? 0)) of both" : nil
        case .both, .duplicate, .missed: nil
        }
      guard let why else { continue }
      found.append((detection.score, Suspect(imageID: image.imageID, annotationID: truth?.id, why: why)))
    }
    let order = found.indices.sorted { a, b in
      found[a].score != found[b].score ? found[a].score > found[b].score : a < b
    }
    return order.prefix(listed).map { found[$0].suspect }
  }

  private static func rounded(_ value: Double) -> String { "\((value * 100).rounded() / 100)" }
}

extension CocoAnalysis.Calibration {
  fileprivate init(_ images: [ImagePairs], _ errors: ErrorSplit) {
    let count = 10
    var sums = [(count: Int, score: Double, right: Int)](repeating: (0, 0, 0), count: count)
    for (image, matches) in zip(images, errors.matches) {
      for (detection, match) in zip(image.detections, matches) where match != nil || !detection.isInCrowd {
        // Scores beyond 0 ... 1 are no shares; they count in the outermost bins.
        let share = min(max(detection.score, 0), 1)
        let bin = min(Int(share * Double(count)), count - 1)
        sums[bin].count += 1
        sums[bin].score += share
        if match != nil { sums[bin].right += 1 }
      }
    }
    bins = sums.enumerated().map { index, sum in
      let isEmpty = sum.count == 0
      return Bin(
        from: Double(index) / Double(count), to: Double(index + 1) / Double(count), count: sum.count,
        score: isEmpty ? nil : sum.score / Double(sum.count),
        right: isEmpty ? nil : Double(sum.right) / Double(sum.count))
    }
    let total = sums.reduce(0) { $0 + $1.count }
    expectedError =
      total == 0
      ? nil : sums.reduce(0) { $0 + abs($1.score - Double($1.right)) } / Double(total)
  }
}
