import Imaging
import Tensors

/// The colours of one animal.
struct ReefPalette {
  private let base, second, accent: PaintColour

  /// Colours of any hue: a class has no colour of its own.
  init(vivid random: inout RandomGenerator) {
    let hue = random.uniform()
    let saturation = random.uniform(0.25, 0.9)
    let value = random.uniform(0.4, 1)
    base = PaintColour(hue: hue, saturation: saturation, value: value)
    second = PaintColour(
      hue: hue + random.uniform(-0.12, 0.12),
      saturation: saturation * random.uniform(0.7, 1.1).clamped(to: 0...1),
      value: min(1, value * random.uniform(0.75, 1.2)))
    let far = hue + random.uniform(0.3, 0.7)
    accent =
      value > 0.7
      ? PaintColour(hue: far, saturation: 0.7, value: random.uniform(0.15, 0.5))
      : PaintColour(hue: far, saturation: random.uniform(0.1, 0.7), value: 0.95)
  }

  /// The colours of the surroundings, with little of its own.
  init(camouflagedOn ground: PaintColour, _ random: inout RandomGenerator) {
    let factor = random.uniform(0.78, 1.3)
    let own = PaintColour(hue: random.uniform(), saturation: 0.5, value: 0.7)
    base = (ground * factor).mixed(with: own, 0.2)
    second = (ground * (factor * random.uniform(0.8, 1.15))).mixed(with: own, 0.12)
    accent = (ground * (factor > 1 ? 0.6 : 1.5)).mixed(with: own, 0.15)
  }

  /// The colour of an ink.
  subscript(ink: ReefSketch.Ink) -> PaintColour {
    let colour: PaintColour =
      switch ink {
      case .base: base
      case .second: second
      case .accent: accent
      case .deep: base * 0.5
      case .pale: base.mixed(with: PaintColour(0.95, 0.97, 0.95), 0.55)
      case .white: PaintColour(0.93, 0.95, 0.93)
      case .black: PaintColour(0.05, 0.05, 0.07)
      }
    return colour.clamped(lowerBound: .zero, upperBound: .one)
  }
}

extension Float {
  func clamped(to range: ClosedRange<Float>) -> Float {
    Swift.min(range.upperBound, Swift.max(range.lowerBound, self))
  }
}
