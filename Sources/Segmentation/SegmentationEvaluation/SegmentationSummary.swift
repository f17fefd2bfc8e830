import Tensors

/// The figures of a segmentation over a whole data set, as fractions; NaN where a class has nothing to divide by.
///
/// mmsegmentation's `IoUMetric`, from exact counts. Means leave NaN out.
public struct SegmentationSummary: Sendable {
  /// The figures of one class.
  public struct Category: Sendable {
    /// Its name.
    public var name: String
    /// Intersection over union of label and prediction.
    public var iou: Double
    /// Intersection over label.
    public var accuracy: Double
    /// Twice the intersection over the sum of both.
    public var dice: Double
    /// The mean of precision and recall that `beta` weighs; harmonic for 1.
    public var fScore: Double
    /// Intersection over prediction.
    public var precision: Double
    /// Intersection over label, as the accuracy.
    public var recall: Double
    /// Intersection over union of the pixels near outlines; NaN where they are not counted.
    public var boundaryIoU: Double
  }

  /// All right pixels over all labelled pixels (`aAcc`).
  public let overallAccuracy: Double
  /// The classes, in their order.
  public let perClass: [Category]
  /// What was counted.
  public let confusion: ConfusionMatrix
  /// Whether pixels near outlines were counted by themselves.
  public let hasBoundaries: Bool

  /// The figures of a matrix.
  public init(
    _ confusion: ConfusionMatrix, classes: [String], beta: Double = 1, nanReplacement: Double? = nil
  ) {
    self.init(confusion, nil, classes: classes, beta: beta, nanReplacement: nanReplacement)
  }

  /// The figures of counts.
  public init(
    _ counts: SegmentationCounts, classes: [String], beta: Double = 1, nanReplacement: Double? = nil
  ) {
    self.init(
      counts.confusion, counts.boundary, classes: classes, beta: beta, nanReplacement: nanReplacement)
  }

  ///
  /// - Parameters:
  ///   - classes: A name each.
  ///   - beta: The weight of recall in the F score.
  ///   - nanReplacement: Takes the place of NaN, in means too (mm's `nan_to_num`).
  private init(
    _ confusion: ConfusionMatrix, _ boundary: BoundaryAreas?, classes: [String], beta: Double,
    nanReplacement: Double?
  ) {
    require(
      classes.count == confusion.classes,
      "\(classes.count) names for a matrix of \(confusion.classes) classes")
    func ratio(_ part: Double, _ whole: Double) -> Double {
      let ratio = part / whole
      return ratio.isNaN ? nanReplacement ?? .nan : ratio
    }
    let right = confusion.intersections
    let labels = confusion.labelAreas
    let predictions = confusion.predictionAreas
    self.confusion = confusion
    hasBoundaries = boundary != nil
    overallAccuracy = ratio(Double(right.reduce(0, +)), Double(labels.reduce(0, +)))
    perClass = classes.indices.map { index in
      let (right, label, prediction) = (
        Double(right[index]), Double(labels[index]), Double(predictions[index])
      )
      // NaN is replaced at the end: an F score of NaN is not one of what replaces it.
      let (precision, recall) = (right / prediction, right / label)
      return Category(
        name: classes[index], iou: ratio(right, label + prediction - right), accuracy: ratio(right, label),
        dice: ratio(2 * right, label + prediction),
        fScore: ratio((1 + beta * beta) * precision * recall, beta * beta * precision + recall),
        precision: ratio(right, prediction), recall: ratio(right, label),
        boundaryIoU: boundary.map { ratio($0.iou(of: index), 1) } ?? .nan)
    }
  }

  /// The mean of a figure over the classes that have one; NaN when none has.
  public func mean(_ figure: (Category) -> Double) -> Double {
    let known = perClass.map(figure).filter { !$0.isNaN }
    return known.isEmpty ? .nan : known.reduce(0, +) / Double(known.count)
  }

  /// `aAcc`, `mIoU`, `mAcc`, `mDice`, `mFscore`, `mPrecision`, `mRecall`, as fractions.
  public var means: [(name: String, value: Double)] {
    [("aAcc", overallAccuracy)] + figures.map { ("m\($0.name)", mean($0.figure)) }
  }

  /// The names of `means`, with those of outlines.
  static let meanNames = ["aAcc"] + (areaFigures + [boundaryFigure]).map { "m\($0.name)" }

  /// A figure of a class and its name.
  typealias Figure = (name: String, figure: @Sendable (Category) -> Double)

  /// The figures of a class that there are.
  var figures: [Figure] { Self.areaFigures + (hasBoundaries ? [Self.boundaryFigure] : []) }

  private static let boundaryFigure: Figure = ("BIoU", { $0.boundaryIoU })

  /// The figures of a class under mm's names.
  private static let areaFigures: [Figure] = [
    ("IoU", { $0.iou }), ("Acc", { $0.accuracy }), ("Dice", { $0.dice }), ("Fscore", { $0.fScore }),
    ("Precision", { $0.precision }), ("Recall", { $0.recall }),
  ]
}

extension SegmentationSummary: Encodable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  /// Writes the means, `per_class` and `confusion_matrix`; NaN becomes null.
  public func encode(to encoder: any Encoder) throws {
    var keys = encoder.container(keyedBy: Key.self)
    func write(_ value: Double, _ name: String, _ keys: inout KeyedEncodingContainer<Key>) throws {
      try keys.encode(value.isNaN ? nil : value, forKey: Key(name))
    }
    for (name, value) in means { try write(value, name, &keys) }
    var list = keys.nestedUnkeyedContainer(forKey: Key("per_class"))
    for category in perClass {
      var item = list.nestedContainer(keyedBy: Key.self)
      try item.encode(category.name, forKey: Key("name"))
      for (name, figure) in figures { try write(figure(category), name, &item) }
    }
    try keys.encode(confusion.rows, forKey: Key("confusion_matrix"))
    try keys.encode(confusion.unclassified.reduce(0, +), forKey: Key("unclassified_pixels"))
  }
}
