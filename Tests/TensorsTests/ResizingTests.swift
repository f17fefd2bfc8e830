import TestSupport
import Testing

import Tensors

@Suite("resizing")
struct ResizingTests {
  static let sizes: [([Int], Int, Int)] = [
    ([2, 5, 7, 3], 13, 10), ([1, 16, 20, 2], 7, 9), ([2, 1, 1, 3], 4, 6), ([1, 6, 6, 17], 12, 12),
    ([1, 4, 5, 1], 4, 5), ([1, 7, 5, 3], 1, 1), ([0, 3, 3, 2], 5, 5), ([1, 3, 4, 0], 5, 5),
    ([1, 2, 3, 2], 0, 4),
  ]

  @Test("gradients", arguments: sizes)
  func gradients(shape: [Int], height: Int, width: Int) {
    let x = Tensor.random(shape)
    for alignCorners in [false, true] {
      #expect(
        gradientMismatches(at: [x]) {
          $0[0].resizedBilinear(height: height, width: width, alignCorners: alignCorners)
        } == [])
    }
    #expect(gradientMismatches(at: [x]) { $0[0].resizedNearest(height: height, width: width) } == [])
  }

  @Test("the same size changes nothing")
  func same() {
    let x = Tensor.random([2, 4, 5, 3])
    #expect(x.resizedBilinear(height: 4, width: 5, alignCorners: false).values == x.values)
    #expect(x.resizedBilinear(height: 4, width: 5, alignCorners: true).values == x.values)
    #expect(x.resizedNearest(height: 4, width: 5).values == x.values)
  }

  @Test("a ramp stays a ramp between the outermost pixels")
  func ramp() {
    let x = Tensor([0, 1, 2, 3], shape: [1, 1, 4, 1])
    #expect(
      x.resizedBilinear(height: 1, width: 8, alignCorners: false).values == [
        0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3,
      ])
    #expect(
      x.resizedBilinear(height: 1, width: 7, alignCorners: true).values == [0, 0.5, 1, 1.5, 2, 2.5, 3])
    #expect(x.resizedNearest(height: 1, width: 6).values == [0, 0, 1, 2, 2, 3])
    #expect(x.resizedNearest(height: 1, width: 3).values == [0, 1, 2])
  }
}
