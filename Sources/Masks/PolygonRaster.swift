// COCO's rule for drawing a polygon: corners are put on a grid five times finer, the outline is walked there step
// by step, and the crossings of column centres are the places where the runs begin and end
// (cocoapi, common/maskApi.c, rleFrPoly).

extension RunLengthMask {
  /// Draws polygons: `x y x y ...` each, in pixels; the object is their union.
  ///
  /// - Throws: `MaskError` for an empty list, fewer than three corners, half a corner, and coordinates that are
  ///   not finite or out of all proportion.
  public init(polygons: [[Double]], height: Int, width: Int) throws(MaskError) {
    _ = try Self.checkedArea(height: height, width: width)
    for (part, corners) in polygons.enumerated() { try checkOutline(corners, part: part) }
    self = try Self.union(polygons.map { Self.drawn($0, height: height, width: width) })
  }

  /// Draws the outlines of a mask.
  public init(_ mask: PolygonMask) {
    let (height, width) = (mask.height, mask.width)
    let parts = mask.parts.map { Self.drawn($0, height: height, width: width) }
    // Masks of one size, and at least one: nothing is thrown.
    let nothing = RunLengthMask(Bitmap(height: height, width: width))
    self = (try? Self.union(parts)) ?? nothing
  }

  private static func drawn(_ corners: [Double], height: Int, width: Int) -> RunLengthMask {
    var places = outlineCrossings(corners, height: height, width: width)
    places.sort()
    var runs = RunBuilder()
    var end = 0
    for (index, place) in places.enumerated() {
      runs.append(place - end, inside: index % 2 == 1)
      end = place
    }
    runs.append(height * width - end, inside: places.count % 2 == 1)
    return RunLengthMask(merged: runs.counts, height: height, width: width)
  }
}

/// Whether an outline has corners enough, all of them finite and not out of all proportion.
func checkOutline(_ corners: [Double], part: Int) throws(MaskError) {
  guard corners.count >= 6, corners.count % 2 == 0 else {
    throw .illegalPolygon(part: part, numbers: corners.count)
  }
  if let index = corners.firstIndex(where: { !($0.magnitude <= MaskError.coordinateLimit) }) {
    throw .illegalCoordinate(part: part, index: index, value: corners[index])
  }
}

/// How much finer than pixels the grid is on which outlines are walked.
private let gridScale = 5.0

/// The places (column · height + row) where the outline crosses the centre line of a column, in any order.
///
/// The rule walks the grid along the longer axis of each edge. Columns are crossed between the grid's columns 5c + 2 and
/// 5c + 3, so only the two steps around them are computed here, as the walk computes them.
private func outlineCrossings(_ corners: [Double], height: Int, width: Int) -> [Int] {
  // Outlines that were enlarged may lie beyond the limit. Rounding is towards zero, of negative coordinates as well.
  let limit = MaskError.coordinateLimit
  let points = corners.map { Int(gridScale * min(max($0, -limit), limit) + 0.5) }
  let corner = points.count / 2
  var places: [Int] = []
  places.reserveCapacity(4 * points.count)
  func add(column: Int, _ y: Int) {
    let row = (Double(y) + 0.5) / gridScale - 0.5
    places.append(column * height + Int(min(max(row, 0), Double(height)).rounded(.up)))
  }
  for index in 0..<corner {
    let next = index + 1 == corner ? 0 : index + 1
    let edge = Edge(
      from: (points[2 * index], points[2 * index + 1]), to: (points[2 * next], points[2 * next + 1]))
    for column in edge.columns(width: width) { add(column: column, edge.crossing(5 * column + 2)) }
  }
  return places
}

/// An edge of an outline on the grid. Points are computed from the smaller end along the longer axis, so that an edge
/// looks the same from both sides.
private struct Edge {
  private let first: (x: Int, y: Int)
  private let isFlat: Bool
  private let steps: Int
  private let slope: Double

  init(from start: (x: Int, y: Int), to end: (x: Int, y: Int)) {
    let across = abs(end.x - start.x)
    let along = abs(start.y - end.y)
    isFlat = across >= along
    steps = max(across, along)
    let isReversed = isFlat ? start.x > end.x : start.y > end.y
    let last = isReversed ? start : end
    first = isReversed ? end : start
    slope =
      steps == 0
      ? 0 : isFlat ? Double(last.y - first.y) / Double(across) : Double(last.x - first.x) / Double(along)
  }

  /// The coordinate on the shorter axis after so many steps along the longer one.
  private func other(_ step: Int) -> Int {
    Int(Double(isFlat ? first.y : first.x) + slope * Double(step) + 0.5)
  }

  /// The columns of the image whose centre lines are crossed.
  func columns(width: Int) -> Range<Int> {
    let ends = isFlat ? (first.x, first.x + steps) : (other(0), other(steps))
    let (left, right) = (min(ends.0, ends.1), max(ends.0, ends.1))
    // 5c + 2 is at or right of the left end, 5c + 3 at or left of the right one.
    let (from, to) = (left <= 2 ? 0 : (left + 2) / 5, right < 3 ? 0 : (right - 3) / 5 + 1)
    return from..<max(from, min(to, width))
  }

  /// The smaller y of the two points at the grid's columns `x` and `x + 1`.
  func crossing(_ x: Int) -> Int {
    if isFlat { return min(other(x - first.x), other(x + 1 - first.x)) }
    func isBeyond(_ step: Int) -> Bool { slope > 0 ? other(step) > x : other(step) <= x }
    // Dividing finds the step to within rounding.
    var step = Int(((Double(x) + 0.5 - Double(first.x)) / slope).rounded(.up))
    step = min(max(step, 1), steps)
    while step > 1, isBeyond(step - 1) { step -= 1 }
    while step < steps, !isBeyond(step) { step += 1 }
    return first.y + step - 1
  }
}
