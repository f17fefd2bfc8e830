import Foundation
import Tensors

extension ReefSketch {
  /// A fish from the side, its head to the right.
  static func fish(_ random: inout RandomGenerator) -> ReefSketch {
    var sketch = ReefSketch()
    let h = random.uniform(0.17, 0.3)
    let fork = random.uniform(0.2, 0.32)
    let bend = random.uniform(-0.22, 0.22)
    sketch.body(
      ReefOutline.curve([
        Point(-0.3, 0), Point(-0.45, -fork * 0.75), Point(-0.6, -fork), Point(-0.55, -fork * 0.3),
        Point(-0.5, 0), Point(-0.55, fork * 0.3), Point(-0.6, fork), Point(-0.45, fork * 0.75),
      ]), ink: .second, mixed: .deep)
    let height = random.uniform(0.07, 0.16)
    sketch.body(
      ReefOutline.curve([
        Point(0.18, -0.8 * h), Point(0.02, -h - height), Point(-0.16, -0.75 * h - height * 0.8),
        Point(-0.24, -0.4 * h), Point(0, -0.6 * h),
      ]), ink: .second, mixed: .deep)
    sketch.body(
      ReefOutline.curve([
        Point(0.02, 0.8 * h), Point(-0.1, 0.8 * h + height * 0.8), Point(-0.24, 0.5 * h + height * 0.4),
        Point(-0.26, 0.3 * h), Point(-0.1, 0.5 * h),
      ]), ink: .second, mixed: .deep)
    sketch.body(
      ReefOutline.curve([
        Point(0.5, 0.02), Point(0.45, -0.3 * h), Point(0.31, -0.74 * h), Point(0.08, -h),
        Point(-0.17, -0.68 * h),
        Point(-0.36, -0.22 * h), Point(-0.36, 0.22 * h), Point(-0.17, 0.68 * h), Point(0.08, h),
        Point(0.31, 0.74 * h), Point(0.45, 0.32 * h),
      ]), ink: .base, mixed: .deep)
    sketch.marking(
      ReefOutline.curve([
        Point(0.5, 0.05), Point(0.2, 0.3 * h), Point(-0.4, 0.1 * h), Point(-0.2, 1.2 * h),
        Point(0.3, 1.2 * h),
      ]), ink: .pale, opacity: 0.45)
    switch random.integer(below: 3) {
    case 0:
      let bands = 2 + random.integer(below: 3)
      sketch.marking(
        pieces: (0..<bands).map { band in
          let x = 0.2 - 0.48 * Float(band) / Float(bands)
          return ReefOutline.leaf(
            from: Point(x, -1.3 * h), to: Point(x - 0.02, 1.3 * h), width: 0.09, bend: 0.06)
        }, ink: .accent, opacity: 0.9)
    case 1:
      let lines = 1 + random.integer(below: 3)
      sketch.marking(
        pieces: (0..<lines).flatMap { line -> [[Point]] in
          let y = h * (-0.45 + 0.4 * Float(line))
          return ReefOutline.band(
            [Point(0.4, y * 0.6), Point(0, y), Point(-0.45, y * 0.3)], from: 0.06, to: 0.05)
        }, ink: .accent, opacity: 0.85)
    default:
      sketch.marking(
        pieces: (0..<9).map { _ in
          let spot = Point(random.uniform(-0.3, 0.22), random.uniform(-0.8, 0.5) * h)
          return ReefOutline.ellipse(spot, 0.035, 0.03, corners: 10)
        }, ink: .accent, opacity: 0.9)
    }
    sketch.marking(
      ReefOutline.leaf(from: Point(0.12, 0.12 * h), to: Point(-0.1, 0.5 * h), width: 0.1, bend: 0.1),
      ink: .second)
    sketch.marking(
      pieces: ReefOutline.band(
        [Point(0.2, -0.7 * h), Point(0.16, 0), Point(0.2, 0.7 * h)], from: 0.025, to: 0.025),
      ink: .deep, opacity: 0.7)
    let eye = Point(0.33, -0.24 * h)
    sketch.marking(ReefOutline.ellipse(eye, 0.055, 0.055), ink: .white)
    sketch.marking(ReefOutline.ellipse(eye + Point(0.008, 0), 0.032, 0.032), ink: .black)
    return sketch.mapped { Point($0.x, $0.y + bend * ($0.x - 0.1) * ($0.x - 0.1)) }
  }

