import Foundation

extension Figure {
  /// The drawing as an SVG file: its size is the viewer's, its title and description are for screen readers. The same
  /// drawing gives the same bytes.
  var svg: String {
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" width=\"\(width)\" "
        + "height=\"\(height)\" role=\"img\" aria-labelledby=\"title desc\" font-family=\"sans-serif\">",
      "<title id=\"title\">\(title.escapedXML)</title>",
      "<desc id=\"desc\">\(summary.escapedXML)</desc>",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
    ]
    lines += marks.map(Self.element)
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private static func element(_ mark: Mark) -> String {
    switch mark {
    case .line(let points, let colour, let width, let dashes):
      let path = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
      let pattern =
        dashes.isEmpty ? "" : " stroke-dasharray=\"\(dashes.map(number).joined(separator: " "))\""
      return
        "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(hex(colour))\" stroke-width=\"\(number(width))\" "
        + "stroke-linejoin=\"round\"\(pattern)/>"
    case .box(let corner, let extent, let colour):
      return
        "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(extent.x))\" "
        + "height=\"\(number(extent.y))\" fill=\"\(hex(colour))\"/>"
    case .dot(let point, let radius, let colour):
      return
        "<circle cx=\"\(number(point.x))\" cy=\"\(number(point.y))\" r=\"\(number(radius))\" "
        + "fill=\"\(hex(colour))\"/>"
    case .text(let text, let point, let size, let anchor, let colour, _):
      return
        "<text x=\"\(number(point.x))\" y=\"\(number(point.y))\" font-size=\"\(number(size))\" "
        + "text-anchor=\"\(anchor.rawValue)\" fill=\"\(hex(colour))\">\(text.escapedXML)</text>"
    }
  }

  /// Two digits are finer than any screen.
  private static func number(_ value: Double) -> String {
    let hundredths = (value * 100).rounded()
    guard abs(hundredths) < 1e12 else { return "0" }
    let whole = Int(hundredths)
    if whole % 100 == 0 { return "\(whole / 100)" }
    return String(format: "%.2f", Double(whole) / 100)
  }

  private static func hex(_ colour: SIMD3<UInt8>) -> String {
    String(format: "#%02x%02x%02x", Int(colour.x), Int(colour.y), Int(colour.z))
  }
}

extension String {
  /// The text between tags or in an attribute: what XML forbids is left out or written as an entity.
  var escapedXML: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
