import Imaging

/// What is counted of label maps and predictions: all pixels, and where it is asked for those near outlines.
public struct SegmentationCounts: Sendable, Equatable, Codable {
  /// All pixels.
  public private(set) var confusion: ConfusionMatrix
  /// Those near outlines; nil where they are not counted.
  public private(set) var boundary: BoundaryAreas?

  /// Nothing counted yet.
  ///
  /// - Parameters:
  ///   - confusion: A matrix of zeros, which says what numbers mean.
  ///   - countsBoundaries: Whether pixels near outlines are counted by themselves.
  public init(_ confusion: ConfusionMatrix, countsBoundaries: Bool = false) {
    self.confusion = confusion
    boundary = countsBoundaries ? BoundaryAreas(classes: confusion.classes) : nil
  }

  /// The same without counts.
  var emptied: SegmentationCounts {
    SegmentationCounts(
      ConfusionMatrix(
        classes: confusion.classes, ignoreIndex: confusion.ignoreIndex,
        reducesZeroLabel: confusion.reducesZeroLabel, predictionsOffset: confusion.predictionsOffset),
      countsBoundaries: boundary != nil)
  }

  /// About how much memory counts take.
  var bytes: Int { 8 * (confusion.classes + 4) * (confusion.classes + 1) }

  /// Counts one image.
  ///
  /// - Throws: `SegmentationEvaluationError`, and nothing is counted, when the sizes differ or a label is illegal.
  public mutating func add(label: LabelMap, prediction: LabelMap) throws(SegmentationEvaluationError) {
    try confusion.add(label: label, prediction: prediction)
    let offset = Int32(clamping: confusion.predictionsOffset)
    boundary?.add(
      classes: confusion.classes(of: label),
      found: offset == 0 ? prediction.pixels : prediction.pixels.map { $0 &- offset },
      ignored: Int32(clamping: confusion.ignoreIndex), size: label.size)
  }

  /// Adds the counts of other images.
  static func += (counts: inout SegmentationCounts, other: SegmentationCounts) {
    counts.confusion += other.confusion
    if let boundary = other.boundary { counts.boundary? += boundary }
  }
}
