/// The outline of a region of pixels, as an SVG path of horizontal and vertical lines.
package struct PixelOutline {
  /// Closed lines along the pixels' edges; fill them by the rule `evenodd`.
  package private(set) var path = ""
  private let height, width: Int
  /// By corner of pixels: the edges that begin there and are not drawn yet, a bit a direction (right, down, left, up), the
  /// region on their right.
  private var edges: [UInt8]

  /// Follows the edges of the pixels that `isInside` says to be of the region.
  package init(height: Int, width: Int, isInside: (_ y: Int, _ x: Int) -> Bool) {
    (self.height, self.width) = (height, width)
    edges = [UInt8](repeating: 0, count: (height + 1) * (width + 1))
    var above = [Bool](repeating: false, count: width)
    for y in 0...height {
      var left = false
      for x in 0..<width {
        let inside = y < height && isInside(y, x)
        if inside, !above[x] { edges[y * (width + 1) + x] |= 1 }
        if !inside, above[x] { edges[y * (width + 1) + x + 1] |= 4 }
        if inside, !left { edges[(y + 1) * (width + 1) + x] |= 8 }
        if !inside, left { edges[y * (width + 1) + x] |= 2 }
        (left, above[x]) = (inside, inside)
      }
      if left { edges[y * (width + 1) + width] |= 2 }
    }
    for corner in edges.indices {
      while edges[corner] != 0 { follow(from: corner) }
    }
  }

  private mutating func follow(from start: Int) {
    let steps = [1, width + 1, -1, -(width + 1)]
    var (corner, direction) = (start, edges[start].trailingZeroBitCount)
    var length = 0
    path += "M\(start % (width + 1)) \(start / (width + 1))"
    func line(_ length: Int, _ direction: Int) -> String {
      "\(direction % 2 == 0 ? "h" : "v")\(direction < 2 ? length : -length)"
    }
    repeat {
      edges[corner] &= ~(1 << UInt8(direction))
      corner += steps[direction]
      length += 1
      // To the right first: regions that touch at a corner stay apart.
      guard corner != start,
        let next = [1, 0, 3].map({ (direction + $0) % 4 }).first(where: {
          edges[corner] & (1 << UInt8($0)) != 0
        })
      else { break }
      if next != direction {
        path += line(length, direction)
        (length, direction) = (0, next)
      }
    } while true
    path += "z"
  }
}
