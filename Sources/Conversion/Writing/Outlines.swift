import Masks

extension RunLengthMask {
  /// The borders of the object along the sides of its pixels: one closed outline a part, `x y x y ...`, and one the other
  /// way round for each hole. Drawn again, they are the same pixels.
  func outlines() -> [[Double]] {
    let box = boundingBox
    guard box.width > 0 else { return [] }
    let (left, top) = (Int(box.x), Int(box.y))
    let window = MaskWindow(self).bitmap.cropped(
      x: left, y: top, height: Int(box.height), width: Int(box.width))
    func isInside(_ row: Int, _ column: Int) -> Bool {
      row >= 0 && column >= 0 && row < window.height && column < window.width
        && window.pixels[row * window.width + column] != 0
    }
    // Sides by the corner they start in, the object on their right: 0 right, 1 down, 2 left, 3 up.
    let stride = window.width + 1
    var sides: [Int: UInt8] = [:]
    for row in 0..<window.height {
      for column in 0..<window.width where isInside(row, column) {
        let corner = row * stride + column
        if !isInside(row - 1, column) { sides[corner, default: 0] |= 1 }
        if !isInside(row, column + 1) { sides[corner + 1, default: 0] |= 2 }
        if !isInside(row + 1, column) { sides[corner + stride + 1, default: 0] |= 4 }
        if !isInside(row, column - 1) { sides[corner + stride, default: 0] |= 8 }
      }
    }
    let steps = [1, stride, -1, -stride]
    var outlines: [[Double]] = []
    for start in sides.keys.sorted() {
      while let first = sides[start], first != 0 {
        var corners: [Double] = []
        var (place, direction) = (start, first.trailingZeroBitCount)
        var previous = -1
        repeat {
          let open = sides[place] ?? 0
          // Where two parts touch in a corner, the turn to the right keeps them apart.
          if let turn = [1, 0, 3].first(where: { open & 1 << UInt8((direction + $0) % 4) != 0 }),
            previous >= 0
          {
            direction = (direction + turn) % 4
          }
          if direction != previous {
            corners += [Double(left + place % stride), Double(top + place / stride)]
          }
          sides[place] = open & ~(1 << UInt8(direction))
          previous = direction
          place += steps[direction]
        } while place != start
        outlines.append(corners)
      }
    }
    return outlines
  }
}

/// Outlines as one, which formats of one outline an object hold: from the first one's first corner to each other and back,
/// on the same way, which encloses nothing.
func joined(_ outlines: [[Double]]) -> [Double] {
  guard let first = outlines.first, outlines.count > 1 else { return outlines.first ?? [] }
  var joined = first + first.prefix(2)
  for outline in outlines.dropFirst() { joined += outline + outline.prefix(2) + first.prefix(2) }
  return joined
}
