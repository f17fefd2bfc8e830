import CKernels

/// Run lengths of many masks of one size, end to end: for comparing the masks of an image without an array each.
package struct RunTable {
  /// The number of rows and columns of the masks.
  package let height: Int
  package let width: Int
  /// Pixels inside each mask.
  package private(set) var areas: [Int] = []
  private var runs: [UInt32] = []
  private var used = 0
  private var ends: [Int] = []

  /// A table without masks.
  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  /// How many masks there are.
  package var count: Int { ends.count }

  /// Adds a mask of the table's size.
  package mutating func append(_ mask: RunLengthMask) {
    precondition(mask.height == height && mask.width == width, "a table holds masks of one size")
    makeRoom(mask.counts.count)
    for (index, count) in mask.counts.enumerated() { runs[used + index] = count }
    used += mask.counts.count
    ends.append(used)
    areas.append(mask.area)
  }

  /// Adds a mask in COCO's compressed form.
  ///
  /// - Throws: `MaskError` as `RunLengthMask.init(compressed:height:width:)`.
  package mutating func append(compressed bytes: UnsafeBufferPointer<UInt8>) throws(MaskError) {
    let area = try RunLengthMask.checkedArea(height: height, width: width)
    makeRoom(bytes.count)
    var inside: Int64 = 0
    let used = used
    let made = runs.withUnsafeMutableBufferPointer { runs in
      dp_runs_expand(
        bytes.baseAddress, Int64(bytes.count), Int64(area), runs.baseAddress.map { $0 + used }, &inside)
    }
    guard made >= 0 else {
      // Once more, to say what is wrong.
      append(try RunLengthMask(compressed: bytes, height: height, width: width))
      return
    }
    self.used += Int(made)
    ends.append(self.used)
    areas.append(Int(inside))
  }

  private mutating func makeRoom(_ count: Int) {
    guard used + count > runs.count else { return }
    runs += repeatElement(0, count: max(used + count - runs.count, runs.count))
  }

  private func range(_ mask: Int) -> Range<Int> { (mask == 0 ? 0 : ends[mask - 1])..<ends[mask] }

  /// The smallest box around an object as (x, y, width, height), in whole pixels; zeros when there is none.
  package func boundingBox(_ mask: Int) -> CornerBox {
    let range = range(mask)
    return runs.withUnsafeBufferPointer { runs in
      boxAround(UnsafeBufferPointer(rebasing: runs[range]), height: height)
    }
  }

  /// Intersection over union of the chosen masks with all of another table of the same size.
  ///
  /// For a crowd the intersection is divided by the area of the result alone; pairs without an object are 0
  /// (cocoapi, `rleIou`).
  ///
  /// - Returns: `[chosen.count, truths.count]`, row-major.
  package func iou(_ chosen: some Collection<Int>, with truths: RunTable, isCrowd: [Bool]) -> [Double] {
    // Masks whose boxes are apart share nothing: most pairs need no walk along the runs.
    let truthBoxes = (0..<truths.count).map(truths.boundingBox)
    var ious = [Double](repeating: 0, count: chosen.count * truths.count)
    runs.withUnsafeBufferPointer { runs in
      truths.runs.withUnsafeBufferPointer { others in
        for (row, result) in chosen.enumerated() {
          let own = range(result)
          let mine = UnsafeBufferPointer(rebasing: runs[own])
          let box = boxAround(mine, height: height)
          for (column, truthBox) in truthBoxes.enumerated() where sharedArea(box, truthBox) > 0 {
            let other = UnsafeBufferPointer(rebasing: others[truths.range(column)])
            let shared = Int(
              dp_run_intersection(
                mine.baseAddress, Int64(mine.count), other.baseAddress, Int64(other.count)))
            guard shared > 0 else { continue }
            let whole = isCrowd[column] ? areas[result] : areas[result] + truths.areas[column] - shared
            ious[row * truths.count + column] = Double(shared) / Double(whole)
          }
        }
      }
    }
    return ious
  }
}

/// The smallest box around the object that runs describe; zeros when there is none.
func boxAround(_ runs: UnsafeBufferPointer<UInt32>, height: Int) -> CornerBox {
  var bounds: (Int64, Int64, Int64, Int64) = (0, 0, 0, 0)
  let found = withUnsafeMutableBytes(of: &bounds) {
    dp_run_bounds(
      runs.baseAddress, Int64(runs.count), Int64(height), $0.assumingMemoryBound(to: Int64.self).baseAddress)
  }
  guard found != 0 else { return (0, 0, 0, 0) }
  let (left, top, right, bottom) = bounds
  return (Double(left), Double(top), Double(right - left + 1), Double(bottom - top + 1))
}
