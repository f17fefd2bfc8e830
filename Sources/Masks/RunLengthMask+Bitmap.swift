import CKernels

extension RunLengthMask {
  /// Encodes a bitmap; every pixel that is not 0 is inside.
  public init(_ bitmap: Bitmap) {
    self.init(bitmap, x: 0, y: 0, height: bitmap.height, width: bitmap.width)
  }

  /// Encodes a mask of height x width that is background but for `window`, whose corner lies at (x, y).
  ///
  /// A detection fills a small part of its image: only that part is looked at.
  public init(_ window: Bitmap, x: Int, y: Int, height: Int, width: Int) {
    precondition(
      x >= 0 && y >= 0 && x + window.width <= width && y + window.height <= height,
      "window [\(window.height), \(window.width)] at (\(x), \(y)) leaves the mask [\(height), \(width)]")
    precondition(height * width <= UInt32.max, "a mask of [\(height), \(width)] is too large")
    let places = Self.changes(of: window)
    var runs = RunBuilder()
    var inside = false
    var end = 0
    if window.height == height {
      // Whole columns: runs go on from one to the next.
      for place in places {
        let next = Int(place) + x * height
        runs.append(next - end, inside: inside)
        end = next
        inside.toggle()
      }
    } else {
      // A run that reaches the window's foot ends there, and may begin again in the next column.
      var column = 0
      func finishColumns(before next: Int) {
        while column < next {
          if inside {
            let foot = (column + x) * height + y + window.height
            runs.append(foot - end, inside: true)
            end = foot
            let head = (column + 1 + x) * height + y
            if column + 1 < window.width {
              runs.append(head - end, inside: false)
              end = head
            }
          }
          column += 1
        }
      }
      for place in places {
        let (nextColumn, row) = Int(place).quotientAndRemainder(dividingBy: window.height)
        finishColumns(before: nextColumn)
        let next = (nextColumn + x) * height + y + row
        runs.append(next - end, inside: inside)
        end = next
        inside.toggle()
      }
      finishColumns(before: window.width)
      inside = false
    }
    let last = inside ? (x + window.width) * height : height * width
    runs.append(last - end, inside: inside)
    runs.append(height * width - last, inside: false)
    self.init(merged: runs.counts, height: height, width: width)
  }

  /// Where the value changes in column order, `x * height + y`, beginning with background.
  private static func changes(of bitmap: Bitmap) -> [UInt32] {
    let (height, width) = (Int64(bitmap.height), Int64(bitmap.width))
    guard height > 0, width > 0 else { return [] }
    var next = [UInt32](unsafeUninitializedCapacity: bitmap.width) { buffer, count in
      dp_mask_changes(bitmap.pixels, height, width, buffer.baseAddress)
      count = bitmap.width
    }
    var total: UInt32 = 0
    for column in next.indices {
      let changes = next[column]
      next[column] = total
      total += changes
    }
    return [UInt32](unsafeUninitializedCapacity: Int(total)) { buffer, count in
      if total > 0 { dp_mask_places(bitmap.pixels, height, width, &next, buffer.baseAddress) }
      count = Int(total)
    }
  }

  /// The mask with one byte per pixel.
  public var bitmap: Bitmap {
    let pixels = [UInt8](unsafeUninitializedCapacity: height * width) { buffer, count in
      if height * width > 0 {
        dp_mask_decode(counts, Int64(counts.count), Int64(height), Int64(width), buffer.baseAddress)
      }
      count = height * width
    }
    return Bitmap(height: height, width: width, pixels: pixels)
  }
}
