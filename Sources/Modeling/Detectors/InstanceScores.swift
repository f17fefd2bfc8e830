import Masks

/// What a detector knows of one image's objects before it decides about their pixels: what variants and tiles of an image
/// can be merged in.
public struct InstanceScores: Sendable, Equatable {
  /// In pixels of the image's file.
  public var boxes: Boxes
  /// 0 ... 1, one an object, falling.
  public var scores: [Float]
  /// Class numbers, from 0, one an object.
  public var labels: [Int]
  /// A soft mask for each object; nil from a detector without masks.
  public var masks: SoftMasks?

  /// Objects whose arrays have one length.
  public init(boxes: Boxes, scores: [Float], labels: [Int], masks: SoftMasks? = nil) {
    precondition(
      boxes.count == scores.count && boxes.count == labels.count
        && (masks?.count ?? labels.count) == labels.count,
      "\(boxes.count) boxes, \(scores.count) scores, \(labels.count) labels, "
        + "\(masks.map { "\($0.count)" } ?? "no") masks")
    (self.boxes, self.scores, self.labels, self.masks) = (boxes, scores, labels, masks)
  }
}

/// Mask probabilities, each stretched over its object's box.
public struct SoftMasks: Sendable, Equatable {
  /// Rows and columns of each.
  public var side: Int
  /// 0 ... 1, `[count, side, side]`.
  public var probabilities: [Float]

  /// Masks of one side.
  public init(side: Int, probabilities: [Float]) {
    precondition(
      side > 0 && probabilities.count.isMultiple(of: side * side),
      "\(probabilities.count) probabilities for masks [\(side), \(side)]")
    (self.side, self.probabilities) = (side, probabilities)
  }

  /// How many there are.
  public var count: Int { probabilities.count / (side * side) }
}
