/// Why average precision is lost: the errors of detections and objects by their kind, and what mending each kind alone
/// would add (Bolya et al., "TIDE: A General Toolbox for Identifying Object Detection Errors", arXiv:2008.08115; the
/// numbers of `tidecv`).
public struct ErrorSplit: Sendable {
  /// What is wrong with a detection, or with an object that is not found.
  public enum Kind: String, Sendable, CaseIterable {
    /// In the right place, of another class.
    case classification
    /// Of the right class, in a place that is not quite right.
    case localisation
    /// Neither class nor place are right.
    case both
    /// Of an object that a better detection has found.
    case duplicate
    /// Where there is nothing.
    case background
    /// An object that nothing points to.
    case missed
  }

  /// One error.
  struct Fault: Sendable {
    var kind: Kind
    /// The image's place among the pairs.
    var image: Int
    /// The detection's place in the image; nil for an object that is missed.
    var detection: Int?
    /// The place in the image of the object that it points to; nil where there is none.
    var truth: Int?
    /// Whether it would be right if this kind were mended.
    var isMendable = false
  }

  /// Average precision at the positive threshold, in points: the mean over classes that have objects or detections.
  public let averagePrecision: Double
  /// What mending a kind adds, in points.
  public let gains: [Kind: Double]
  /// What it would add if all right detections came before all wrong ones.
  public let falsePositives: Double
  /// What it would add if all objects were found.
  public let falseNegatives: Double
  /// How many errors of each kind there are.
  public let counts: [Kind: Int]
  /// All errors, image by image.
  let faults: [Fault]
  /// The object that each detection has found, by image; nil where it has found none.
  let matches: [[Int?]]

  init(_ images: [ImagePairs], categories: Int, positive: Double, background: Double) {
    var faults: [Fault] = []
    var matches: [[Int?]] = []
    for (place, image) in images.enumerated() {
      let found = Self.match(image, positive: positive)
      faults += Self.faults(of: image, at: place, found, positive: positive, background: background)
      matches.append(found)
    }
    let scores = PointLists(images, faults, matches, categories: categories)
    let whole = scores.averagePrecision(of: scores.original)
    averagePrecision = whole
    gains = Dictionary(
      uniqueKeysWithValues: Kind.allCases.map {
        ($0, max(0, scores.averagePrecision(of: scores.mending($0)) - whole))
      })
    falsePositives = scores.averagePrecision(of: scores.withoutFalsePositives) - whole
    falseNegatives = scores.averagePrecision(of: scores.withoutFalseNegatives) - whole
    counts = Dictionary(
      uniqueKeysWithValues: Kind.allCases.map { kind in (kind, faults.count { $0.kind == kind }) })
    (self.faults, self.matches) = (faults, matches)
  }

  /// The object that each detection finds: by falling score the free one of its class with the largest overlap.
  private static func match(_ image: ImagePairs, positive: Double) -> [Int?] {
    var isTaken = [Bool](repeating: false, count: image.truths.count)
    return image.detections.indices.map { detection in
      let category = image.detections[detection].category
      guard
        let best = image.best(
          of: detection, where: { !isTaken[$0] && image.truths[$0].category == category }),
        best.overlap >= positive
      else { return nil }
      isTaken[best.truth] = true
      return best.truth
    }
  }

  private static func faults(
    of image: ImagePairs, at place: Int, _ matches: [Int?], positive: Double, background: Double
  ) -> [Fault] {
    var isTaken = [Bool](repeating: false, count: image.truths.count)
    for truth in matches { if let truth { isTaken[truth] = true } }
    var faults: [Fault] = []
    // The error whose detection would find the object.
    var heirs = [Int?](repeating: nil, count: image.truths.count)
    for detection in image.detections.indices where matches[detection] == nil {
      let (kind, truth) = kind(of: detection, image, isTaken, positive: positive, background: background)
      // Detections come by falling score: the first that points to a free object is the best.
      if let truth, !isTaken[truth], heirs[truth] == nil { heirs[truth] = faults.count }
      faults.append(Fault(kind: kind, image: place, detection: detection, truth: truth))
    }
    for heir in heirs { if let heir { faults[heir].isMendable = true } }
    for truth in image.truths.indices where !isTaken[truth] && heirs[truth] == nil {
      faults.append(Fault(kind: .missed, image: place, truth: truth))
    }
    return faults
  }

