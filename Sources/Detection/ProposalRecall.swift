import Coco
import Masks

/// The recall of boxes whatever their class (mmdetection's `proposal_fast`, `eval_recalls`): the pairs of largest
/// overlap are taken one by one, so that each object and each box has one partner.
struct ProposalRecall {
  /// What is kept of the images fed: the overlap that each object has at each limit of boxes. It can be stored.
  struct State: Codable, Sendable, Equatable {
    /// By image id; `[limits, objects]`.
    var overlaps: [Int: [[Float]]] = [:]
  }

  /// How many boxes of an image count, several numbers.
  let limits: [Int]
  private let thresholds: [Double]
  private let truths: [Int: Boxes]
  private(set) var state = State()

  /// Recall of the objects of some images: of all classes, without crowds and what is to be ignored.
  init(_ annotations: CocoAnnotations, imageIDs: [Int]?, limits: [Int], thresholds: [Double]) {
    (self.limits, self.thresholds) = (limits, thresholds)
    var truths: [Int: Boxes] = Dictionary(
      uniqueKeysWithValues: (imageIDs ?? annotations.images.map(\.id)).map { ($0, Boxes()) })
    for annotation in annotations.annotations where !annotation.isCrowd && !annotation.ignore {
      let box = annotation.boundingBox
      truths[annotation.imageID]?.append(
        SIMD4(Float(box.x), Float(box.y), Float(box.x + box.width), Float(box.y + box.height)))
    }
    self.truths = truths
  }

  /// Matches the boxes of an image, in the model's order.
  mutating func add(imageID: Int, boxes: Boxes) {
    guard let truth = truths[imageID] else { return }
    state.overlaps[imageID] = limits.map { limit in
      let counted = boxes[Array(0..<min(limit, boxes.count))]
      return Self.partners(Boxes.iou(truth, counted), objects: truth.count, boxes: counted.count)
    }
  }

  /// Takes in what another one kept of other images.
  ///
  /// - Throws: `CocoError`, and nothing is taken in, for images that were matched already.
  mutating func merge(_ other: State) throws {
    guard other.overlaps.keys.allSatisfy({ state.overlaps[$0] == nil }) else {
      throw CocoError("the proposals of an image were given twice")
    }
    state.overlaps.merge(other.overlaps) { first, _ in first }
  }

  /// The overlap of each pair in the order taken; 0 for objects without a partner.
  private static func partners(_ overlaps: [Float], objects: Int, boxes: Int) -> [Float] {
    var found = [Float](repeating: 0, count: objects)
    guard boxes > 0 else { return found }
    var left = overlaps
    for pair in found.indices {
      var best = 0
      for index in left.indices where left[index] > left[best] { best = index }
      found[pair] = left[best]
      let (object, box) = best.quotientAndRemainder(dividingBy: boxes)
      for other in 0..<boxes { left[object * boxes + other] = -1 }
      for other in 0..<objects { left[other * boxes + box] = -1 }
    }
    return found
  }

  /// The mean over thresholds of the share of objects that are found, a number a limit; NaN without objects.
  func averages() -> [Double] {
    let total = truths.values.reduce(0) { $0 + $1.count }
    return limits.indices.map { limit in
      let found = thresholds.map { threshold in
        state.overlaps.values.reduce(0) { $0 + $1[limit].count { Double($0) >= threshold } }
      }
      return found.reduce(0.0) { $0 + Double($1) / Double(total) } / Double(thresholds.count)
    }
  }
}
