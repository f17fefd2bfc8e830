/// How much of each pixel a letter covers.
struct GlyphCover: Sendable, Equatable {
  /// Where it stands: its first column and row as seen from the letter's start and line, in pixels.
  var left = 0
  var top = 0
  var height = 0
  var width = 0
  /// 0 ... 255, `[height, width]`.
  var pixels: [UInt8] = []

  /// Lines in a row of pixels at which the outline is looked at; along them the cover is exact.
  private static let lines = 8

  /// A cover with nothing in it.
  init() {}

  /// The inside of contours: where they wind around a point in one direction more often than in the other.
  ///
  /// - Parameter scale: Pixels a unit of the contours, whose y grows upwards.
  init(_ contours: [OutlineFont.Contour], scale: Float) {
    let outlines = contours.map { Self.flattened($0, scale: scale) }.filter { $0.count > 2 }
    let points = outlines.joined()
    guard let first = points.first, scale.isFinite else { return }
    let low = points.reduce(first) { pointwiseMin($0, $1) }
    let high = points.reduce(first) { pointwiseMax($0, $1) }
    guard (high - low).max() < 4096, low.min() > -65_536, high.max() < 65_536 else { return }
    (left, top) = (Int(low.x.rounded(.down)), Int(low.y.rounded(.down)))
    (width, height) = (Int(high.x.rounded(.up)) - left, Int(high.y.rounded(.up)) - top)
    let origin = SIMD2(Float(left), Float(top))
    let edges = outlines.flatMap { outline in
      outline.indices.compactMap { index in
        Edge(outline[index] - origin, outline[index + 1 < outline.count ? index + 1 : 0] - origin)
      }
    }
    pixels = [UInt8](repeating: 0, count: height * width)
    var covered = [Float](repeating: 0, count: width)
    for row in 0..<height {
      for column in covered.indices { covered[column] = 0 }
      for line in 0..<Self.lines {
        let y = Float(row) + (Float(line) + 0.5) / Float(Self.lines)
        let crossings = edges.filter { $0.top <= y && y < $0.bottom }
          .map { (x: $0.x + (y - $0.top) * $0.slope, turn: $0.turn) }.sorted { $0.x < $1.x }
        var (winding, start) = (0, Float(0))
        for crossing in crossings {
          if winding == 0 { start = crossing.x }
          winding += crossing.turn
          if winding == 0 { Self.cover(&covered, from: start, to: crossing.x) }
        }
      }
      for column in 0..<width {
        pixels[row * width + column] = UInt8(
          max(0, min(255, 255 * covered[column] / Float(Self.lines) + 0.5)))
      }
    }
  }

  /// A straight part of an outline, from above.
  private struct Edge {
    var top, bottom, x, slope: Float
    /// 1 downwards, -1 upwards.
    var turn: Int

    init?(_ a: SIMD2<Float>, _ b: SIMD2<Float>) {
      guard a.y != b.y else { return nil }
      let (upper, lower) = a.y < b.y ? (a, b) : (b, a)
      (top, bottom, x) = (upper.y, lower.y, upper.x)
      slope = (lower.x - upper.x) / (lower.y - upper.y)
      turn = a.y < b.y ? 1 : -1
    }
  }

  /// Adds the length of a line within each pixel.
  private static func cover(_ row: inout [Float], from start: Float, to end: Float) {
    let (start, end) = (max(0, start), min(end, Float(row.count)))
    guard start < end else { return }
    for column in Int(start)..<min(row.count, Int(end.rounded(.up))) {
      row[column] += min(end, Float(column + 1)) - max(start, Float(column))
    }
  }

  /// The corners of a contour whose curves are cut into lines, in pixels, y downwards.
  private static func flattened(_ contour: OutlineFont.Contour, scale: Float) -> [SIMD2<Float>] {
    let points = contour.points.map { $0 * SIMD2(scale, -scale) }
    guard points.count > 1 else { return [] }
    // Between two points that the line bends to it goes through their middle.
    var path: [(point: SIMD2<Float>, isOnLine: Bool)] = []
    for index in points.indices {
      let before = index > 0 ? index - 1 : points.count - 1
      if !contour.isOnLine[index], !contour.isOnLine[before] {
        path.append(((points[index] + points[before]) / 2, true))
      }
      path.append((points[index], contour.isOnLine[index]))
    }
    guard let first = path.firstIndex(where: \.isOnLine) else { return [] }
    path = Array(path[first...] + path[..<first])
    var corners = [path[0].point]
    for index in path.indices.dropFirst() {
      if path[index].isOnLine {
        if path[index - 1].isOnLine { corners.append(path[index].point) }
        continue
      }
      let (from, bend) = (path[index - 1].point, path[index].point)
      let to = path[index + 1 < path.count ? index + 1 : 0].point
      // As many lines as keep them within a tenth of a pixel.
      let sag = from - 2 * bend + to
      let steps = max(1, min(32, Int((sag.x.magnitude + sag.y.magnitude).squareRoot() * 1.6) + 1))
      for step in 1...steps {
        let t = Float(step) / Float(steps)
        corners.append((1 - t) * (1 - t) * from + 2 * t * (1 - t) * bend + t * t * to)
      }
    }
    return corners
  }
}
