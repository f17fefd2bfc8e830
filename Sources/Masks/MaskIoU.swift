extension RunLengthMask {
  /// Intersection over union of every result with every truth.
  ///
  /// For a crowd the intersection is divided by the area of the result alone; pairs without an object are 0
  /// (cocoapi, `rleIou`).
  ///
  /// - Returns: `[results.count, truths.count]`, row-major.
  /// - Throws: `MaskError.sizesDiffer`.
  public static func iou(
    _ results: [RunLengthMask], _ truths: [RunLengthMask], isCrowd: [Bool]
  ) throws(MaskError) -> [Double] {
    precondition(
      isCrowd.count == truths.count, "\(truths.count) truths need as many crowd flags, got \(isCrowd.count)")
    for mask in results + truths {
      guard let first = results.first ?? truths.first,
        mask.height != first.height || mask.width != first.width
      else { continue }
      throw .sizesDiffer(
        height: first.height, width: first.width, otherHeight: mask.height, otherWidth: mask.width)
    }
    guard let first = results.first, !truths.isEmpty else { return [] }
    var tables = (
      RunTable(height: first.height, width: first.width), RunTable(height: first.height, width: first.width)
    )
    for mask in results { tables.0.append(mask) }
    for mask in truths { tables.1.append(mask) }
    return tables.0.iou(results.indices, with: tables.1, isCrowd: isCrowd)
  }
}

/// A box as COCO writes it: (x, y, width, height), in pixels.
public typealias CornerBox = (x: Double, y: Double, width: Double, height: Double)

/// Intersection over union of every result box with every truth, all (x, y, width, height).
///
/// For a crowd the intersection is divided by the area of the result alone (cocoapi, `bbIou`).
///
/// - Returns: `[results.count, truths.count]`, row-major.
public func boxIoU(_ results: [CornerBox], _ truths: [CornerBox], isCrowd: [Bool]) -> [Double] {
  precondition(
    isCrowd.count == truths.count, "\(truths.count) truths need as many crowd flags, got \(isCrowd.count)")
  var ious = [Double](repeating: 0, count: results.count * truths.count)
  for (row, result) in results.enumerated() {
    let area = result.width * result.height
    for (column, truth) in truths.enumerated() {
      let shared = sharedArea(result, truth)
      guard shared > 0 else { continue }
      let whole = isCrowd[column] ? area : area + truth.width * truth.height - shared
      ious[row * truths.count + column] = shared / whole
    }
  }
  return ious
}

/// Intersection over union of two boxes.
package func boxIoU(_ a: CornerBox, _ b: CornerBox) -> Double {
  let shared = sharedArea(a, b)
  return shared > 0 ? shared / (a.width * a.height + b.width * b.height - shared) : 0
}

/// The area that two boxes share.
func sharedArea(_ a: CornerBox, _ b: CornerBox) -> Double {
  let width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
  let height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
  return width > 0 && height > 0 ? width * height : 0
}
