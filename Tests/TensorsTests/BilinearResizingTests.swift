import Tensors
import TestSupport
import Testing

@Suite("bilinear resizing by windows")
struct BilinearResizingTests {
  @Test(
    "has the bits of the whole", arguments: [false, true],
    [(7, 5, 23, 11), (23, 11, 7, 5), (4, 9, 4, 17), (6, 6, 6, 6), (1, 1, 9, 3), (9, 3, 1, 1)])
  func windows(corners: Bool, sizes: (Int, Int, Int, Int)) {
    let (height, width, newHeight, newWidth) = sizes
    let x = Tensor.random([2, height, width, 3])
    let whole = x.resizedBilinear(height: newHeight, width: newWidth, alignCorners: corners)
    let resizing = BilinearResizing(
      from: (height, width), to: (newHeight, newWidth), alignCorners: corners)
    let columns = max(1, newWidth - 2)
    for start in stride(from: 0, to: newHeight, by: 4) {
      let rows = start..<min(start + 4, newHeight)
      let needed = resizing.inputRows(for: rows)
      let part = x.sliced(axis: 1, from: needed.lowerBound, to: needed.upperBound)
      let expected = whole.sliced(axis: 1, from: rows.lowerBound, to: rows.upperBound)
        .sliced(axis: 2, from: 0, to: columns)
      let window = resizing(part, from: needed.lowerBound, rows: rows, columns: columns)
      #expect(window.shape == expected.shape && window.values == expected.values)
      #expect(resizing(x, rows: rows, columns: columns).values == expected.values)
    }
  }
}
