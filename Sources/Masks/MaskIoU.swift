import CKernels

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
    // Masks whose boxes are apart share nothing: most pairs need no walk along the runs.
    let resultBoxes = results.map(\.boundingBox)
    let truthBoxes = truths.map(\.boundingBox)
    let resultAreas = results.map(\.area)
    let truthAreas = truths.map(\.area)
    var ious = [Double](repeating: 0, count: results.count * truths.count)
    for (row, result) in results.enumerated() {
      for (column, truth) in truths.enumerated()
      where overlap(resultBoxes[row], truthBoxes[column]) > 0 {
        let shared = Int(
          dp_run_intersection(
            result.counts, Int64(result.counts.count), truth.counts, Int64(truth.counts.count)))
        guard shared > 0 else { continue }
        let whole = isCrowd[column] ? resultAreas[row] : resultAreas[row] + truthAreas[column] - shared
        ious[row * truths.count + column] = Double(shared) / Double(whole)
      }
    }
    return ious
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
      let shared = overlap(result, truth)
      guard shared > 0 else { continue }
      let whole = isCrowd[column] ? area : area + truth.width * truth.height - shared
      ious[row * truths.count + column] = shared / whole
    }
  }
  return ious
}

/// The area that two boxes share.
private func overlap(_ a: CornerBox, _ b: CornerBox) -> Double {
  let width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
  let height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
  return width > 0 && height > 0 ? width * height : 0
}
