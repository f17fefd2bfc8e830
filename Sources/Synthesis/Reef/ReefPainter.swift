import Foundation
import Imaging
import Tensors

/// A scene on its way: what is painted, and who owns which pixel.
struct ReefPainter {
  let height: Int
  let width: Int
  /// Sizes in pixels are for images of 192 x 256; this scales them.
  let unit: Float
  var random: RandomGenerator
  private(set) var canvas: Canvas
  private(set) var owners: OwnerMap

  /// Patterns of large and of small grain.
  private let clouds, grain: NoisePlane
  private let surface, deep: PaintColour
  /// What falls on the ground and on animals.
  private let light: PaintColour
  /// The row of the horizon, where the ground begins.
  let horizon: Float
  /// The colour of the water of each row, and how much of it lies between us and the ground there.
  private let waterRows: [PaintColour]

  /// Chooses the light and mixes the water.
  init(height: Int, width: Int, random generator: RandomGenerator) {
    var random = generator
    (self.height, self.width) = (height, width)
    unit = min(Float(height) / 192, Float(width) / 256)
    clouds = NoisePlane(height: height, width: width, cell: 48 * unit, octaves: 4, using: &random)
    grain = NoisePlane(height: height, width: width, cell: 9 * unit, octaves: 3, using: &random)
    let hue = random.uniform(0.43, 0.66)
    // Dark or bright water, whatever the light on the ground: brightness tells nothing.
    let brightness = random.uniform(0.3, 1)
    surface = PaintColour(
      hue: hue - random.uniform(0, 0.05), saturation: random.uniform(0.15, 0.7), value: brightness)
    deep = PaintColour(
      hue: hue + 0.02, saturation: random.uniform(0.35, 0.9), value: brightness * random.uniform(0.4, 0.95))
    light = PaintColour.one.mixed(with: surface / brightness, 0.35) * random.uniform(0.85, 1.4)
    horizon = Float(height) * random.uniform(0.36, 0.6)
    let (surface, deep) = (surface, deep)
    waterRows = (0..<height).map { row in
      let t = (Float(row) / Float(height) * 1.15).clamped(to: 0...1)
      return surface.mixed(with: deep, pow(t, 0.75))
    }
    canvas = Canvas(height: height, width: width)
    owners = OwnerMap(height: height, width: width, number: ReefGround.water.rawValue)
    self.random = random
    paintWater()
    paintSand()
  }

  /// How much the water hides of what stands on the ground with its foot in this row.
  func haze(atRow row: Float) -> Float {
    let nearness = ((row - horizon) / (Float(height) - horizon)).clamped(to: 0...1)
    return 0.62 * pow(1 - nearness, 1.4)
  }

  /// A colour as it looks through so much water, with the light that reaches this row.
  func seen(_ colour: PaintColour, haze: Float, row: Float) -> PaintColour {
    let water = waterRows[Int(row.clamped(to: 0...Float(height - 1)))]
    return (colour * light).mixed(with: water, haze)
  }

  private mutating func paintWater() {
    let everywhere = [Float](repeating: 1, count: height)
    canvas.veil(rows: waterRows, amount: everywhere)
    let fading = (0..<height).map { 1 - Float($0) / Float(height) }
    canvas.glow(clouds.ridges(sharpness: 1.2), strength: fading.map { 0.05 + 0.06 * $0 }, colour: surface)
    let rays = NoisePlane(
      raysFrom: Float(width) * random.uniform(-0.2, 1.2), -Float(height) * random.uniform(0.25, 0.8),
      height: height, width: width, using: &random)
    let brightness = random.uniform(0.2, 0.8)
    canvas.glow(
      rays, strength: fading.map { brightness * pow($0, 1.3) },
      colour: surface.mixed(with: .one, 0.5))
    for hill in 0..<2 {
      guard random.uniform() < 0.75 else { continue }
      let profile = ground(
        at: horizon - Float(height) * random.uniform(0.02, 0.16), swing: 0.16, cell: hill == 0 ? 60 : 36)
      let cover = Cover(below: profile, height: height)
      canvas.paint(
        cover, seen(PaintColour(0.12, 0.15, 0.2), haze: 0.72 - 0.14 * Float(hill), row: horizon * 0.9),
        second: seen(PaintColour(0.3, 0.32, 0.35), haze: 0.75 - 0.14 * Float(hill), row: horizon * 0.9),
        texture: grain)
      owners.stamp(cover, number: ReefGround.distant.rawValue)
    }
  }

