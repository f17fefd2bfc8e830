/// Colours (red, green, blue) for class numbers.
public struct Palette: Sendable, Equatable {
  /// One colour a class.
  public var colours: [SIMD3<UInt8>]

  /// A palette of given colours.
  public init(_ colours: [SIMD3<UInt8>]) { self.colours = colours }

  /// So many light colours that are easy to tell apart; the first of more are those of fewer.
  public static func distinct(_ count: Int) -> Palette {
    Palette(
      (0..<max(0, count)).map { index in
        if index < spread.count { return spread[index] }
        return PerceptualColour(
          lightness: [0.72, 0.82, 0.9][index % 3], chroma: 0.13,
          hue: (Double(index) * 0.618_034).truncatingRemainder(dividingBy: 1)
        ).screen
      })
  }

  /// Light colours in an order in which each is as far as can be from those before it, and most of all from the last
  /// seven: classes that follow each other are often seen together.
  private static let spread: [SIMD3<UInt8>] = {
    var candidates: [SIMD3<UInt8>] = []
    for lightness in [0.7, 0.78, 0.86, 0.92] {
      for chroma in [0.2, 0.12] {
        for step in 0..<30 {
          let colour = PerceptualColour(lightness: lightness, chroma: chroma, hue: Double(step) / 30).screen
          if !candidates.contains(colour) { candidates.append(colour) }
        }
      }
    }
    let places = candidates.map { PerceptualColour($0).place }
    func distance(_ a: Int, _ b: Int) -> Double {
      let way = places[a] - places[b]
      return (way * way).sum().squareRoot()
    }
    var (order, left) = ([0], Array(candidates.indices.dropFirst()))
    var nearest = candidates.indices.map { distance($0, 0) }
    while !left.isEmpty {
      let scores = left.map { candidate in
        order.suffix(7).reduce(1.7 * nearest[candidate]) { min($0, distance(candidate, $1)) }
      }
      let best = scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 }
      let chosen = left.remove(at: best)
      order.append(chosen)
      for candidate in left { nearest[candidate] = min(nearest[candidate], distance(candidate, chosen)) }
    }
    return order.map { candidates[$0] }
  }()

  /// The colour of an object among others of its class: as light as what is seen through it needs, and a shade of its
  /// own for each of six. The number is the object's among those of its class, from 0.
  public static func shade(_ number: Int, of colour: SIMD3<UInt8>) -> SIMD3<UInt8> {
    // Steps of lightness and of hue.
    let steps = [(0, 0), (0.09, 0.03), (-0.07, -0.03), (0.05, -0.06), (-0.04, 0.06), (0.13, 0)]
    let (lighter, turned) = steps[max(0, number) % steps.count]
    var own = PerceptualColour(colour)
    own.lightness = max(0.62, min(0.94, max(0.7, own.lightness) + lighter))
    own.hue = (own.hue + turned + 1).truncatingRemainder(dividingBy: 1)
    return own.screen
  }

  /// The colour that is written 0xRRGGBB.
  public static func colour(hex: UInt32) -> SIMD3<UInt8> {
    SIMD3(
      UInt8(truncatingIfNeeded: hex >> 16), UInt8(truncatingIfNeeded: hex >> 8),
      UInt8(truncatingIfNeeded: hex))
  }

  /// The colour of a class; numbers beyond the end start again.
  public subscript(label: Int) -> SIMD3<UInt8> {
    guard !colours.isEmpty, label >= 0 else { return SIMD3(255, 255, 255) }
    return colours[label % colours.count]
  }
}
