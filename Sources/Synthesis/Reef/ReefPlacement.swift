import Foundation
import Imaging
import Tensors

/// An animal that has its place in a scene.
struct ReefPlacement {
  let animal: ReefAnimal
  private let sketch: ReefSketch
  /// The outline with all its parts, also where others hide it.
  let silhouette: Cover
  /// Pixels of the silhouette within the scene.
  let area: Int
  let isCamouflaged: Bool
  private let haze: Float
  private let row: Float
  private let colours: RandomGenerator

  /// Places three to eight animals; about a quarter of them are hidden by 20% or more by one in front.
  static func fill(_ painter: inout ReefPainter) -> [ReefPlacement] {
    let wanted = 3 + painter.random.integer(below: 6)
    let hazes = (0..<wanted).map { _ in 0.32 * painter.random.uniform() * painter.random.uniform() }.sorted(
      by: >)
    let frame = Cover(wholeOf: painter)
    var placed: [ReefPlacement] = []
    var covered: Set<Int> = []
    for haze in hazes {
      let candidate = Candidate(&painter, haze: haze)
      let free = placed.indices.filter { !covered.contains($0) }
      if !free.isEmpty, painter.random.uniform() < 0.36 {
        let victim = free[painter.random.integer(below: free.count)]
        if let one = candidate.inFront(of: victim, placed, frame, &painter) {
          placed.append(one)
          covered.insert(victim)
          continue
        }
      }
      if let one = candidate.apart(from: placed, frame, &painter) { placed.append(one) }
    }
    return placed
  }

  /// Places one animal near the middle, half to four fifths as large as the picture.
  static func portrait(of animal: ReefAnimal, _ painter: inout ReefPainter) -> ReefPlacement {
    let extent = Float(min(painter.height, painter.width))
    let frame = Cover(wholeOf: painter)
    let one = Candidate(animal, &painter, side: extent * painter.random.uniform(0.5, 0.8))
    let place =
      Point(Float(painter.width), Float(painter.height)) / 2
      + Point(painter.random.uniform(-0.12, 0.12), painter.random.uniform(-0.12, 0.12)) * extent
    return ReefPlacement(one, one.silhouette.centred(at: place), place, frame, &painter)
  }

  /// Paints the animal and gives it its pixels.
  func paint(on painter: inout ReefPainter, number: Int32) {
    var random = colours
    let ground = painter.canvas.meanColour(
      x: silhouette.x, y: silhouette.y, side: min(silhouette.width, silhouette.height))
    let palette = isCamouflaged ? ReefPalette(camouflagedOn: ground, &random) : ReefPalette(vivid: &random)
    if animal.isGroundDweller {
      painter.paintShadow(of: silhouette, below: 2.5 * painter.unit, strength: 0.35 * (1 - haze))
    }
    painter.paint(sketch, palette, silhouette: silhouette, haze: haze, row: row)
    painter.stamp(silhouette, number: number)
  }

  /// An animal of a size and pose that looks for a place.
  private struct Candidate {
    let animal: ReefAnimal
    let sketch: ReefSketch
    let silhouette: Cover
    let haze: Float
    let isCamouflaged: Bool

    /// An animal that is the subject of a picture of so many pixels.
    init(_ animal: ReefAnimal, _ painter: inout ReefPainter, side: Float) {
      self.animal = animal
      haze = 0.2 * painter.random.uniform()
      isCamouflaged = painter.random.uniform() < 0.1
      sketch = ReefSketch(animal, using: &painter.random).posed(animal, side: side, &painter.random)
      silhouette = sketch.silhouette
    }

    init(_ painter: inout ReefPainter, haze: Float) {
      let random = painter.random.integer(below: ReefAnimal.allCases.count)
      animal = ReefAnimal.allCases[random]
      self.haze = haze
      isCamouflaged = painter.random.uniform() < 0.22
      // Sizes spread as a lognormal does: most near the middle, some twice as large.
      let spread = (0..<4).reduce(Float(0)) { sum, _ in sum + painter.random.uniform(-0.5, 0.5) }
      let side = 46 * exp(0.32 * spread) * (1 - 0.3 * haze)
      sketch = ReefSketch(animal, using: &painter.random)
        .posed(animal, side: side.clamped(to: 26...84) * painter.unit, &painter.random)
      silhouette = sketch.silhouette
    }

