import Masks

/// Boxes of one image that a first stage proposes, best first.
public struct Proposals: Sendable {
  /// In pixels of the network's image.
  public var boxes: Boxes
  /// Objectness, 0...1, one a box.
  public var scores: [Float]

  /// Boxes with their scores, best first.
  public init(boxes: Boxes, scores: [Float]) {
    precondition(boxes.count == scores.count, "\(boxes.count) boxes and \(scores.count) scores")
    (self.boxes, self.scores) = (boxes, scores)
  }
}

/// Regions of interest of a batch: a box and the image it is in.
public struct RegionsOfInterest: Sendable {
  /// In pixels of the network's image.
  public var boxes: Boxes
  /// The image of each box.
  public var images: [Int]

  /// The boxes of each image, one image after the other.
  public init(_ boxes: [Boxes]) {
    self.boxes = boxes.reduce(into: Boxes()) { $0.append(contentsOf: $1) }
    images = boxes.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element.count) }
  }

  /// Boxes with their images.
  public init(boxes: Boxes, images: [Int]) { (self.boxes, self.images) = (boxes, images) }

  /// How many there are.
  public var count: Int { images.count }
}
