/// A mask as COCO writes it: lengths of runs down the columns, background first.
///
/// Runs of length 0 are merged away, but for a first one, so equal masks have equal runs
/// (cocoapi, `common/maskApi.h`).
public struct RunLengthMask: Sendable, Equatable {
  /// The number of rows.
  public let height: Int
  /// The number of columns.
  public let width: Int
  /// Lengths of the runs, column by column: background, object, background, ...
  public let counts: [UInt32]

  /// Runs that are known to be merged and to cover the mask.
  init(merged counts: [UInt32], height: Int, width: Int) {
    self.counts = counts
    self.height = height
    self.width = width
  }

  /// A mask of the given runs.
  ///
  /// - Throws: `MaskError` when the runs do not cover height x width pixels exactly.
  public init(counts: [UInt32], height: Int, width: Int) throws(MaskError) {
    try self.init(lengths: counts.lazy.map(Int.init), height: height, width: width)
  }

  /// A mask of runs of any length a file may hold.
  ///
  /// - Throws: `MaskError` when a run is negative or the runs do not cover height x width pixels exactly.
  public init(lengths: some Collection<Int>, height: Int, width: Int) throws(MaskError) {
    let area = try Self.checkedArea(height: height, width: width)
    // The sum comes first: neighbours of one kind are joined, and would go beyond 32 bits in a file that lies.
    var sum = 0
    for (index, length) in lengths.enumerated() {
      guard length >= 0, length <= UInt32.max else {
        throw .illegalRun(index: index, length: length)
      }
      let (next, overflow) = sum.addingReportingOverflow(length)
      sum = overflow ? Int.max : next
    }
    guard sum == area else { throw .runsDoNotCover(sum: sum, height: height, width: width) }
    var runs = RunBuilder(capacity: lengths.count)
    for (index, length) in lengths.enumerated() { runs.append(length, inside: index % 2 == 1) }
    self.init(merged: runs.counts, height: height, width: width)
  }

  /// The size as a number of pixels, when a mask may have it.
  static func checkedArea(height: Int, width: Int) throws(MaskError) -> Int {
    let (area, overflow) = height.multipliedReportingOverflow(by: width)
    guard height >= 0, width >= 0, !overflow, area <= MaskError.pixelLimit else {
      throw .illegalSize(height: height, width: width)
    }
    return area
  }

  /// The number of pixels inside the object.
  public var area: Int {
    var area = 0
    for index in stride(from: 1, to: counts.count, by: 2) { area += Int(counts[index]) }
    return area
  }

  /// The smallest box around the object as (x, y, width, height), in whole pixels; zeros when there is none.
  public var boundingBox: (x: Double, y: Double, width: Double, height: Double) {
    counts.withUnsafeBufferPointer { boxAround($0, height: height) }
  }

  /// The pixels that lie in any of the masks.
  ///
  /// - Throws: `MaskError` when the list is empty or the sizes differ.
  public static func union(_ masks: [RunLengthMask]) throws(MaskError) -> RunLengthMask {
    try merged(masks) { $0 || $1 }
  }

  /// The pixels that lie in all of the masks.
  ///
  /// - Throws: `MaskError` when the list is empty or the sizes differ.
  public static func intersection(_ masks: [RunLengthMask]) throws(MaskError) -> RunLengthMask {
    try merged(masks) { $0 && $1 }
  }

  /// The mask as a part of a larger one.
  ///
  /// - Parameters:
  ///   - row: Where its first row lies; what reaches beyond the larger mask is cut off.
  ///   - column: Where its first column lies.
  ///   - newHeight: Of the larger mask, in pixels.
  ///   - newWidth: The same.
  /// - Throws: `MaskError` for a size that no mask may have.
  public func placed(
    row: Int, column: Int, height newHeight: Int, width newWidth: Int
  ) throws(MaskError) -> RunLengthMask {
    let area = try Self.checkedArea(height: newHeight, width: newWidth)
    var runs = RunBuilder()
    var written = 0
    var place = 0
    for (index, count) in counts.enumerated() {
      let end = place + Int(count)
      defer { place = end }
      guard index % 2 == 1 else { continue }
      // A run through several columns becomes one in each.
      var from = place
      while from < end {
        let (x, y) = from.quotientAndRemainder(dividingBy: height)
        let to = min(end, (x + 1) * height)
        let (left, top) = (x + column, max(0, y + row))
        let bottom = min(newHeight, y + row + to - from)
        from = to
        guard (0..<newWidth).contains(left), top < bottom else { continue }
        let begin = left * newHeight + top
        runs.append(begin - written, inside: false)
        runs.append(bottom - top, inside: true)
        written = begin + bottom - top
      }
    }
    runs.append(area - written, inside: false)
    return RunLengthMask(merged: runs.counts, height: newHeight, width: newWidth)
  }

  private static func merged(
    _ masks: [RunLengthMask], by join: (Bool, Bool) -> Bool
  ) throws(MaskError) -> RunLengthMask {
    guard var result = masks.first else { throw .noPolygon }
    for mask in masks.dropFirst() {
      guard mask.height == result.height, mask.width == result.width else {
        throw .sizesDiffer(
          height: result.height, width: result.width, otherHeight: mask.height, otherWidth: mask.width)
      }
      result = RunLengthMask(
        merged: mergedRuns(result.counts, mask.counts, by: join), height: mask.height, width: mask.width)
    }
    return result
  }

  /// Walks along both lists of runs, which cover the same number of pixels.
  private static func mergedRuns(
    _ a: [UInt32], _ b: [UInt32], by join: (Bool, Bool) -> Bool
  ) -> [UInt32] {
    var runs = RunBuilder()
    var (i, j) = (0, 0)
    var (leftA, leftB) = (a.first ?? 0, b.first ?? 0)
    while i < a.count, j < b.count {
      let step = min(leftA, leftB)
      runs.append(Int(step), inside: join(i % 2 == 1, j % 2 == 1))
      leftA -= step
      leftB -= step
      if leftA == 0 {
        i += 1
        if i < a.count { leftA = a[i] }
      }
      if leftB == 0 {
        j += 1
        if j < b.count { leftB = b[j] }
      }
    }
    return runs.counts
  }
}

/// Collects runs, joining neighbours of the same kind.
struct RunBuilder {
  private(set) var counts: [UInt32] = []

  /// Room for as many runs.
  init(capacity: Int = 0) { counts.reserveCapacity(capacity) }

  /// Adds `length` pixels inside or outside the object.
  mutating func append(_ length: Int, inside: Bool) {
    guard length > 0 else { return }
    if counts.isEmpty, inside { counts.append(0) }
    // The last run is inside the object when its index is odd.
    if !counts.isEmpty, (counts.count % 2 == 0) == inside {
      counts[counts.count - 1] += UInt32(length)
    } else {
      counts.append(UInt32(length))
    }
  }
}
