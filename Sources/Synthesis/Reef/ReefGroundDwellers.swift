import Foundation
import Tensors

extension ReefSketch {
  /// A starfish from above.
  static func starfish(_ random: inout RandomGenerator) -> ReefSketch {
    var sketch = ReefSketch()
    let arms = 5
    let valley = random.uniform(0.19, 0.26)
    let blunt = random.uniform(0.065, 0.09)
    var corners: [Point] = []
    var tips: [Point] = []
    for arm in 0..<arms {
      let angle = 2 * Float.pi * (Float(arm) + random.uniform(-0.1, 0.1)) / Float(arms) - .pi / 2
      let reach = 0.5 * random.uniform(0.86, 1.06)
      let curl = random.uniform(-0.18, 0.18)
      let tip = Point(cos(angle + curl), sin(angle + curl)) * reach
      let side = Point(-sin(angle + curl), cos(angle + curl)) * blunt
      let shoulder = Point(cos(angle + curl * 0.4), sin(angle + curl * 0.4)) * (reach * 0.62)
      let thick = Point(-sin(angle), cos(angle)) * (0.07 + valley * 0.22)
      let between = angle + .pi / Float(arms)
      corners += [
        shoulder - thick, tip * 0.94 - side, tip + tip * 0.05, tip * 0.94 + side, shoulder + thick,
        Point(cos(between), sin(between)) * valley,
      ]
      tips.append(tip)
    }
    sketch.body(ReefOutline.curve(corners, steps: 4), ink: .base, mixed: .deep)
    let isSpotted = random.uniform() < 0.6
    for tip in tips {
      if isSpotted {
        sketch.marking(
          pieces: (1...4).map { step in
            let size = 0.042 - 0.006 * Float(step)
            return ReefOutline.ellipse(tip * (0.2 * Float(step)), size, size, corners: 8)
          }, ink: .accent, opacity: 0.9)
      } else {
        sketch.marking(
          pieces: ReefOutline.band([tip * 0.05, tip * 0.5, tip * 0.92], from: 0.06, to: 0.03), ink: .second,
          opacity: 0.9)
      }
    }
    sketch.marking(ReefOutline.ellipse(Point(), 0.06, 0.06, corners: 10), ink: isSpotted ? .accent : .second)
    return sketch
  }

  /// A crab that looks at us, its claws above.
  static func crab(_ random: inout RandomGenerator) -> ReefSketch {
    var sketch = ReefSketch()
    let wide = random.uniform(0.24, 0.29)
    let high = random.uniform(0.16, 0.2)
    let larger: Float = random.uniform() < 0.5 ? -1 : 1
    for side: Float in [-1, 1] {
      for leg in 0..<4 {
        let t = Float(leg)
        let lift = random.uniform(-0.04, 0.04)
        let line = [
          Point(side * wide * 0.7, -0.02 + 0.045 * t),
          Point(side * (0.42 - 0.03 * t), -0.1 + 0.1 * t + lift),
          Point(side * (0.53 - 0.055 * t), 0.06 + 0.11 * t + lift),
        ]
        sketch.body(pieces: ReefOutline.band(line, from: 0.1, to: 0.065), ink: .second, mixed: .deep)
      }
      let size: Float = side == larger ? 1.2 : 0.95
      let elbow = Point(side * (wide + 0.13), -0.16)
      let wrist = Point(side * 0.32, -0.27 + random.uniform(-0.03, 0.03))
      sketch.body(
        pieces: ReefOutline.band([Point(side * wide * 0.8, -0.06), elbow, wrist], from: 0.08, to: 0.07),
        ink: .second,
        mixed: .deep)
      sketch.body(
        ReefOutline.leaf(
          from: wrist + Point(side * 0.05, 0.05), to: wrist + Point(side * -0.07, -0.25) * size,
          width: 0.15 * size,
          bend: side * 0.2), ink: .base, mixed: .deep)
      sketch.body(
        ReefOutline.leaf(
          from: wrist + Point(side * -0.03, 0.02), to: wrist + Point(side * -0.16, -0.14) * size,
          width: 0.08 * size,
          bend: side * -0.12), ink: .base, mixed: .deep)
      sketch.body(
        pieces: ReefOutline.band(
          [Point(side * 0.07, -high * 0.7), Point(side * 0.085, -high - 0.07)], from: 0.035, to: 0.03),
        ink: .second)
    }
    sketch.body(
      ReefOutline.curve([
        Point(0, -high), Point(wide * 0.6, -high * 0.95), Point(wide, -high * 0.3),
        Point(wide * 0.86, high * 0.45),
        Point(wide * 0.45, high), Point(0, high * 1.08), Point(-wide * 0.45, high),
        Point(-wide * 0.86, high * 0.45),
        Point(-wide, -high * 0.3), Point(-wide * 0.6, -high * 0.95),
      ]), ink: .base, mixed: .deep)
    for side: Float in [-1, 1] {
      let eye = Point(side * 0.088, -high - 0.08)
      sketch.body(ReefOutline.ellipse(eye, 0.042, 0.042, corners: 10), ink: .white)
      sketch.marking(ReefOutline.ellipse(eye, 0.024, 0.024, corners: 8), ink: .black)
      sketch.marking(
        ReefOutline.ellipse(Point(side * wide * 0.5, 0), 0.045, 0.035), ink: .accent, opacity: 0.8)
      sketch.marking(
        ReefOutline.ellipse(Point(side * wide * 0.25, high * 0.5), 0.03, 0.026), ink: .accent, opacity: 0.8)
    }
    sketch.marking(ReefOutline.ellipse(Point(0, -high * 0.35), 0.04, 0.032), ink: .accent, opacity: 0.8)
    sketch.marking(
      pieces: ReefOutline.band(
        [Point(-wide * 0.4, high * 0.72), Point(0, high * 0.86), Point(wide * 0.4, high * 0.72)], from: 0.03,
        to: 0.03),
      ink: .deep)
    return sketch
  }
}
