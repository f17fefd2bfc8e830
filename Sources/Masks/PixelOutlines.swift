/// The borders of a region along the sides of its pixels: a closed line around each part, and one the other way round in
/// each hole. Filled by the rule `evenodd`, they are the same pixels.
package struct PixelOutlines {
  /// Where each line turns, (x, y) of corners of pixels; no corner comes twice in a row, and the last leads to the first.
  package private(set) var lines: [[SIMD2<Int>]] = []
  private let width: Int
  /// By corner of pixels: the sides that begin there and are not followed yet, a bit a direction (right, down, left, up),
  /// the region on their right.
  private var sides: [UInt8]

  /// Follows the sides of the pixels that `isInside` says to be of the region.
  package init(height: Int, width: Int, isInside: (_ y: Int, _ x: Int) -> Bool) {
    self.width = width
    sides = [UInt8](repeating: 0, count: (height + 1) * (width + 1))
    var above = [Bool](repeating: false, count: width)
    for y in 0...height {
      var left = false
      for x in 0..<width {
        let inside = y < height && isInside(y, x)
        if inside, !above[x] { sides[y * (width + 1) + x] |= 1 }
        if !inside, above[x] { sides[y * (width + 1) + x + 1] |= 4 }
        if inside, !left { sides[(y + 1) * (width + 1) + x] |= 8 }
        if !inside, left { sides[y * (width + 1) + x] |= 2 }
        (left, above[x]) = (inside, inside)
      }
      if left { sides[y * (width + 1) + width] |= 2 }
    }
    for corner in sides.indices {
      while sides[corner] != 0 { follow(from: corner) }
    }
  }

  private mutating func follow(from start: Int) {
    let steps = [1, width + 1, -1, -(width + 1)]
    var (corner, direction) = (start, sides[start].trailingZeroBitCount)
    func place(_ corner: Int) -> SIMD2<Int> { SIMD2(corner % (width + 1), corner / (width + 1)) }
    var line = [place(start)]
    while true {
      sides[corner] &= ~(1 << UInt8(direction))
      corner += steps[direction]
      // To the right first: parts that touch at a corner stay apart.
      guard corner != start,
        let next = [1, 0, 3].map({ (direction + $0) % 4 }).first(where: {
          sides[corner] & (1 << UInt8($0)) != 0
        })
      else { break }
      if next != direction { line.append(place(corner)) }
      direction = next
    }
    lines.append(line)
  }
}
