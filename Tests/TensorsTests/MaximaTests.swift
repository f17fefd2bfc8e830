import Tensors
import Testing

@Suite("positions of maxima")
struct MaximaTests {
  @Test(
    "the first among equals",
    arguments: [
      ([1, 3, 2], [1]), ([4, 4, 1, 0, 2, 2], [0, 1]), ([-1, -2, -.infinity], [0]),
    ] as [([Float], [Int32])])
  func rows(values: [Float], expected: [Int32]) {
    #expect(Tensor(values, shape: [values.count / 3, 3]).indicesOfMaxima == expected)
  }
}
