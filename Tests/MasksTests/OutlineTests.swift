import Masks
import TestSupport
import Testing

/// COCO's rule for outlines as it is written: every step along every edge of the finer grid.
private func walked(_ corners: [Double], height: Int, width: Int) -> [UInt32] {
  let scale = 5.0
  let points = corners.map { Int(scale * $0 + 0.5) }
  var path: [(x: Int, y: Int)] = []
  for index in 0..<corners.count / 2 {
    let next = (index + 1) % (corners.count / 2)
    let (start, end) = ((points[2 * index], points[2 * index + 1]), (points[2 * next], points[2 * next + 1]))
    let (across, along) = (abs(end.0 - start.0), abs(end.1 - start.1))
    let isReversed = across >= along ? start.0 > end.0 : start.1 > end.1
    let (first, last) = isReversed ? (end, start) : (start, end)
    let steps = max(across, along)
    guard steps > 0 else {
      path.append(start)
      continue
    }
    for step in 0...steps {
      let t = isReversed ? steps - step : step
      if across >= along {
        let slope = Double(last.1 - first.1) / Double(across)
        path.append((first.0 + t, Int(Double(first.1) + slope * Double(t) + 0.5)))
      } else {
        let slope = Double(last.0 - first.0) / Double(along)
        path.append((Int(Double(first.0) + slope * Double(t) + 0.5), first.1 + t))
      }
    }
  }
  var places: [Int] = []
  for (previous, point) in zip(path, path.dropFirst()) where previous.x != point.x {
    let column = (Double(point.x < previous.x ? point.x : point.x - 1) + 0.5) / scale - 0.5
    guard column.rounded(.down) == column, column >= 0, column <= Double(width - 1) else { continue }
    let row = (Double(min(point.y, previous.y)) + 0.5) / scale - 0.5
    places.append(Int(column) * height + Int(min(max(row, 0), Double(height)).rounded(.up)))
  }
  places.append(height * width)
  places.sort()
  var inside = [Bool](repeating: false, count: height * width)
  var (isInside, from) = (false, 0)
  for place in places {
    for pixel in from..<place { inside[pixel] = isInside }
    (isInside, from) = (!isInside, max(from, place))
  }
  var runs: [UInt32] = [0]
  isInside = false
  for pixel in inside {
    if pixel != isInside {
      runs.append(0)
      isInside = pixel
    }
    runs[runs.count - 1] += 1
  }
  return runs
}

@Suite("Outlines")
struct OutlineTests {
  /// Scales of the coordinates, in sides of the image: within it, about it, far beyond it.
  @Test("columns that are crossed are those of the walk step by step", arguments: [0.3, 1, 3, 40])
  func crossings(scale: Double) throws {
    var random = SeededGenerator(seed: 9)
    func next() -> Double { Double.random(in: 0..<1, using: &random) }
    for round in 0..<400 {
      let (height, width) = (1 + Int(next() * 30), 1 + Int(next() * 30))
      let digits = [1, 5, 10, 1e6][round % 4]
      let corners = (0..<2 * (3 + round % 7)).map { index -> Double in
        let side = Double(index % 2 == 0 ? width : height)
        return (((next() - 0.5) * scale + 0.5) * side * digits).rounded() / digits
      }
      let mask = try RunLengthMask(polygons: [corners], height: height, width: width)
      #expect(
        mask.counts == walked(corners, height: height, width: width), "\(corners) on \(height) x \(width)")
    }
  }
}
