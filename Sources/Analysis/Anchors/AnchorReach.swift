import Coco
import Files
import Foundation

/// Which of a config's anchors lie nearest to the objects, and how many objects they reach: by size alone, as the IoU with
/// one centre, which is the most that a grid of anchors can give.
public struct AnchorReach: Sendable, Encodable {
  /// An anchor and the boxes that it is nearest to.
  public struct Anchor: Sendable, Encodable {
    /// The level's stride.
    public let stride: Int
    /// Sides in pixels.
    public let width, height: Double
    /// The boxes.
    public let boxes: Int
    /// The share of them that is reached.
    public let reached: Double
  }

  /// Boxes of a size.
  public struct Size: Sendable, Encodable {
    /// `small`, `medium` or `large`.
    public let size: String
    /// The boxes.
    public let boxes: Int
    /// The share of them that is reached.
    public let reached: Double
  }

  /// Images and boxes behind the training pipeline.
  public let images, boxes: Int
  /// From which IoU on an anchor learns an object (the RPN assigner's `pos_iou_thr`), and from which on the best anchor of
  /// an object does (`min_pos_iou`).
  public let positiveIoU, leastIoU: Double
  /// The share of the boxes that an anchor reaches at these.
  public let reached, reachedAtLeast: Double
  /// The mean of each box's best IoU.
  public let meanIoU: Double
  /// Each anchor with the boxes that it is nearest to.
  public let anchors: [Anchor]
  /// The boxes by COCO's sizes, behind the pipeline.
  public let sizes: [Size]

  enum CodingKeys: String, CodingKey {
    case images, boxes, reached, anchors, sizes
    case positiveIoU = "pos_iou_thr"
    case leastIoU = "min_pos_iou"
    case reachedAtLeast = "reached_at_min_pos_iou"
    case meanIoU = "mean_iou"
  }

  /// Compares boxes with the anchors of all levels.
  ///
  /// - Parameters:
  ///   - settings: Of the anchor generator.
  ///   - boxes: Sides of the objects, behind the training pipeline.
  ///   - images: How many images they are from, for the report.
  ///   - positiveIoU: From which IoU on an anchor learns an object (`pos_iou_thr`).
  ///   - leastIoU: From which IoU on the best anchor of an object learns it (`min_pos_iou`).
  public init(
    _ settings: AnchorStudy.Settings, boxes: [BoxSides], images: Int, positiveIoU: Double = 0.7,
    leastIoU: Double = 0.3
  ) {
    let boxes = boxes.filter { $0.x > 0 && $0.y > 0 }
    let shapes = settings.anchors
    let perLevel = max(1, settings.ratios.count * settings.scales.count)
    var tallies = shapes.map { _ in Tally() }
    var bySize: [ObjectSize: Tally] = [:]
    var best: [Double] = []
    for box in boxes {
      var nearest = (anchor: 0, overlap: -1.0)
      for (anchor, shape) in shapes.enumerated() {
        let overlap = box.overlap(with: shape)
        if overlap > nearest.overlap { nearest = (anchor, overlap) }
      }
      guard tallies.indices.contains(nearest.anchor) else { break }
      best.append(nearest.overlap)
      let isReached = nearest.overlap >= positiveIoU
      tallies[nearest.anchor].count(isReached)
      bySize[ObjectSize(area: box.area), default: Tally()].count(isReached)
    }
    let count = Double(max(1, best.count))
    (self.images, self.boxes, self.positiveIoU, self.leastIoU) = (images, boxes.count, positiveIoU, leastIoU)
    reached = Double(best.count { $0 >= positiveIoU }) / count
    reachedAtLeast = Double(best.count { $0 >= leastIoU }) / count
    meanIoU = best.reduce(0, +) / count
    anchors = zip(shapes, tallies).enumerated().map { place, anchor in
      let (shape, tally) = anchor
      return Anchor(
        stride: settings.strides[place / perLevel], width: shape.x, height: shape.y, boxes: tally.boxes,
        reached: tally.share)
    }
    sizes = ObjectSize.allCases.map { size in
      let tally = bySize[size] ?? Tally()
      return Size(size: size.rawValue, boxes: tally.boxes, reached: tally.share)
    }
  }

  /// Boxes, and those of them that are reached.
  private struct Tally {
    private(set) var boxes = 0
    private var reached = 0

    var share: Double { Double(reached) / Double(max(1, boxes)) }

    mutating func count(_ isReached: Bool) {
      boxes += 1
      if isReached { reached += 1 }
    }
  }

  /// Tables for the terminal.
  public func text() -> String {
    func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
    let rows = anchors.map { anchor in
      [
        "\(anchor.stride)", String(format: "%.0f x %.0f", anchor.width, anchor.height), "\(anchor.boxes)",
        anchor.boxes > 0 ? percent(anchor.reached) : "-",
      ]
    }
    let table = TextTable(
      [.right(), .right(), .right(), .right()],
      rows: [["stride", "anchor", "nearest to", "reached"]] + rows)
    let parts = sizes.filter { $0.boxes > 0 }.map { "\($0.size) \(percent($0.reached)) of \($0.boxes)" }
    return """
      anchors, by size, and \(boxes) boxes of \(images) images behind the training pipeline
      \(table.text)
      reached at IoU \(String(format: "%g", positiveIoU)) (pos_iou_thr): \(percent(reached)) of the objects \
      (\(parts.joined(separator: ", "))), mean IoU \(String(format: "%.3f", meanIoU))
      at \(String(format: "%g", leastIoU)) (min_pos_iou) \(percent(reachedAtLeast)): between the two an object is learnt by its best anchor alone
      """
  }
}
