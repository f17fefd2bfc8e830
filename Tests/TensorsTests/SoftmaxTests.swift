import Foundation
import TestSupport
import Testing

import Tensors

@Suite("softmax")
struct SoftmaxTests {
  static let cases: [([Int], Int)] = [
    ([3, 11], -1), ([2, 5, 4, 3], 1), ([7, 150], 1), ([4, 1], -1), ([5, 3], 0), ([0, 4], 1), ([3, 0], 1),
  ]

  @Test("rows sum to 1, and the logarithm is its logarithm", arguments: cases)
  func values(shape: [Int], axis: Int) {
    let x = Tensor.random(shape, in: -5...5)
    let y = x.softmax(axis: axis)
    #expect(y.shape == shape)
    #expect(y.sum(axes: [axis]).values.allSatisfy { x.count == 0 || abs($0 - 1) < 1e-6 })
    #expect(zip(x.logSoftmax(axis: axis).values, y.values).allSatisfy { abs($0 - log($1)) < 2e-6 })
  }

  @Test("gradients", arguments: cases)
  func gradients(shape: [Int], axis: Int) {
    let x = Tensor.random(shape)
    #expect(gradientMismatches(at: [x]) { $0[0].softmax(axis: axis) } == [])
    #expect(gradientMismatches(at: [x]) { $0[0].logSoftmax(axis: axis) } == [])
  }

  @Test("large logits neither overflow nor lose the rest")
  func large() {
    let x = Tensor([1000, 999, -1000, -Float.infinity], shape: [1, 4])
    let y = x.softmax(axis: 1).values
    #expect(abs(y[0] - 0.7310586) < 1e-6 && abs(y[1] - 0.26894143) < 1e-6 && y[2] == 0 && y[3] == 0)
    let logarithm = x.logSoftmax(axis: 1).values
    #expect(abs(logarithm[2] + 2000.3133) < 1e-3 && logarithm[3] == -.infinity)
  }

  @Test("NaN stays NaN")
  func notANumber() {
    let y = Tensor([1, .nan, 2], shape: [1, 3]).softmax(axis: 1).values
    #expect(y.allSatisfy { $0.isNaN })
  }
}
