/// A mask as outlines, which no resampling coarsens (mmdetection's `PolygonMasks`, of one object).
public struct PolygonMask: Sendable, Equatable {
  /// The number of rows of its image.
  public let height: Int
  /// The number of columns of its image.
  public let width: Int
  /// Outlines, `x y x y ...` each, in pixels; the object is their union, and without one there is no pixel of it.
  public let parts: [[Double]]

  /// Outlines of three or more corners.
  ///
  /// - Throws: `MaskError` for fewer corners, half a corner, coordinates that are not finite or out of all
  ///   proportion, and an image that is too large.
  public init(parts: [[Double]], height: Int, width: Int) throws(MaskError) {
    _ = try RunLengthMask.checkedArea(height: height, width: width)
    for (part, corners) in parts.enumerated() { try checkOutline(corners, part: part) }
    self.init(moved: parts, height: height, width: width)
  }

  /// Outlines that were checked before they were moved.
  private init(moved parts: [[Double]], height: Int, width: Int) {
    self.parts = parts
    self.height = height
    self.width = width
  }

  /// The box around all corners: (x1, y1, x2, y2), in pixels; zeros without outlines.
  public var bounds: SIMD4<Float> {
    let xs = parts.flatMap { part in stride(from: 0, to: part.count, by: 2).map { part[$0] } }
    let ys = parts.flatMap { part in stride(from: 1, to: part.count, by: 2).map { part[$0] } }
    guard let left = xs.min(), let right = xs.max(), let top = ys.min(), let bottom = ys.max() else {
      return SIMD4(repeating: 0)
    }
    return SIMD4(Float(left), Float(top), Float(right), Float(bottom))
  }

  /// The outlines on the image resampled to another size.
  public func resized(height newHeight: Int, width newWidth: Int) -> PolygonMask {
    let x = Double(newWidth) / Double(max(1, width))
    let y = Double(newHeight) / Double(max(1, height))
    return mapped(height: newHeight, width: newWidth) { ($0 * x, $1 * y) }
  }

  /// The mirror image: x becomes width - x.
  public func flippedHorizontally() -> PolygonMask {
    mapped(height: height, width: width) { (Double(width) - $0, $1) }
  }

  /// The mirror image: y becomes height - y.
  public func flippedVertically() -> PolygonMask {
    mapped(height: height, width: width) { ($0, Double(height) - $1) }
  }

  /// The outlines cut to the window of columns `x ..< x + width` and rows `y ..< y + height`.
  ///
  /// A part that the window cuts in two stays one outline, joined along the window's border, where it encloses
  /// nothing; a part outside is gone.
  public func cropped(x: Int, y: Int, height newHeight: Int, width newWidth: Int) -> PolygonMask {
    let sides: [Side] = [
      Side(axis: 0, bound: Double(x), keepsAbove: true),
      Side(axis: 0, bound: Double(x + newWidth), keepsAbove: false),
      Side(axis: 1, bound: Double(y), keepsAbove: true),
      Side(axis: 1, bound: Double(y + newHeight), keepsAbove: false),
    ]
    let cut = parts.map { part in sides.reduce(part) { $1.cut($0) } }.filter { area($0) > 0 }
    return PolygonMask(moved: cut, height: newHeight, width: newWidth)
      .mapped(height: newHeight, width: newWidth) { ($0 - Double(x), $1 - Double(y)) }
  }

  /// The same outlines on an image with room added at the right and at the bottom.
  public func padded(height newHeight: Int, width newWidth: Int) -> PolygonMask {
    PolygonMask(moved: parts, height: newHeight, width: newWidth)
  }

  /// What a box (x1, y1, x2, y2), in pixels, shows of the object, drawn on a square of `size` x `size` pixels
  /// (mmdetection's `crop_and_resize`). A side of the box counts as one pixel at least.
  public func drawn(in box: SIMD4<Float>, size: Int) -> RunLengthMask {
    let x = Double(Float(size) / max(box[2] - box[0], 1))
    let y = Double(Float(size) / max(box[3] - box[1], 1))
    return RunLengthMask(
      mapped(height: size, width: size) { (($0 - Double(box[0])) * x, ($1 - Double(box[1])) * y) })
  }

  private func mapped(
    height: Int, width: Int, _ move: (Double, Double) -> (Double, Double)
  ) -> PolygonMask {
    let moved = parts.map { part in
      var part = part
      for corner in 0..<part.count / 2 {
        (part[2 * corner], part[2 * corner + 1]) = move(part[2 * corner], part[2 * corner + 1])
      }
      return part
    }
    return PolygonMask(moved: moved, height: height, width: width)
  }
}

/// One side of a window, and how it cuts an outline (Sutherland and Hodgman, 1974).
private struct Side {
  /// 0: a bound of x, 1: of y.
  let axis: Int
  let bound: Double
  let keepsAbove: Bool

  func cut(_ corners: [Double]) -> [Double] {
    var kept: [Double] = []
    kept.reserveCapacity(corners.count + 4)
    let count = corners.count / 2
    for index in 0..<count {
      let next = (index + 1) % count
      let start = SIMD2(corners[2 * index], corners[2 * index + 1])
      let end = SIMD2(corners[2 * next], corners[2 * next + 1])
      if isInside(start) { kept += [start.x, start.y] }
      guard isInside(start) != isInside(end) else { continue }
      var crossing = start + (end - start) * ((bound - start[axis]) / (end[axis] - start[axis]))
      crossing[axis] = bound
      kept += [crossing.x, crossing.y]
    }
    return kept
  }

  private func isInside(_ corner: SIMD2<Double>) -> Bool {
    keepsAbove ? corner[axis] >= bound : corner[axis] <= bound
  }
}

/// What an outline encloses, in pixels (the shoelace formula).
private func area(_ corners: [Double]) -> Double {
  let count = corners.count / 2
  var sum = 0.0
  for index in 0..<count {
    let next = (index + 1) % count
    sum += corners[2 * index] * corners[2 * next + 1] - corners[2 * next] * corners[2 * index + 1]
  }
  return abs(sum) / 2
}