  /// The first kind that fits, and the object that the detection points to.
  private static func kind(
    of detection: Int, _ image: ImagePairs, _ isTaken: [Bool], positive: Double, background: Double
  ) -> (Kind, Int?) {
    let category = image.detections[detection].category
    func best(_ isAllowed: (Int) -> Bool) -> (truth: Int, overlap: Double)? {
      image.best(of: detection, where: isAllowed)
    }
    guard let nearest = best({ _ in true }) else { return (.background, nil) }
    if let own = best({ image.truths[$0].category == category }),
      (background...positive).contains(own.overlap)
    {
      return (.localisation, own.truth)
    }
    if let other = best({ image.truths[$0].category != category }), other.overlap >= positive {
      return (.classification, other.truth)
    }
    if let taken = best({ isTaken[$0] && image.truths[$0].category == category }), taken.overlap >= positive {
      return (.duplicate, taken.truth)
    }
    return (nearest.overlap <= background ? .background : .both, nil)
  }
}

/// What average precision is made of: the detections of each class, right or wrong, and the number of objects.
private struct PointLists {
  struct Lists {
    var points: [[(score: Double, isRight: Bool)]]
    var truths: [Int]
  }

  private(set) var original: Lists
  /// The right detections alone.
  private let right: Lists
  private let images: [ImagePairs]
  private let faults: [ErrorSplit.Fault]

  init(_ images: [ImagePairs], _ faults: [ErrorSplit.Fault], _ matches: [[Int?]], categories: Int) {
    var right = Lists(
      points: [[(score: Double, isRight: Bool)]](repeating: [], count: categories),
      truths: [Int](repeating: 0, count: categories))
    for (image, matches) in zip(images, matches) {
      for truth in image.truths { right.truths[truth.category] += 1 }
      for (detection, match) in zip(image.detections, matches) where match != nil {
        right.points[detection.category].append((detection.score, true))
      }
    }
    (self.images, self.faults, self.right) = (images, faults, right)
    original = right
    original = lists { _ in false }
  }

  /// The right detections, and the wrong ones of which some are mended.
  private func lists(mending isMended: (ErrorSplit.Fault) -> Bool) -> Lists {
    var lists = right
    for fault in faults {
      let image = images[fault.image]
      guard let place = fault.detection else {
        if isMended(fault), let truth = fault.truth { lists.truths[image.truths[truth].category] -= 1 }
        continue
      }
      let detection = image.detections[place]
      guard isMended(fault) else {
        // What lies in a crowd does not count, as long as it is wrong.
        if !detection.isInCrowd { lists.points[detection.category].append((detection.score, false)) }
        continue
      }
      guard fault.isMendable, let truth = fault.truth else { continue }
      lists.points[image.truths[truth].category].append((detection.score, true))
    }
    return lists
  }

  func mending(_ kind: ErrorSplit.Kind) -> Lists { lists { $0.kind == kind } }

  var withoutFalsePositives: Lists {
    var lists = original
    for category in lists.points.indices {
      lists.points[category] = lists.points[category].map { ($0.isRight ? 1 : 0, $0.isRight) }
    }
    return lists
  }

  var withoutFalseNegatives: Lists {
    var lists = original
    for category in lists.truths.indices { lists.truths[category] = right.points[category].count }
    return lists
  }

  /// tidecv's points of the recall axis, some of which differ from numpy's by a bit.
  private static let recalls = (0...100).map { Double($0) / 100 }

  /// In points; the mean over classes that have objects or detections.
  func averagePrecision(of lists: Lists) -> Double {
    let values = zip(lists.points, lists.truths).compactMap { points, truths -> Double? in
      guard !points.isEmpty || truths > 0 else { return nil }
      guard truths > 0 else { return 0 }
      let order = points.indices.sorted { a, b in
        points[a].score != points[b].score ? points[a].score > points[b].score : a < b
      }
      var precisions: [Double] = []
      for (rank, index) in order.enumerated() where points[index].isRight {
        precisions.append(Double(precisions.count + 1) / Double(rank + 1))
      }
      let read = CategoryMatches.read(&precisions, truths: truths, at: Self.recalls)
      return read.reduce(0, +) / Double(read.count) * 100
    }
    return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
