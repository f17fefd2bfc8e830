import CKernels

/// Axis-aligned boxes: `x1 y1 x2 y2` per box, in pixels, one after the other.
///
/// `x2 - x1` is the width; no pixel is added.
public struct Boxes: Sendable, Equatable {
  /// `x1 y1 x2 y2` per box, `[count * 4]`.
  public var values: [Float]

  /// Boxes of the coordinates `x1 y1 x2 y2`, `x1 y1 x2 y2`, ...
  public init(_ values: [Float] = []) {
    precondition(values.count % 4 == 0, "boxes need four values each, got \(values.count) in all")
    self.values = values
  }

  /// The number of boxes.
  public var count: Int { values.count / 4 }

  /// Whether there is no box.
  public var isEmpty: Bool { values.isEmpty }

  /// Box `index` as (x1, y1, x2, y2).
  public subscript(index: Int) -> SIMD4<Float> {
    get {
      let at = 4 * index
      return SIMD4(values[at], values[at + 1], values[at + 2], values[at + 3])
    }
    set {
      for axis in 0..<4 { values[4 * index + axis] = newValue[axis] }
    }
  }

  /// The boxes at the given indices, in that order.
  public subscript(indices: [Int]) -> Boxes {
    var chosen = [Float]()
    chosen.reserveCapacity(4 * indices.count)
    for index in indices { chosen += values[4 * index..<4 * index + 4] }
    return Boxes(chosen)
  }

  /// Adds one box, (x1, y1, x2, y2).
  public mutating func append(_ box: SIMD4<Float>) {
    for axis in 0..<4 { values.append(box[axis]) }
  }

  /// Adds the boxes of `other` behind these.
  public mutating func append(contentsOf other: Boxes) { values += other.values }

  /// The area of box `index`, in pixels; negative sides are taken as they are.
  public func area(_ index: Int) -> Float {
    let box = self[index]
    return (box[2] - box[0]) * (box[3] - box[1])
  }

  /// The boxes on an image enlarged `x` times in width and `y` times in height.
  public func scaled(x: Float, y: Float) -> Boxes { mapped { $0 * SIMD4(x, y, x, y) } }

  /// The boxes moved by (x, y).
  public func shifted(x: Float, y: Float) -> Boxes { mapped { $0 + SIMD4(x, y, x, y) } }

  /// The boxes cut to an image: x in 0 ... width, y in 0 ... height.
  public func clipped(width: Float, height: Float) -> Boxes {
    mapped { $0.clamped(lowerBound: .zero, upperBound: SIMD4(width, height, width, height)) }
  }

  /// The boxes on the mirrored image: x becomes width - x.
  public func flippedHorizontally(width: Float) -> Boxes {
    mapped { SIMD4(width - $0[2], $0[1], width - $0[0], $0[3]) }
  }

  func mapped(_ transform: (SIMD4<Float>) -> SIMD4<Float>) -> Boxes {
    var boxes = self
    for index in 0..<count { boxes[index] = transform(self[index]) }
    return boxes
  }

  /// Intersection over union of every box of `a` with every one of `b`.
  ///
  /// mmdet's `bbox_overlaps`: the union is never taken below 1e-6.
  ///
  /// - Returns: `[a.count, b.count]`, row-major.
  public static func iou(_ a: Boxes, _ b: Boxes) -> [Float] { overlaps(a, b, ofFirst: false) }

  /// Intersection of every box of `a` with every one of `b` over the area of the box of `a`.
  ///
  /// mmdet's `bbox_overlaps`, mode `iof`.
  ///
  /// - Returns: `[a.count, b.count]`, row-major.
  public static func iof(_ a: Boxes, _ b: Boxes) -> [Float] { overlaps(a, b, ofFirst: true) }

  private static func overlaps(_ a: Boxes, _ b: Boxes, ofFirst: Bool) -> [Float] {
    let rows = a.count
    let columns = b.count
    guard rows > 0, columns > 0 else { return [] }
    return [Float](unsafeUninitializedCapacity: rows * columns) { buffer, count in
      dp_box_overlaps(
        a.values, Int64(rows), b.values, Int64(columns), ofFirst ? 1 : 0, buffer.baseAddress)
      count = rows * columns
    }
  }
}
