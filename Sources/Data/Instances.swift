import Masks

/// The objects of one image; all arrays have one entry an object.
public struct Instances: Sendable, Equatable {
  /// In pixels of the image as it is now.
  public var boxes: Boxes
  /// Class numbers, from 0.
  public var labels: [Int]
  /// Of the image's size, bitmaps or polygons; nil when the pipeline loads none.
  public var masks: [ObjectMask]?
  /// Crowds and broken annotations: they play no part in training.
  public var isIgnored: [Bool]

  /// Objects whose arrays have one length.
  public init(boxes: Boxes = Boxes(), labels: [Int] = [], masks: [ObjectMask]? = nil, isIgnored: [Bool] = [])
  {
    precondition(
      boxes.count == labels.count && labels.count == isIgnored.count
        && (masks?.count ?? labels.count) == labels.count,
      "\(boxes.count) boxes, \(labels.count) labels, \(isIgnored.count) marks, "
        + "\(masks.map { "\($0.count)" } ?? "no") masks")
    self.boxes = boxes
    self.labels = labels
    self.masks = masks
    self.isIgnored = isIgnored
  }

  /// How many objects there are.
  public var count: Int { labels.count }

  /// The objects at the given indices, in that order.
  public subscript(indices: [Int]) -> Instances {
    Instances(
      boxes: boxes[indices], labels: indices.map { labels[$0] },
      masks: masks.map { masks in indices.map { masks[$0] } }, isIgnored: indices.map { isIgnored[$0] })
  }
}

/// An object as a data set's file describes it, before the pipeline.
public struct InstanceAnnotation: Sendable, Equatable {
  /// (x1, y1, x2, y2), in pixels of the file.
  public var box: SIMD4<Float>
  /// Class number, from 0.
  public var label: Int
  /// A crowd, which plays no part in training.
  public var isIgnored: Bool
  /// The outline or region, if the file gives one.
  public var mask: MaskAnnotation?

  /// An object.
  public init(box: SIMD4<Float>, label: Int, isIgnored: Bool = false, mask: MaskAnnotation? = nil) {
    self.box = box
    self.label = label
    self.isIgnored = isIgnored
    self.mask = mask
  }
}

/// A mask as COCO's files write it.
public enum MaskAnnotation: Sendable, Equatable {
  /// Parts of an outline: x, y, x, y, ... in pixels.
  case polygons([[Double]])
  /// Run lengths down the columns, background first.
  case runs([Int], height: Int, width: Int)
  /// The same in COCO's compressed form.
  case compressedRuns(String, height: Int, width: Int)

  /// The mask for training.
  ///
  /// - Parameter keepsPolygons: Whether polygons stay outlines; runs are pixels always, held around the object only.
  /// - Returns: Nil for polygons without an area: mmdetection ignores such objects.
  /// - Throws: `MaskError`, or `DataError` when a mask of runs has another size than the image.
  package func mask(height: Int, width: Int, keepsPolygons: Bool) throws -> ObjectMask? {
    let mask: RunLengthMask
    switch self {
    case .polygons(let parts):
      let usable = parts.filter { $0.count >= 6 && $0.count.isMultiple(of: 2) }
      guard !usable.isEmpty else { return nil }
      let polygons = try PolygonMask(parts: usable, height: height, width: width)
      return keepsPolygons ? .polygons(polygons) : .window(MaskWindow(RunLengthMask(polygons)))
    case .runs(let lengths, let maskHeight, let maskWidth):
      mask = try RunLengthMask(lengths: lengths, height: maskHeight, width: maskWidth)
    case .compressedRuns(let text, let maskHeight, let maskWidth):
      mask = try RunLengthMask(compressed: text, height: maskHeight, width: maskWidth)
    }
    guard mask.height == height, mask.width == width else {
      throw DataError(
        file: nil, "a mask of \(mask.width) x \(mask.height) pixels on an image of \(width) x \(height)")
    }
    return .window(MaskWindow(mask))
  }
}
