import TestSupport
import Testing

import Tensors

@Suite("linear")
struct LinearTests {
  @Test(
    "gradients",
    arguments: [([5, 3], 4), ([2, 3, 7], 5), ([1, 1], 1), ([2500, 8], 6), ([300, 40], 64)])
  func gradients(shape: [Int], outputs: Int) {
    let x = Tensor.random(shape, seed: 1)
    let weight = Tensor.random([outputs, shape[shape.count - 1]], seed: 2)
    let bias = Tensor.random([outputs], seed: 3)
    #expect(gradientMismatches(at: [x, weight, bias]) { linear($0[0], weight: $0[1], bias: $0[2]) } == [])
    #expect(gradientMismatches(at: [x, weight]) { linear($0[0], weight: $0[1]) } == [])
  }
}
