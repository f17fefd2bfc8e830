import Foundation
import Imaging
import Tensors

/// Rocks, corals and schools: everything that is no animal of its own.
extension ReefPainter {
  /// Sets rocks and corals on the ground, the far ones first.
  mutating func furnish() {
    let count = 7 + random.integer(below: 6)
    let feet = (0..<count).map { _ in
      let t = pow(random.uniform(), 1.3)
      return horizon + (Float(height) * 1.02 - horizon) * t
    }
    for foot in feet.sorted() {
      let nearness = ((foot - horizon) / (Float(height) - horizon)).clamped(to: 0...1)
      let scale = unit * (0.55 + 0.65 * nearness)
      let place = Point(random.uniform(-0.05, 1.05) * Float(width), foot)
      if random.uniform() < 0.5 { setRock(place, scale) } else { setCoral(place, scale) }
    }
  }

  private mutating func setRock(_ place: Point, _ scale: Float) {
    let haze = haze(atRow: place.y)
    let wide = random.uniform(22, 52) * scale
    let high = wide * random.uniform(0.4, 0.8)
    let tone = PaintColour(
      hue: random.uniform(), saturation: random.uniform(0.03, 0.3), value: random.uniform(0.25, 0.8))
    let lump = ReefOutline.lump(
      place - Point(0, high * 0.5), wide, high, roughness: 0.18, corners: 14, &random)
    // It stands in the sand: what would be below its foot is cut straight.
    let outline = lump.map { Point($0.x, min($0.y, place.y + 0.05 * wide * sin($0.x * 0.13 / scale))) }
    let cover = Cover(around: [outline], margin: 3)
    paintShadow(of: cover, below: 3 * scale, strength: 0.4 * (1 - haze))
    paint(
      cover, tone * 0.35, second: tone * 1.6, depth: 7 * scale, strength: 1.1, rim: 0.6, haze: haze,
      row: place.y)
    stamp(cover, number: ReefGround.rock.rawValue)
    for _ in 0..<random.integer(below: 4) {
      let spot = place + Point(random.uniform(-0.7, 0.7) * wide, random.uniform(-1, -0.2) * high)
      let crack = ReefOutline.wave(
        from: spot, length: high * 0.5, sway: 4 * scale, waves: 1, phase: random.uniform(0, 6),
        drift: 5 * scale)
      var line = Cover(x: cover.x, y: cover.y, height: cover.height, width: cover.width)
      line.fill(ReefOutline.band(crack, from: 1.6 * scale, to: 0.6 * scale))
      paint(flat: line.clipped(to: cover), seen(tone * 0.2, haze: haze, row: place.y), opacity: 0.6)
    }
  }

  private mutating func setCoral(_ place: Point, _ scale: Float) {
    let haze = haze(atRow: place.y)
    let colour = PaintColour(
      hue: random.uniform(), saturation: random.uniform(0.3, 0.85), value: random.uniform(0.45, 0.95))
    let size = random.uniform(26, 46) * scale
    switch random.integer(below: 4) {
    case 0: branch(place, size, colour, haze, scale)
    case 1: fan(place, size, colour, haze, scale)
    case 2: tubes(place, size, colour, haze, scale)
    default: brain(place, size, colour, haze, scale)
    }
  }

  private mutating func set(
    _ pieces: [[Point]], _ colour: PaintColour, depth: Float, rim: Float = 0.6, haze: Float, row: Float
  ) {
    let cover = Cover(around: pieces, margin: 3)
    paint(
      cover, colour * 0.55, second: colour * 1.35, depth: depth, strength: 1, rim: rim, haze: haze, row: row)
    stamp(cover, number: ReefGround.coral.rawValue)
  }

  /// A bush of thick branches.
  private mutating func branch(
    _ place: Point, _ size: Float, _ colour: PaintColour, _ haze: Float, _ scale: Float
  ) {
    var pieces: [[Point]] = []
    func grow(_ from: Point, _ angle: Float, _ length: Float, _ width: Float, _ level: Int) {
      let end = from + Point(sin(angle), -cos(angle)) * length
      pieces += ReefOutline.band([from, end], from: width, to: width * 0.8)
      pieces.append(ReefOutline.ellipse(end, width * 0.42, width * 0.42, corners: 8))
      guard level > 0 else { return }
      for side: Float in [-1, 1] {
        grow(
          end, angle + side * random.uniform(0.25, 0.65), length * random.uniform(0.6, 0.85), width * 0.78,
          level - 1)
      }
    }
    for stem in 0..<3 {
      let angle = (Float(stem) - 1) * 0.6 + random.uniform(-0.15, 0.15)
      grow(place + Point((Float(stem) - 1) * size * 0.12, 2), angle, size * 0.42, size * 0.15, 2)
    }
    set(pieces, colour, depth: 2 * scale, haze: haze, row: place.y)
  }

