import Imaging

/// How thick lines and how large letters are in a picture: as it grows, they do.
struct PictureScale {
  /// Pixels across a line.
  let line: Int
  /// Pixels an em.
  let letter: Double

  /// What suits a picture.
  init(_ size: ImageSize) {
    let side = Double(size.height + size.width) / 2
    line = max(1, Int((0.003 * side).rounded()))
    letter = max(10, 0.02 * side)
  }
}
