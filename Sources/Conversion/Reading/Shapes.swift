import Coco
import Foundation
import Masks

/// The corners of an ellipse, near enough to it for any mask: within a twentieth of a pixel.
///
/// - Parameter degrees: By which it is turned, clockwise.
func ellipse(x: Double, y: Double, radii: (x: Double, y: Double), degrees: Double = 0) -> [Double] {
  let radius = max(abs(radii.x), abs(radii.y), 1)
  // A multiple of four: the outermost points are corners.
  let corners = 4 * min(180, max(3, Int((.pi / acos(max(-1, 1 - 0.05 / radius)) / 4).rounded(.up))))
  return turned(
    (0..<corners).flatMap { index in
      let angle = 2 * .pi * Double(index) / Double(corners)
      return [x + radii.x * cos(angle), y + radii.y * sin(angle)]
    }, around: (x, y), degrees: degrees)
}

/// The four corners of a box.
func corners(of box: CornerBox) -> [Double] {
  let (right, bottom) = (box.x + box.width, box.y + box.height)
  return [box.x, box.y, right, box.y, right, bottom, box.x, bottom]
}

/// Corners turned clockwise around a point.
func turned(_ corners: [Double], around centre: (x: Double, y: Double), degrees: Double) -> [Double] {
  guard degrees != 0 else { return corners }
  let (sine, cosine) = (sin(degrees * .pi / 180), cos(degrees * .pi / 180))
  var corners = corners
  for corner in stride(from: 0, to: corners.count - 1, by: 2) {
    let (x, y) = (corners[corner] - centre.x, corners[corner + 1] - centre.y)
    corners[corner] = centre.x + x * cosine - y * sine
    corners[corner + 1] = centre.y + x * sine + y * cosine
  }
  return corners
}

extension AnnotatedSet.Object {
  /// Both as parts of one object; nil where one is outlines and the other is not.
  func joined(with other: AnnotatedSet.Object) -> AnnotatedSet.Object? {
    switch (segmentation, other.segmentation) {
    case (.polygons(let own)?, .polygons(let more)?):
      var joined = AnnotatedSet.Object(className: className, outlines: own + more)
      joined.id = id
      return joined
    case (.compressed(let own, let height, let width)?, .compressed(let more, _, _)?):
      guard let first = try? RunLengthMask(compressed: own, height: height, width: width),
        let second = try? RunLengthMask(compressed: more, height: height, width: width),
        let union = try? RunLengthMask.union([first, second])
      else { return nil }
      var joined = AnnotatedSet.Object(className: className, mask: union)
      joined.id = id
      return joined
    default: return nil
    }
  }
}