  /// A jellyfish, its bell above.
  static func jellyfish(_ random: inout RandomGenerator) -> ReefSketch {
    var sketch = ReefSketch()
    let height = random.uniform(0.34, 0.46)
    let half = random.uniform(0.3, 0.36)
    let drift = random.uniform(-0.2, 0.2)
    let phase = random.uniform(0, 6.28)
    let count = 5 + random.integer(below: 3)
    for index in 0..<count {
      let x = half * 0.85 * (2 * Float(index) / Float(count - 1) - 1)
      let line = ReefOutline.wave(
        from: Point(x, -0.03), length: random.uniform(0.3, 0.48), sway: 0.05,
        waves: random.uniform(0.8, 1.4),
        phase: phase + random.uniform(-0.7, 0.7), drift: drift - x * 0.25)
      sketch.body(
        pieces: ReefOutline.band(line, from: 0.075, to: 0.05), ink: .second, mixed: .pale, opacity: 0.85)
    }
    for index in 0..<3 {
      let line = ReefOutline.wave(
        from: Point(0.1 * Float(index - 1), -0.05), length: random.uniform(0.3, 0.46), sway: 0.06, waves: 1.2,
        phase: phase + Float(index), drift: drift * 0.8)
      sketch.body(
        pieces: ReefOutline.band(line, from: 0.13, to: 0.04), ink: .accent, mixed: .pale, opacity: 0.85)
    }
    let bell = ReefOutline.curve([
      Point(-half, -0.02), Point(-half * 0.96, -height * 0.45), Point(-half * 0.6, -height * 0.87),
      Point(0, -height),
      Point(half * 0.6, -height * 0.87), Point(half * 0.96, -height * 0.45), Point(half, -0.02),
      Point(half * 0.75, 0.05), Point(half * 0.5, 0), Point(half * 0.25, 0.055), Point(0, 0.005),
      Point(-half * 0.25, 0.055), Point(-half * 0.5, 0), Point(-half * 0.75, 0.05),
    ])
    sketch.body(bell, ink: .base, mixed: .pale, opacity: 0.9)
    sketch.marking(
      ReefOutline.curve([
        Point(-half, -0.02), Point(-half * 0.5, -0.1), Point(0, -0.13), Point(half * 0.5, -0.1),
        Point(half, -0.02),
        Point(half, 0.1), Point(-half, 0.1),
      ]), ink: .deep, opacity: 0.5)
    if random.uniform() < 0.5 {
      for index in 0..<4 {
        let centre = Point(
          (Float(index) - 1.5) * half * 0.42, -height * 0.45 - (index == 1 || index == 2 ? 0.05 : 0))
        sketch.marking(ReefOutline.ellipse(centre, half * 0.17, height * 0.16), ink: .accent, opacity: 0.85)
        sketch.marking(ReefOutline.ellipse(centre + Point(0, 0.02), half * 0.08, height * 0.08), ink: .base)
      }
    } else {
      for index in -2...2 {
        let x = Float(index) * half * 0.4
        sketch.marking(
          pieces: ReefOutline.band(
            [Point(x * 0.2, -height * 0.97), Point(x * 0.85, -height * 0.5), Point(x, 0)], from: 0.015,
            to: 0.035),
          ink: .accent, opacity: 0.7)
      }
    }
    sketch.marking(
      ReefOutline.ellipse(Point(-half * 0.35, -height * 0.72), half * 0.3, height * 0.11, angle: -0.5),
      ink: .white,
      opacity: 0.45)
    return sketch
  }

  /// A turtle from above, its head to the right.
  static func turtle(_ random: inout RandomGenerator) -> ReefSketch {
    var sketch = ReefSketch()
    let stroke = random.uniform(-0.14, 0.14)
    let width = random.uniform(0.22, 0.27)
    var flippers: [[Point]] = []
    for side: Float in [-1, 1] {
      flippers.append(
        ReefOutline.leaf(
          from: Point(0.2, side * 0.12), to: Point(-0.02 + side * stroke, side * 0.56), width: 0.19,
          bend: side * -0.22))
      flippers.append(
        ReefOutline.leaf(
          from: Point(-0.22, side * 0.1), to: Point(-0.44, side * (0.26 + stroke * 0.3)), width: 0.15,
          bend: side * 0.1))
    }
    sketch.body(pieces: flippers, ink: .second, mixed: .deep)
    sketch.body(
      ReefOutline.leaf(from: Point(-0.26, 0), to: Point(-0.42, 0), width: 0.07), ink: .second, mixed: .deep)
    let head = Point(0.43, random.uniform(-0.05, 0.05))
    sketch.body(
      ReefOutline.curve([
        Point(0.2, -0.08), head + Point(-0.08, -0.07), head + Point(0.02, -0.075), head + Point(0.1, 0),
        head + Point(0.02, 0.075), head + Point(-0.08, 0.07), Point(0.2, 0.08),
      ]), ink: .second, mixed: .deep)
    sketch.marking(
      pieces: flippers.flatMap { flipper in
        (0..<4).map { _ in
          let corner = flipper[random.integer(below: flipper.count)]
          return ReefOutline.ellipse(
            corner * 0.9 + Point(random.uniform(-0.03, 0.03), 0), 0.025, 0.02, corners: 8)
        }
      }, ink: .pale, opacity: 0.6)
    sketch.body(
      ReefOutline.curve([
        Point(0.3, 0), Point(0.25, -width * 0.68), Point(0.05, -width), Point(-0.18, -width * 0.78),
        Point(-0.33, 0), Point(-0.18, width * 0.78), Point(0.05, width), Point(0.25, width * 0.68),
      ]), ink: .deep, mixed: .black)
    var scutes: [[Point]] = []
    for x: Float in [0.18, 0.02, -0.14] {
      scutes.append(ReefOutline.ellipse(Point(x, 0), 0.085, 0.09, corners: 6))
    }
    scutes.append(ReefOutline.ellipse(Point(-0.26, 0), 0.045, 0.06, corners: 6))
    for side: Float in [-1, 1] {
      for (x, y) in [(Float(0.14), Float(0.62)), (-0.02, 0.7), (-0.17, 0.58)] {
        scutes.append(ReefOutline.ellipse(Point(x, side * width * y), 0.075, width * 0.25, corners: 6))
      }
    }
    sketch.marking(pieces: scutes, ink: .base)
    for scute in scutes.prefix(3) {
      let centre = scute.reduce(Point(), +) / Float(scute.count)
      sketch.marking(ReefOutline.ellipse(centre, 0.035, 0.04, corners: 6), ink: .accent, opacity: 0.7)
    }
    for side: Float in [-1, 1] {
      sketch.marking(
        ReefOutline.ellipse(head + Point(0.03, side * 0.045), 0.02, 0.018, corners: 8), ink: .black)
    }
    return sketch
  }
}
