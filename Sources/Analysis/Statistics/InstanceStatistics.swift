import Coco
import Data
import Masks

/// Objects of an annotation file by class and size, how many a picture has, and how they lie over each other.
public struct InstanceStatistics: Sendable, Encodable {
  /// Objects of a class, or of all.
  public struct Row: Sendable, Encodable {
    /// The class.
    public var name: String
    /// Its objects, crowds apart, and the images with one.
    public var objects = 0, images = 0
    /// Its objects by COCO's sizes, by the area that the file says: below 32², below 96², and larger.
    public var small = 0, medium = 0, large = 0
    /// Crowds and what else is to be ignored.
    public var crowds = 0
    /// Of the roots of the areas, in pixels.
    public var side = Spread([])

    init(_ name: String) { self.name = name }

    enum CodingKeys: String, CodingKey { case name, objects, images, small, medium, large, crowds, side }
  }

  /// Shares of the objects whose box has an IoU above 0.5, and above 0.75, with another one's of their image.
  public struct Overlap: Sendable, Encodable {
    /// With any other object.
    public var above50 = 0.0, above75 = 0.0
    /// With another one of its class: non-maximum suppression cannot keep both.
    public var ofClassAbove50 = 0.0, ofClassAbove75 = 0.0

    enum CodingKeys: String, CodingKey {
      case above50 = "iou_50"
      case above75 = "iou_75"
      case ofClassAbove50 = "class_iou_50"
      case ofClassAbove75 = "class_iou_75"
    }
  }

  /// By class, in the order of the data set.
  public private(set) var classes: [Row]
  /// All together.
  public private(set) var all = Row("all")
  /// Objects an image.
  public private(set) var objectsPerImage = Spread([])
  /// Images without an object.
  public private(set) var emptyImages = 0
  /// Widths over heights of the boxes.
  public private(set) var aspect = Spread([])
  /// Objects over each other.
  public private(set) var overlap = Overlap()

  enum CodingKeys: String, CodingKey {
    case classes, all, aspect, overlap
    case objectsPerImage = "objects_per_image"
    case emptyImages = "empty_images"
  }

  /// Counts the objects of a data set; those of other images or classes in its file are left out.
  public init(_ truth: InstanceTruth) {
    let names = Dictionary(truth.annotations.categories.map { ($0.id, $0.name) }) { first, _ in first }
    let labels = Dictionary(truth.categoryIDs.enumerated().map { ($1, $0) }) { first, _ in first }
    classes = truth.categoryIDs.map { Row(names[$0] ?? "\($0)") }
    let images = Set(truth.imageIDs.compactMap { $0 })
    var counts = Dictionary(images.map { ($0, 0) }) { first, _ in first }
    var sides = [[Double]](repeating: [], count: classes.count)
    var seen = [Set<Int>](repeating: [], count: classes.count)
    var ratios: [Double] = []
    var boxes: [Int: [(box: CornerBox, label: Int)]] = [:]
    for annotation in truth.annotations.annotations where images.contains(annotation.imageID) {
      guard let label = labels[annotation.categoryID] else { continue }
      guard !annotation.isCrowd, !annotation.ignore else {
        classes[label].crowds += 1
        continue
      }
      classes[label].objects += 1
      switch ObjectSize(area: annotation.area) {
      case .small: classes[label].small += 1
      case .medium: classes[label].medium += 1
      case .large: classes[label].large += 1
      }
      sides[label].append(max(0, annotation.area).squareRoot())
      seen[label].insert(annotation.imageID)
      counts[annotation.imageID, default: 0] += 1
      let box = annotation.boundingBox
      if box.width > 0, box.height > 0 { ratios.append(box.width / box.height) }
      boxes[annotation.imageID, default: []].append((box, label))
    }
    for label in classes.indices {
      classes[label].images = seen[label].count
      classes[label].side = Spread(sides[label])
      all.objects += classes[label].objects
      all.small += classes[label].small
      all.medium += classes[label].medium
      all.large += classes[label].large
      all.crowds += classes[label].crowds
    }
    all.images = counts.values.count { $0 > 0 }
    all.side = Spread(sides.flatMap { $0 })
    emptyImages = counts.count - all.images
    objectsPerImage = Spread(counts.values.map(Double.init))
    aspect = Spread(ratios)
    overlap = Self.overlap(boxes.values, of: all.objects)
  }

  private static func overlap(
    _ images: some Collection<[(box: CornerBox, label: Int)]>, of count: Int
  ) -> Overlap {
    var (above50, above75, ofClass50, ofClass75) = (0, 0, 0, 0)
    for objects in images {
      // From left to right, so that far ones need no look.
      let sorted = objects.sorted { $0.box.x < $1.box.x }
      var best = [Double](repeating: 0, count: sorted.count)
      var bestOfClass = best
      for (one, object) in sorted.enumerated() {
        let right = object.box.x + object.box.width
        for other in (one + 1)..<max(one + 1, sorted.count) {
          guard sorted[other].box.x < right else { break }
          let overlap = boxIoU(object.box, sorted[other].box)
          best[one] = max(best[one], overlap)
          best[other] = max(best[other], overlap)
          guard sorted[other].label == object.label else { continue }
          bestOfClass[one] = max(bestOfClass[one], overlap)
          bestOfClass[other] = max(bestOfClass[other], overlap)
        }
      }
      above50 += best.count { $0 > 0.5 }
      above75 += best.count { $0 > 0.75 }
      ofClass50 += bestOfClass.count { $0 > 0.5 }
      ofClass75 += bestOfClass.count { $0 > 0.75 }
    }
    func share(_ number: Int) -> Double { Double(number) / Double(max(1, count)) }
    return Overlap(
      above50: share(above50), above75: share(above75), ofClassAbove50: share(ofClass50),
      ofClassAbove75: share(ofClass75))
  }
}
