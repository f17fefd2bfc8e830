import Foundation

/// A box by its sides alone, wherever it lies: width and height in pixels.
public typealias BoxSides = SIMD2<Double>

/// How well anchors fit the boxes of a data set, as sizes: the IoU of a box and an anchor with one centre.
public struct AnchorFit: Sendable, Encodable {
  /// The mean of each box's best IoU.
  public var meanIoU: Double
  /// The share of boxes whose best IoU is at least 0.5, and at least 0.7, from which on training takes them for objects.
  public var above50, above70: Double

  enum CodingKeys: String, CodingKey {
    case meanIoU = "mean_iou"
    case above50 = "iou_50"
    case above70 = "iou_70"
  }

  /// The fit of anchors to boxes; zeros where there are none of either.
  public init(_ anchors: [BoxSides], to boxes: [BoxSides]) {
    let best = boxes.map { box in anchors.reduce(0) { max($0, box.overlap(with: $1)) } }
    let count = Double(max(1, best.count))
    meanIoU = best.reduce(0, +) / count
    above50 = Double(best.count { $0 >= 0.5 }) / count
    above70 = Double(best.count { $0 >= 0.7 }) / count
  }

  /// Shapes that fit boxes by k-means, whose distance is 1 - IoU (Redmon and Farhadi, arXiv:1612.08242, section 2).
  ///
  /// The first centres are boxes at even steps of the area, so that nothing is random; an empty centre keeps its shape.
  ///
  /// - Parameters:
  ///   - boxes: Their sides, in pixels; boxes without an area do not count.
  ///   - count: How many: fewer where there are fewer boxes.
  /// - Returns: By rising area.
  public static func clusters(_ boxes: [BoxSides], count: Int) -> [BoxSides] {
    let sorted = boxes.filter { $0.x > 0 && $0.y > 0 }.sorted { ($0.area, $0.x) < ($1.area, $1.x) }
    guard count > 0, !sorted.isEmpty else { return [] }
    let count = min(count, sorted.count)
    var centres = (0..<count).map { sorted[(2 * $0 + 1) * sorted.count / (2 * count)] }
    var owners = [Int](repeating: -1, count: sorted.count)
    for _ in 0..<rounds {
      var hasChanged = false
      for (index, box) in sorted.enumerated() {
        var best = (owner: 0, overlap: -1.0)
        for (owner, centre) in centres.enumerated() {
          let overlap = box.overlap(with: centre)
          if overlap > best.overlap { best = (owner, overlap) }
        }
        if owners[index] != best.owner {
          owners[index] = best.owner
          hasChanged = true
        }
      }
      guard hasChanged else { break }
      var (sums, counts) = ([BoxSides](repeating: .zero, count: count), [Double](repeating: 0, count: count))
      for (index, box) in sorted.enumerated() {
        sums[owners[index]] += box
        counts[owners[index]] += 1
      }
      for owner in centres.indices where counts[owner] > 0 { centres[owner] = sums[owner] / counts[owner] }
    }
    return centres.sorted { ($0.area, $0.x) < ($1.area, $1.x) }
  }

  private static let rounds = 100
}

extension BoxSides {
  /// Pixels of the box.
  var area: Double { x * y }

  /// IoU of two boxes with one centre.
  func overlap(with other: BoxSides) -> Double {
    let common = Swift.min(x, other.x) * Swift.min(y, other.y)
    let union = area + other.area - common
    return union > 0 ? common / union : 0
  }
}
