import Imaging

extension Figure {
  /// The drawing as a picture.
  var picture: Image {
    var canvas = Canvas(height: height, width: width)
    canvas.veil(
      rows: [PaintColour](repeating: PaintColour(1, 1, 1), count: height),
      amount: [Float](repeating: 1, count: height))
    for mark in marks { paint(mark, on: &canvas) }
    var image = canvas.image()
    for mark in marks {
      guard case .text(let text, let point, let size, let anchor, _, let ground) = mark else { continue }
      var letters = Lettering(size: size)
      let length = letters.width(of: text)
      let shift = anchor == .start ? 0 : anchor == .middle ? length / 2 : length
      image.draw(
        label: text, left: Int(point.x.rounded()) - shift, top: Int(point.y.rounded()) - letters.baseline,
        colour: ground, &letters)
    }
    return image
  }

  private func paint(_ mark: Mark, on canvas: inout Canvas) {
    switch mark {
    case .line(let points, let colour, let width, let dashes):
      // One cover a line: where its parts meet it is no darker.
      var cover = Cover(x: 0, y: 0, height: height, width: self.width)
      for (a, b) in Self.segments(points, dashes) { cover.fill([Self.bar(a, b, width: max(1, width))]) }
      canvas.paint(cover, Self.paint(colour))
    case .box(let corner, let extent, let colour):
      guard extent.x > 0, extent.y > 0 else { return }
      let (a, b) = (corner, corner + extent)
      // Filling reaches half a pixel beyond an outline.
      let inset = 0.5
      let outline = [
        SIMD2(a.x, a.y), SIMD2(b.x - inset, a.y), SIMD2(b.x - inset, b.y - inset), SIMD2(a.x, b.y - inset),
      ]
      canvas.paint(Cover(around: [outline.map { SIMD2(Float($0.x), Float($0.y)) }]), Self.paint(colour))
    case .dot(let point, let radius, let colour):
      let outline = (0..<12).map { step -> SIMD2<Float> in
        let unit = Self.circle[step]
        return SIMD2(Float(point.x + radius * unit.x), Float(point.y + radius * unit.y))
      }
      canvas.paint(Cover(around: [outline]), Self.paint(colour))
    case .text: break
    }
  }

  /// Twelve points of a circle.
  private static let circle: [SIMD2<Double>] = {
    let half = 0.75.squareRoot()
    let quarter: [SIMD2<Double>] = [SIMD2(1, 0), SIMD2(half, 0.5), SIMD2(0.5, half)]
    let right = quarter.map { SIMD2(-$0.y, $0.x) }
    return quarter + right + quarter.map { -$0 } + right.map { -$0 }
  }()

  private static func paint(_ colour: SIMD3<UInt8>) -> PaintColour {
    PaintColour(Float(colour.x), Float(colour.y), Float(colour.z)) / 255
  }

  /// The corners of a bar from one point to another.
  private static func bar(_ a: SIMD2<Double>, _ b: SIMD2<Double>, width: Double) -> [SIMD2<Float>] {
    let along = b - a
    let length = (along * along).sum().squareRoot()
    let unit = length > 1e-9 ? along / length : SIMD2(1, 0)
    let side = SIMD2(-unit.y, unit.x) * max(0.1, (width - 1) / 2)
    return [a + side, b + side, b - side, a - side].map { SIMD2(Float($0.x), Float($0.y)) }
  }

  /// The parts of a line between its points, cut into dashes.
  private static func segments(
    _ points: [SIMD2<Double>], _ dashes: [Double]
  ) -> [(SIMD2<Double>, SIMD2<Double>)] {
    let whole = Array(zip(points, points.dropFirst()))
    let period = dashes.reduce(0, +)
    guard period > 0 else { return whole }
    var result: [(SIMD2<Double>, SIMD2<Double>)] = []
    var (index, left) = (0, dashes[0])
    for (a, b) in whole {
      let along = b - a
      let length = (along * along).sum().squareRoot()
      var done = 0.0
      while done < length {
        let step = min(left, length - done)
        if index.isMultiple(of: 2) {
          result.append((a + along * (done / length), a + along * ((done + step) / length)))
        }
        done += step
        left -= step
        if left <= 1e-9 {
          index = (index + 1) % dashes.count
          left = max(0.5, dashes[index])
        }
      }
    }
    return result
  }
}