  /// A fan of fine ribs.
  private mutating func fan(
    _ place: Point, _ size: Float, _ colour: PaintColour, _ haze: Float, _ scale: Float
  ) {
    let lean = random.uniform(-0.25, 0.25)
    var ribs: [[Point]] = []
    var rim: [Point] = [place]
    for rib in 0...12 {
      let angle = lean + (Float(rib) / 12 - 0.5) * 2.2
      let length = size * random.uniform(0.85, 1.1)
      let end = place + Point(sin(angle), -cos(angle)) * length
      rim.append(end)
      ribs += ReefOutline.band(
        [place, place + (end - place) * 0.5 + Point(random.uniform(-2, 2), 0) * scale, end],
        from: 2.2 * scale,
        to: 1.4 * scale)
    }
    let sheet = Cover(around: [rim], margin: 3)
    paint(sheet, colour * 0.35, second: colour * 0.7, depth: 2 * scale, haze: haze, row: place.y)
    stamp(sheet, number: ReefGround.coral.rawValue)
    set(ribs, colour, depth: 1.2 * scale, haze: haze, row: place.y)
  }

  /// A group of tubes with dark mouths.
  private mutating func tubes(
    _ place: Point, _ size: Float, _ colour: PaintColour, _ haze: Float, _ scale: Float
  ) {
    let count = 3 + random.integer(below: 4)
    for tube in 0..<count {
      let t = Float(tube) / Float(count - 1) - 0.5
      let foot = place + Point(t * size * 0.7, random.uniform(-2, 3) * scale)
      let top = foot + Point(t * size * 0.5, -size * random.uniform(0.5, 1.15))
      let width = size * random.uniform(0.2, 0.28)
      set(
        ReefOutline.band([foot, (foot + top) / 2 + Point(t * 3, 0), top], from: width * 0.75, to: width)
          + [ReefOutline.ellipse(top, width / 2, width / 4)],
        colour, depth: 2.5 * scale, haze: haze, row: place.y)
      let mouth = Cover(around: [ReefOutline.ellipse(top, width * 0.34, width * 0.16)])
      paint(flat: mouth, seen(colour * 0.18, haze: haze, row: place.y))
    }
  }

  /// A dome with winding furrows.
  private mutating func brain(
    _ place: Point, _ size: Float, _ colour: PaintColour, _ haze: Float, _ scale: Float
  ) {
    let half = size * random.uniform(0.5, 0.8)
    let dome = ReefOutline.lump(place - Point(0, half * 0.25), half, half * 0.8, roughness: 0.05, &random)
      .map { Point($0.x, min($0.y, place.y + 2)) }
    set([dome], colour, depth: 5 * scale, haze: haze, row: place.y)
    let cover = Cover(around: [dome], margin: 3)
    var furrows = Cover(x: cover.x, y: cover.y, height: cover.height, width: cover.width)
    for row in 0..<5 {
      let y = place.y - half * (0.1 + 0.22 * Float(row))
      let phase = random.uniform(0, 6.28)
      let line = (0...14).map { step in
        let x = Float(step) / 7 - 1
        return Point(
          place.x + x * half, y + x * x * half * 0.25 + 0.07 * half * sin(phase + Float(step) * 1.6))
      }
      furrows.fill(ReefOutline.band(line, from: 1.1 * scale, to: 1.1 * scale))
    }
    paint(flat: furrows.clipped(to: cover), seen(colour * 0.3, haze: haze, row: place.y), opacity: 0.7)
  }

  /// A school of small fish: a crowd that nobody counts.
  mutating func school() {
    let count = 14 + random.integer(below: 16)
    let centre = Point(
      Float(width) * random.uniform(0.25, 0.75), max(30 * unit, horizon * random.uniform(0.3, 0.75)))
    let spread = Point(random.uniform(22, 38), random.uniform(10, 18)) * unit
    let direction: Float = random.uniform() < 0.5 ? -1 : 1
    let tilt = random.uniform(-0.3, 0.3)
    let haze = random.uniform(0.25, 0.5)
    let colour = PaintColour(
      hue: random.uniform(), saturation: random.uniform(0, 0.5), value: random.uniform(0.3, 0.95))
    for _ in 0..<count {
      let angle = random.uniform(0, 6.28)
      let place = centre + Point(cos(angle), sin(angle)) * spread * random.uniform().squareRoot()
      let length = random.uniform(6, 10) * unit
      let pieces = [
        ReefOutline.leaf(from: Point(0.5, 0), to: Point(-0.4, 0), width: 0.34),
        [Point(-0.3, 0), Point(-0.6, -0.22), Point(-0.6, 0.22)],
      ].map { piece in
        piece.map { place + Point($0.x * direction, $0.y).rotated(by: tilt) * length }
      }
      let cover = Cover(around: pieces, margin: 3)
      paint(cover, colour * 0.8, second: colour * 1.2, depth: 1 * unit, haze: haze, row: place.y)
      stamp(cover, number: ReefGround.school.rawValue)
    }
  }
}

extension SIMD2<Float> {
  func rotated(by angle: Float) -> Point {
    Point(x * cos(angle) - y * sin(angle), x * sin(angle) + y * cos(angle))
  }
}
