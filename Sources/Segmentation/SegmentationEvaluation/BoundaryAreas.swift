import CKernels
import Imaging
import Tensors

/// Pixels near the outlines of regions, by class, over any number of images: what boundary IoU (Cheng et al.,
/// arXiv:2103.16562) is made of.
///
/// A pixel is near the outline of its region when a pixel of another class, or the border of the image, is within 2 % of
/// the image's diagonal, counted in steps of the eight neighbours. Pixels without a label are of no class in both maps.
public struct BoundaryAreas: Sendable, Equatable, Codable {
  /// Of each class: near its outline in the label map, in the prediction, in both. `[classes]`
  public private(set) var labels, predictions, intersections: [Int64]

  /// How far from an outline a pixel may be, of the image's diagonal.
  public static let share = 0.02

  /// Nothing counted.
  public init(classes: Int) {
    labels = [Int64](repeating: 0, count: classes)
    (predictions, intersections) = (labels, labels)
  }

  /// Counts one image.
  ///
  /// - Parameters:
  ///   - classes: `[H, W]`: classes, or the number that is ignored.
  ///   - found: `[H, W]`: what was predicted.
  mutating func add(classes: [Int32], found: [Int32], ignored: Int32, size: ImageSize) {
    let diagonal = Double(size.height * size.height + size.width * size.width).squareRoot()
    let distance = max(1, Int((Self.share * diagonal).rounded(.toNearestOrEven)))
    let known = zip(classes, found).map { $0 == ignored ? ignored : $1 }
    let insideLabels = Self.interior(classes, size, distance)
    let insideFound = Self.interior(known, size, distance)
    let range = 0..<Int32(labels.count)
    for index in classes.indices where classes[index] != ignored {
      let (label, prediction) = (classes[index], known[index])
      let isNear = insideLabels[index] == 0
      if isNear { labels[Int(label)] += 1 }
      guard insideFound[index] == 0, range.contains(prediction) else { continue }
      predictions[Int(prediction)] += 1
      if isNear, label == prediction { intersections[Int(label)] += 1 }
    }
  }

  private static func interior(_ map: [Int32], _ size: ImageSize, _ distance: Int) -> [UInt8] {
    var runs = [Int64](repeating: 0, count: size.width)
    return [UInt8](unsafeUninitializedCapacity: map.count) { buffer, count in
      dp_label_interior(
        map, Int64(size.height), Int64(size.width), Int64(distance), &runs, buffer.baseAddress)
      count = map.count
    }
  }

  /// Adds the counts of other images.
  static func += (areas: inout BoundaryAreas, other: BoundaryAreas) {
    require(areas.labels.count == other.labels.count, "outlines of other classes do not add up")
    for index in areas.labels.indices {
      areas.labels[index] += other.labels[index]
      areas.predictions[index] += other.predictions[index]
      areas.intersections[index] += other.intersections[index]
    }
  }

  /// Intersection over union of what is near the outlines of a class; NaN where there is none.
  func iou(of index: Int) -> Double {
    let both = Double(intersections[index])
    return both / (Double(labels[index]) + Double(predictions[index]) - both)
  }
}
