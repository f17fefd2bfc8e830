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

/// The places (column · height + row) where the outline crosses the centre line of a column.
private func outlineCrossings(_ corners: [Double], height: Int, width: Int) -> [Int] {
  // Outlines that were enlarged may lie beyond the limit. Rounding is towards zero, of negative coordinates as well.
  let limit = MaskError.coordinateLimit
  let points = corners.map { Int(gridScale * min(max($0, -limit), limit) + 0.5) }
  let corner = points.count / 2
  var places: [Int] = []
  var previous: (x: Int, y: Int)?
  for index in 0..<corner {
    let next = (index + 1) % corner
    walk(from: (points[2 * index], points[2 * index + 1]), to: (points[2 * next], points[2 * next + 1])) {
      x, y in
      defer { previous = (x, y) }
      guard let last = previous, last.x != x else { return }
      let column = (Double(x < last.x ? x : x - 1) + 0.5) / gridScale - 0.5
      guard column.rounded(.down) == column, column >= 0, column <= Double(width - 1) else { return }
      let row = (Double(min(y, last.y)) + 0.5) / gridScale - 0.5
      let clamped = min(max(row, 0), Double(height)).rounded(.up)
      places.append(Int(column) * height + Int(clamped))
    }
  }
  return places
}

/// The grid points of an edge, from its first end to its second, one step at a time along its longer axis.
private func walk(from start: (x: Int, y: Int), to end: (x: Int, y: Int), _ visit: (Int, Int) -> Void) {
  let across = abs(end.x - start.x)
  let along = abs(start.y - end.y)
  let isFlat = across >= along
  // Points are computed from the smaller end, so that an edge looks the same from both sides.
  let isReversed = isFlat ? start.x > end.x : start.y > end.y
  let (first, last) = isReversed ? (end, start) : (start, end)
  let steps = max(across, along)
  guard steps > 0 else { return visit(first.x, first.y) }
  let slope = isFlat ? Double(last.y - first.y) / Double(across) : Double(last.x - first.x) / Double(along)
  for step in 0...steps {
    let t = isReversed ? steps - step : step
    if isFlat {
      visit(first.x + t, Int(Double(first.y) + slope * Double(t) + 0.5))
    } else {
      visit(Int(Double(first.x) + slope * Double(t) + 0.5), first.y + t)
    }
  }
}