    /// At a place where it hides a quarter to a third of one animal and little of the others.
    func inFront(
      of victim: Int, _ placed: [ReefPlacement], _ frame: Cover, _ painter: inout ReefPainter
    ) -> ReefPlacement? {
      let other = placed[victim].silhouette
      let middle = Point(Float(other.x) + Float(other.width) / 2, Float(other.y) + Float(other.height) / 2)
      let reach = Point(Float(other.width + silhouette.width), Float(other.height + silhouette.height)) / 2
      for _ in 0..<40 {
        let angle = painter.random.uniform(0, 6.28)
        let place = middle + Point(cos(angle), sin(angle)) * reach * painter.random.uniform(0.3, 0.9)
        let moved = silhouette.centred(at: place)
        let share = Float(moved.commonArea(with: other)) / Float(max(1, placed[victim].area))
        guard (0.22...0.34).contains(share), fits(moved, frame), allows(place, painter),
          placed.indices.allSatisfy({ $0 == victim || hides(placed[$0], by: moved) < 0.1 })
        else { continue }
        return ReefPlacement(self, moved, place, frame, &painter)
      }
      return nil
    }

    /// At a place where it hides little.
    func apart(from placed: [ReefPlacement], _ frame: Cover, _ painter: inout ReefPainter) -> ReefPlacement? {
      for _ in 0..<60 {
        let isLow = animal.isGroundDweller && painter.random.uniform() < 0.85
        let top = isLow ? painter.horizon : 0
        let bottom = isLow ? Float(painter.height) : Float(painter.height) * 0.92
        let place = Point(
          painter.random.uniform(0, Float(painter.width)), painter.random.uniform(top, bottom))
        let moved = silhouette.centred(at: place)
        guard fits(moved, frame), placed.allSatisfy({ hides($0, by: moved) < 0.1 }) else { continue }
        return ReefPlacement(self, moved, place, frame, &painter)
      }
      return nil
    }

    private func hides(_ other: ReefPlacement, by moved: Cover) -> Float {
      Float(moved.commonArea(with: other.silhouette)) / Float(max(1, other.area))
    }

    /// Most of it lies within the picture.
    private func fits(_ moved: Cover, _ frame: Cover) -> Bool {
      Float(moved.commonArea(with: frame)) >= 0.75 * Float(silhouette.area)
    }

    private func allows(_ place: Point, _ painter: ReefPainter) -> Bool {
      !animal.isGroundDweller || place.y > painter.horizon * 0.75
    }
  }

  private init(
    _ candidate: Candidate, _ silhouette: Cover, _ place: Point, _ frame: Cover, _ painter: inout ReefPainter
  ) {
    animal = candidate.animal
    let shift = Point(
      Float(silhouette.x - candidate.silhouette.x), Float(silhouette.y - candidate.silhouette.y))
    sketch = candidate.sketch.mapped { $0 + shift }
    self.silhouette = silhouette
    area = silhouette.commonArea(with: frame)
    isCamouflaged = candidate.isCamouflaged
    haze = candidate.haze
    row = place.y
    colours = painter.random
    _ = painter.random.next()
  }
}

extension ReefSketch {
  /// The pose of an animal of its kind.
  fileprivate func posed(_ animal: ReefAnimal, side: Float, _ random: inout RandomGenerator) -> ReefSketch {
    let quarter = Float.pi / 2
    let rotation: Float =
      switch animal {
      case .fish: random.uniform(-0.45, 0.45) + (random.uniform() < 0.12 ? quarter : 0)
      case .jellyfish: random.uniform(-0.7, 0.7)
      case .starfish, .turtle: random.uniform(0, 4 * quarter)
      case .crab: random.uniform(-0.4, 0.4)
      }
    return posed(
      rotation: rotation, squash: random.uniform(0.72, 1), along: random.uniform(0, 2 * quarter),
      mirrored: random.uniform() < 0.5, side: side)
  }

  /// The union of the parts, in a window around them.
  fileprivate var silhouette: Cover {
    let pieces = parts.filter { !$0.isMarking }.flatMap(\.polygons)
    return Cover(around: pieces, margin: 4)
  }
}

extension Cover {
  /// A window that covers a whole scene.
  fileprivate init(wholeOf painter: ReefPainter) {
    self.init(below: [Float](repeating: 0, count: painter.width), height: painter.height)
  }

  /// The shape with the middle of its window moved to a place, by whole pixels.
  fileprivate func centred(at place: Point) -> Cover {
    var moved = self
    moved.x = Int(place.x.rounded()) - width / 2
    moved.y = Int(place.y.rounded()) - height / 2
    return moved
  }
}