  private mutating func paintSand() {
    let profile = ground(at: horizon, swing: 0.06, cell: 70)
    let cover = Cover(below: profile, height: height)
    let tone = PaintColour(
      hue: random.uniform(0.02, 0.17), saturation: random.uniform(0.05, 0.6),
      value: random.uniform(0.5, 0.95))
    let ripples = NoisePlane(
      height: height, width: width, cell: 7 * unit, octaves: 3, stretch: random.uniform(2.5, 6),
      using: &random)
    canvas.paint(cover, tone * light * 0.55, second: tone * light * 1.25, texture: ripples)
    canvas.paint(cover, tone * light * 0.35, second: tone * light * 1.35, texture: clouds, opacity: 0.4)
    let caustics = NoisePlane(
      height: height, width: width, cell: 26 * unit, octaves: 2, stretch: 1.8, using: &random)
    let strength = random.uniform(0.05, 0.35)
    canvas.glow(
      caustics.ridges(sharpness: 5),
      strength: (0..<height).map { strength * (1 - haze(atRow: Float($0))) },
      colour: surface.mixed(with: .one, 0.6),
      on: cover)
    canvas.veil(rows: waterRows, amount: (0..<height).map { haze(atRow: Float($0)) * 1.15 }, over: cover)
    owners.stamp(cover, number: ReefGround.sand.rawValue)
  }

  /// The edge of a ground in rows, a column each.
  private mutating func ground(at row: Float, swing: Float, cell: Float) -> [Float] {
    let line = NoisePlane(height: 2, width: width, cell: cell * unit, octaves: 4, using: &random)
    return line.values.prefix(width).map { row + ($0 - 0.5) * swing * 2 * Float(height) }
  }

  /// Paints a body of stone, coral or flesh, and gives it its pixels.
  ///
  /// - Parameters:
  ///   - depth: How far from its edge it is round, in pixels.
  ///   - row: Where it stands: light and haze are of this row.
  mutating func paint(
    _ cover: Cover, _ colour: PaintColour, second: PaintColour, depth: Float, strength: Float = 0.9,
    rim: Float = 0.6,
    haze: Float, row: Float, isFine: Bool = true
  ) {
    canvas.paint(
      cover, seen(colour, haze: haze, row: row), second: seen(second, haze: haze, row: row),
      texture: isFine ? grain : clouds,
      shade: cover.relief(depth: depth, strength: strength * (1 - haze), rim: rim + (1 - rim) * haze))
  }

  /// Paints without roundness.
  mutating func paint(flat cover: Cover, _ colour: PaintColour, opacity: Float = 1) {
    canvas.paint(cover, colour, opacity: opacity)
  }

  /// Paints the parts of an animal on the scene.
  ///
  /// - Parameter sketch: In pixels of the scene.
  mutating func paint(
    _ sketch: ReefSketch, _ palette: ReefPalette, silhouette: Cover, haze: Float, row: Float
  ) {
    let shade = silhouette.relief(
      depth: max(1.2, Float(min(silhouette.height, silhouette.width)) * 0.06),
      strength: 0.85 * (1 - haze * 0.7),
      rim: 0.55 + 0.4 * haze)
    var body = Cover(x: silhouette.x, y: silhouette.y, height: silhouette.height, width: silhouette.width)
    let blank = body
    for part in sketch.parts {
      var cover = blank
      cover.fill(part.polygons)
      if part.isMarking { cover = cover.clipped(to: body) } else { body.fill(part.polygons) }
      let colour = seen(palette[part.ink], haze: haze, row: row)
      let other = part.other.map { seen(palette[$0], haze: haze, row: row) }
      canvas.paint(
        cover, colour, second: other.map { colour.mixed(with: $0, 0.8) }, texture: grain, shade: shade,
        opacity: part.opacity)
    }
  }

  /// Paints the soft shadow of something that stands on the ground.
  mutating func paintShadow(of cover: Cover, below: Float, strength: Float) {
    var shadow = cover.blurred(sigma: Double(2 * unit))
    shadow.y += Int(below.rounded())
    canvas.paint(shadow, seen(PaintColour(0.02, 0.03, 0.05), haze: 0.12, row: horizon), opacity: strength)
  }

  mutating func stamp(_ cover: Cover, number: Int32) { owners.stamp(cover, number: number) }

  /// Particles in the water, the softness of the lens and the noise of the sensor.
  mutating func finish(seed: UInt64) -> Image {
    for _ in 0..<(8 + random.integer(below: 30)) {
      let place = Point(random.uniform(0, Float(width)), random.uniform(0, Float(height)))
      let size = random.uniform(0.4, 1.5) * unit
      let cover = Cover(around: [ReefOutline.ellipse(place, size, size, corners: 8)], margin: 4)
      canvas.paint(
        cover.blurred(sigma: Double(0.6 + size * 0.5)), surface.mixed(with: .one, 0.6),
        opacity: random.uniform(0.15, 0.6))
    }
    let murk = random.uniform(0, 0.08)
    canvas.veil(rows: waterRows, amount: [Float](repeating: murk, count: height))
    let softness = random.uniform(0, 0.6)
    if softness > 0.3 { canvas.blur(sigma: Double(softness)) }
    canvas.addNoise(seed: seed, deviation: Double(random.uniform(0.005, 0.016)))
    let gain = random.uniform(0.8, 1.2)
    return canvas.image(gain: gain, offset: random.uniform(-0.05, 0.05) + (1 - gain) * 0.3)
  }
}
