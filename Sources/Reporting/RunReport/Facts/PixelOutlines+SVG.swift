import Masks

extension PixelOutlines {
  /// The lines as an SVG path of horizontal and vertical steps.
  package var path: String {
    lines.map { line in
      let steps = zip(line, line.dropFirst()).map { from, to in
        from.y == to.y ? "h\(to.x - from.x)" : "v\(to.y - from.y)"
      }
      return "M\(line[0].x) \(line[0].y)\(steps.joined())z"
    }.joined()
  }
}
