import Masks

/// The outline of a mask as COCO's polygons, exactly: corners lie between pixels.
package enum ReefPolygons {
  /// One polygon (`x y x y ...`) for each connected part of the mask; nil where the mask has a hole, which polygons
  /// cannot say.
  package static func parts(of mask: Bitmap) -> [[Int]]? {
    let (height, width) = (mask.height, mask.width)
    func isInside(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < width && y < height && mask.pixels[y * width + x] != 0
    }
    // An upper edge is where an inside pixel lies below an outside one; each is walked along once.
    var walked = [Bool](repeating: false, count: height * width)
    var parts: [[Int]] = []
    for start in mask.pixels.indices where mask.pixels[start] != 0 && !walked[start] {
      let (y0, x0) = start.quotientAndRemainder(dividingBy: width)
      guard !isInside(x0, y0 - 1) else { continue }
      var corners: [Int] = []
      var doubledArea = 0
      // Clockwise, the inside on the right hand: directions are right, down, left, up.
      var (x, y, direction) = (x0, y0, 0)
      repeat {
        if direction == 0 { walked[y * width + x] = true }
        let from = (x, y)
        switch direction {
        case 0: x += 1
        case 1: y += 1
        case 2: x -= 1
        default: y -= 1
        }
        doubledArea += from.0 * y - x * from.1
        // The pixels ahead, on the left and on the right.
        let (left, right) =
          switch direction {
          case 0: (isInside(x, y - 1), isInside(x, y))
          case 1: (isInside(x, y), isInside(x - 1, y))
          case 2: (isInside(x - 1, y), isInside(x - 1, y - 1))
          default: (isInside(x - 1, y - 1), isInside(x, y - 1))
          }
        // Pixels that touch at a corner only are different parts.
        let next = !right ? (direction + 1) % 4 : left ? (direction + 3) % 4 : direction
        if next != direction { corners += [x, y] }
        direction = next
      } while (x, y, direction) != (x0, y0, 0)
      guard doubledArea > 0 else { return nil }
      parts.append(corners)
    }
    return parts
  }
}
