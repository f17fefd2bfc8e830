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
    let lines = PixelOutlines(height: window.height, width: window.width) { row, column in
      window.pixels[row * window.width + column] != 0
    }.lines
    return lines.map { $0.flatMap { [Double(left + $0.x), Double(top + $0.y)] } }
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
