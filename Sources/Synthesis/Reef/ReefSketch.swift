import Tensors

/// An animal before it has a place, a size and colours: parts in a plane where it is about one unit long, painted in
/// order; y points downwards.
struct ReefSketch {
  /// Colours that the palette fills in.
  enum Ink {
    case base, second, accent, deep, pale, white, black
  }

  struct Part {
    var polygons: [[Point]]
    var ink: Ink
    /// What the texture mixes in.
    var other: Ink?
    var opacity: Float
    /// A marking shows only within what is there already; other parts belong to the outline.
    var isMarking: Bool
  }

  private(set) var parts: [Part] = []

  /// Adds a part of the body.
  mutating func body(_ polygons: [Point]..., ink: Ink, mixed other: Ink? = nil, opacity: Float = 1) {
    parts.append(Part(polygons: polygons, ink: ink, other: other, opacity: opacity, isMarking: false))
  }

  /// Adds a part of the body, made of many pieces.
  mutating func body(pieces: [[Point]], ink: Ink, mixed other: Ink? = nil, opacity: Float = 1) {
    parts.append(Part(polygons: pieces, ink: ink, other: other, opacity: opacity, isMarking: false))
  }

  /// Adds a marking within the body.
  mutating func marking(_ polygons: [Point]..., ink: Ink, opacity: Float = 1) {
    marking(pieces: polygons, ink: ink, opacity: opacity)
  }

  /// Adds a marking within the body, made of many pieces.
  mutating func marking(pieces: [[Point]], ink: Ink, opacity: Float = 1) {
    guard !pieces.isEmpty else { return }
    parts.append(Part(polygons: pieces, ink: ink, other: nil, opacity: opacity, isMarking: true))
  }

  /// All corners of the outline.
  private var outline: [Point] { parts.filter { !$0.isMarking }.flatMap { $0.polygons.joined() } }

  /// The sketch with every corner moved.
  func mapped(_ transform: (Point) -> Point) -> ReefSketch {
    var result = self
    for index in parts.indices {
      result.parts[index].polygons = parts[index].polygons.map { $0.map(transform) }
    }
    return result
  }

  /// The sketch turned, pressed together by perspective, and made so large that the sides of its box have a geometric
  /// mean of `side`; its box is centred at the origin.
  func posed(rotation: Float, squash: Float, along axis: Float, mirrored: Bool, side: Float) -> ReefSketch {
    let turned = mapped { point in
      var p = Point(mirrored ? -point.x : point.x, point.y).rotated(by: axis)
      p.y *= squash
      return p.rotated(by: rotation - axis)
    }
    let (low, high) = turned.box
    let extent = high - low
    let scale = side / max(1e-3, (extent.x * extent.y).squareRoot())
    let centre = (low + high) / 2
    return turned.mapped { ($0 - centre) * scale }
  }

  /// The corners of the box around the outline.
  var box: (low: Point, high: Point) {
    outline.reduce((Point(repeating: 1e6), Point(repeating: -1e6))) {
      (pointwiseMin($0.0, $1), pointwiseMax($0.1, $1))
    }
  }
}

extension ReefSketch {
  /// A new animal in a neutral pose.
  init(_ animal: ReefAnimal, using random: inout RandomGenerator) {
    switch animal {
    case .fish: self = .fish(&random)
    case .jellyfish: self = .jellyfish(&random)
    case .starfish: self = .starfish(&random)
    case .turtle: self = .turtle(&random)
    case .crab: self = .crab(&random)
    }
  }
}
