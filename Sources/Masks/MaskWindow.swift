/// A mask that is background but for a window: a detection fills a small part of its image.
public struct MaskWindow: Sendable, Equatable {
  /// The pixels of the window.
  public var window: Bitmap
  /// The window's first column.
  public var x: Int
  /// The window's first row.
  public var y: Int
  /// The rows of the whole mask.
  public var height: Int
  /// The columns of the whole mask.
  public var width: Int

  /// A window whose corner lies at (x, y) of a mask of height x width.
  public init(_ window: Bitmap, x: Int, y: Int, height: Int, width: Int) {
    precondition(
      x >= 0 && y >= 0 && x + window.width <= width && y + window.height <= height,
      "window [\(window.height), \(window.width)] at (\(x), \(y)) leaves the mask [\(height), \(width)]")
    self.window = window
    self.x = x
    self.y = y
    self.height = height
    self.width = width
  }

  /// A mask that is all background.
  public init(height: Int, width: Int) {
    self.init(Bitmap(height: 0, width: 0), x: 0, y: 0, height: height, width: width)
  }

  /// The pixels of the box around a mask's object.
  public init(_ mask: RunLengthMask) {
    let box = mask.boundingBox
    let (left, top) = (Int(box.x), Int(box.y))
    let (columns, rows) = (Int(box.width), Int(box.height))
    var pixels = [UInt8](repeating: 0, count: rows * columns)
    var place = 0
    for (index, count) in mask.counts.enumerated() {
      let end = place + Int(count)
      defer { place = end }
      guard index % 2 == 1 else { continue }
      // A run goes down a column, and on at the head of the next.
      while place < end {
        let (column, row) = place.quotientAndRemainder(dividingBy: mask.height)
        let foot = min(end - place, mask.height - row)
        for below in 0..<foot { pixels[(row - top + below) * columns + column - left] = 1 }
        place += foot
      }
    }
    self.init(
      Bitmap(height: rows, width: columns, pixels: pixels), x: left, y: top, height: mask.height,
      width: mask.width)
  }

  /// The whole mask with one byte per pixel.
  public var bitmap: Bitmap {
    var whole = Bitmap(height: height, width: width)
    for row in 0..<window.height {
      let start = (y + row) * width + x
      whole.pixels.replaceSubrange(
        start..<start + window.width, with: window.pixels[row * window.width..<(row + 1) * window.width])
    }
    return whole
  }
}

extension MaskWindow {
  /// The box (x1, y1, x2, y2) around the object, in pixels of the whole mask; all 0 where there is none.
  public var bounds: SIMD4<Float> {
    let inner = window.bounds
    guard inner != .zero else { return .zero }
    return inner + SIMD4(Float(x), Float(y), Float(x), Float(y))
  }

  /// The mirror image: left becomes right.
  public func flippedHorizontally() -> MaskWindow {
    MaskWindow(
      window.flippedHorizontally(), x: width - x - window.width, y: y, height: height, width: width)
  }

  /// The mirror image: top becomes bottom.
  public func flippedVertically() -> MaskWindow {
    MaskWindow(window.flippedVertically(), x: x, y: height - y - window.height, height: height, width: width)
  }

  /// The mask at another size, as `Bitmap.resizedNearest` has it.
  public func resizedNearest(height newHeight: Int, width newWidth: Int) -> MaskWindow {
    precondition(
      (height > 0 && width > 0) || newHeight * newWidth == 0,
      "an empty mask [\(height), \(width)] cannot become [\(newHeight), \(newWidth)]")
    // Places rise: those within the window follow each other.
    func within(_ places: [Int32], _ first: Int, _ count: Int) -> (first: Int, places: [Int32]) {
      let range = Int32(first)..<Int32(first + count)
      let inside = places.filter(range.contains)
      return (
        inside.isEmpty ? 0 : places.firstIndex(where: range.contains) ?? 0, inside.map { $0 - Int32(first) }
      )
    }
    let columns = within(Bitmap.nearestPlaces(width, newWidth), x, window.width)
    let rows = within(Bitmap.nearestPlaces(height, newHeight), y, window.height)
    return MaskWindow(
      window.gathered(rows: rows.places, columns: columns.places), x: columns.first, y: rows.first,
      height: newHeight, width: newWidth)
  }

  /// The part of columns `x ..< x + width` and rows `y ..< y + height`, which must lie inside.
  public func cropped(x left: Int, y top: Int, height newHeight: Int, width newWidth: Int) -> MaskWindow {
    precondition(
      left >= 0 && top >= 0 && newHeight >= 0 && newWidth >= 0 && left + newWidth <= width
        && top + newHeight <= height,
      "window [\(newHeight), \(newWidth)] at (\(left), \(top)) leaves the mask [\(height), \(width)]")
    let columns = max(x, left)..<max(max(x, left), min(x + window.width, left + newWidth))
    let rows = max(y, top)..<max(max(y, top), min(y + window.height, top + newHeight))
    guard !columns.isEmpty, !rows.isEmpty else { return MaskWindow(height: newHeight, width: newWidth) }
    return MaskWindow(
      window.cropped(
        x: columns.lowerBound - x, y: rows.lowerBound - y, height: rows.count, width: columns.count),
      x: columns.lowerBound - left, y: rows.lowerBound - top, height: newHeight, width: newWidth)
  }

  /// The mask with background added at the right and at the bottom.
  public func padded(height newHeight: Int, width newWidth: Int) -> MaskWindow {
    precondition(
      newHeight >= height && newWidth >= width,
      "padding makes larger: [\(height), \(width)] cannot become [\(newHeight), \(newWidth)]")
    return MaskWindow(window, x: x, y: y, height: newHeight, width: newWidth)
  }
}

extension RunLengthMask {
  /// Encodes the whole mask of a window, looking at the window only.
  public init(_ mask: MaskWindow) {
    self.init(mask.window, x: mask.x, y: mask.y, height: mask.height, width: mask.width)
  }
}
