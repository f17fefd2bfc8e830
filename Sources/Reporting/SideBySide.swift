import Imaging

extension Image {
  /// Pictures of three channels beside each other, each under its title.
  static func beside(_ parts: [(title: String, image: Image)]) -> Image {
    let (head, gap) = (22, 4)
    let height = (parts.map(\.image.height).max() ?? 0) + head
    let width = parts.reduce(0) { $0 + $1.image.width } + gap * max(0, parts.count - 1)
    var sheet = Image(height: height, width: width, colour: [255, 255, 255])
    var left = 0
    for part in parts {
      sheet.place(part.image, top: head, left: left)
      left += part.image.width + gap
    }
    left = 0
    for part in parts {
      sheet.draw(label: part.title, x: Float(left + 4), y: 20, colour: SIMD3(255, 255, 255), scale: 0.45)
      left += part.image.width + gap
    }
    return sheet
  }

  /// Pictures in rows and columns, each made to fit a square of so many pixels.
  static func grid(_ images: [Image], side: Int) -> Image {
    let images = images.map { $0.fitting(side) }
    let columns = max(1, Int(Double(images.count).squareRoot().rounded(.up)))
    let rows = max(1, (images.count + columns - 1) / columns)
    let gap = 4
    let (height, width) = (images.map(\.height).max() ?? 1, images.map(\.width).max() ?? 1)
    var sheet = Image(
      height: rows * (height + gap) - gap, width: columns * (width + gap) - gap, colour: [255, 255, 255])
    for (index, image) in images.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      sheet.place(image, top: row * (height + gap), left: column * (width + gap))
    }
    return sheet
  }

  /// The picture made smaller where a side is longer.
  func fitting(_ side: Int) -> Image {
    let longest = max(height, width)
    guard longest > side else { return self }
    return resized(
      height: max(1, height * side / longest), width: max(1, width * side / longest), interpolation: .area)
  }

  /// Puts a picture into this one, as far as it fits.
  private mutating func place(_ image: Image, top: Int, left: Int) {
    let columns = min(image.width, width - left)
    guard columns > 0 else { return }
    var changed = pixels
    for row in 0..<min(image.height, height - top) {
      let from = row * image.width * 3
      let to = ((top + row) * width + left) * 3
      changed.replaceSubrange(to..<to + columns * 3, with: image.pixels[from..<from + columns * 3])
    }
    pixels = changed
  }
}
