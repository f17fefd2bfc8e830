import Imaging
import Masks

extension LabelMap {
  /// The pixels of each number, as masks, in the order of the numbers.
  func regions(without left: Set<Int32>) -> [(value: Int32, mask: RunLengthMask)] {
    var spans: [Int32: (top: Int, left: Int, bottom: Int, right: Int)] = [:]
    for row in 0..<height {
      for column in 0..<width {
        let value = pixels[row * width + column]
        guard !left.contains(value) else { continue }
        var span = spans[value] ?? (row, column, row, column)
        span = (span.top, min(span.left, column), row, max(span.right, column))
        spans[value] = span
      }
    }
    return spans.sorted { $0.key < $1.key }.map { value, span in
      let (rows, columns) = (span.bottom - span.top + 1, span.right - span.left + 1)
      var window = Bitmap(height: rows, width: columns)
      window.pixels = (0..<rows * columns).map { place in
        let (row, column) = place.quotientAndRemainder(dividingBy: columns)
        return pixels[(span.top + row) * width + span.left + column] == value ? 1 : 0
      }
      return (value, RunLengthMask(window, x: span.left, y: span.top, height: height, width: width))
    }
  }

  /// The map whose numbers count connected regions of one number each, from 0 on, and the number of each region.
  ///
  /// Pixels are connected over sides and corners.
  func connectedParts() -> (parts: LabelMap, values: [Int32]) {
    var parts = [Int32](repeating: -1, count: pixels.count)
    var values: [Int32] = []
    var waiting: [Int] = []
    for start in pixels.indices where parts[start] < 0 {
      let value = pixels[start]
      let part = Int32(values.count)
      values.append(value)
      parts[start] = part
      waiting.append(start)
      while let place = waiting.popLast() {
        let (row, column) = place.quotientAndRemainder(dividingBy: width)
        for nearRow in max(0, row - 1)...min(height - 1, row + 1) {
          for nearColumn in max(0, column - 1)...min(width - 1, column + 1) {
            let near = nearRow * width + nearColumn
            guard parts[near] < 0, pixels[near] == value else { continue }
            parts[near] = part
            waiting.append(near)
          }
        }
      }
    }
    return (LabelMap(height: height, width: width, pixels: parts), values)
  }
}
