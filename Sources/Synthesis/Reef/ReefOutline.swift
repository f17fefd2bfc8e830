import Foundation
import Tensors

typealias Point = SIMD2<Float>

/// Shapes as lists of corners.
enum ReefOutline {
  /// A closed curve through points (Catmull and Rom's splines, uniform).
  static func curve(_ points: [Point], steps: Int = 5) -> [Point] {
    let count = points.count
    return (0..<count).flatMap { index -> [Point] in
      let p0 = points[(index + count - 1) % count]
      let p1 = points[index]
      let p2 = points[(index + 1) % count]
      let p3 = points[(index + 2) % count]
      return (0..<steps).map { step in
        let t = Float(step) / Float(steps)
        let linear: Point = (p2 - p0) * t
        let quadratic: Point = 2 * p0 - 5 * p1 + 4 * p2 - p3
        let cubic: Point = 3 * (p1 - p2) + p3 - p0
        return p1 + 0.5 * (linear + quadratic * (t * t) + cubic * (t * t * t))
      }
    }
  }

  /// An ellipse, turned by `angle`.
  static func ellipse(_ centre: Point, _ a: Float, _ b: Float, angle: Float = 0, corners: Int = 18) -> [Point]
  {
    let (sine, cosine) = (sin(angle), cos(angle))
    return (0..<corners).map { index in
      let t = 2 * Float.pi * Float(index) / Float(corners)
      let (u, v) = (a * cos(t), b * sin(t))
      return centre + Point(u * cosine - v * sine, u * sine + v * cosine)
    }
  }

  /// A band along a line whose width goes from `start` to `end`, as quadrangles and round joints.
  static func band(_ line: [Point], from start: Float, to end: Float) -> [[Point]] {
    let widths = line.indices.map { start + (end - start) * Float($0) / Float(max(1, line.count - 1)) }
    var parts: [[Point]] = []
    for index in 1..<line.count {
      let (a, b) = (line[index - 1], line[index])
      let way = b - a
      let length = max(1e-6, (way * way).sum().squareRoot())
      let across = Point(-way.y, way.x) / length / 2
      parts.append([
        a + across * widths[index - 1], b + across * widths[index], b - across * widths[index],
        a - across * widths[index - 1],
      ])
      if index < line.count - 1 { parts.append(ellipse(b, widths[index] / 2, widths[index] / 2, corners: 8)) }
    }
    return parts
  }

  /// A leaf from one point to another, `width` wide, that bends to its left by `bend` of its length.
  static func leaf(from a: Point, to b: Point, width: Float, bend: Float = 0) -> [Point] {
    let way = b - a
    let across = Point(way.y, -way.x)
    let length = max(1e-6, (way * way).sum().squareRoot())
    let half: Point = across * (width / (2 * length))
    let middle: Point = a + way * 0.5 + across * bend
    let near: Point = a + way * 0.25 + across * (bend * 0.6)
    let far: Point = b - way * 0.12 + across * (bend * 0.4)
    return curve([
      a, near + half * 0.8, middle + half, far + half * 0.5, b, far - half * 0.5, middle - half,
      near - half * 0.8,
    ])
  }

  /// A wavy line from a point downwards.
  static func wave(
    from start: Point, length: Float, sway: Float, waves: Float, phase: Float, drift: Float, steps: Int = 8
  ) -> [Point] {
    (0...steps).map { step in
      let t = Float(step) / Float(steps)
      let swing: Float = sin(phase + 2 * Float.pi * waves * t) - sin(phase)
      return start + Point(sway * t.squareRoot() * swing + drift * t, length * t)
    }
  }

  /// A round lump with an uneven outline.
  static func lump(
    _ centre: Point, _ a: Float, _ b: Float, roughness: Float, corners: Int = 12,
    _ random: inout RandomGenerator
  ) -> [Point] {
    curve(
      (0..<corners).map { index in
        let t = 2 * Float.pi * (Float(index) + random.uniform(-0.25, 0.25)) / Float(corners)
        let r = 1 + random.uniform(-roughness, roughness)
        return centre + Point(a * r * cos(t), b * r * sin(t))
      }, steps: 4)
  }
}
