import Imaging

extension Image {
  /// Pictures of three channels beside each other, each under its title.
  static func beside(_ parts: [(title: String, image: Image)]) -> Image {
    let gap = 4
    let size = ImageSize(
      height: parts.map(\.image.height).max() ?? 0, width: parts.map(\.image.width).max() ?? 0)
    var letters = Lettering(size: PictureScale(size).letter * 1.2)
    let head = letters.height + 4
    let width = parts.reduce(0) { $0 + $1.image.width } + gap * max(0, parts.count - 1)
    var sheet = Image(height: size.height + head, width: width, colour: [255, 255, 255])
    var left = 0
    for part in parts {
      sheet.place(part.image, top: head, left: left)
      let title = letters.shortened(part.title, toFit: part.image.width - 4)
      letters.draw(title, on: &sheet, left: left + 4, top: 2, colour: SIMD3(0, 0, 0))
      left += part.image.width + gap
    }
    return sheet
  }

  /// Pictures in rows and columns, each made to fit a square of so many pixels.
  static func grid(_ images: [Image], side: Int) -> Image {
    ContactSheet(images.map { (nil, $0) }, side: side).image
  }

  /// The picture made smaller where a side is longer.
  package func fitting(_ side: Int) -> Image {
    let longest = max(height, width)
    guard longest > side else { return self }
    return resized(
      height: max(1, height * side / longest), width: max(1, width * side / longest), interpolation: .area)
  }

  /// Puts a picture into this one, as far as it fits.
  mutating func place(_ image: Image, top: Int, left: Int) {
    let columns = min(image.width, width - left)
    guard columns > 0 else { return }
    var changed = pixels
    for row in 0..<max(0, min(image.height, height - top)) {
      let from = row * image.width * 3
      let to = ((top + row) * width + left) * 3
      changed.replaceSubrange(to..<to + columns * 3, with: image.pixels[from..<from + columns * 3])
    }
    pixels = changed
  }
}
