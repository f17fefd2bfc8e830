import TestSupport
import Testing

import Tensors

@Suite("group norm")
struct GroupNormTests {
  @Test(
    "each group of a sample gets mean 0 and variance 1",
    arguments: [
      ([2, 5, 6, 12], 4), ([3, 7, 3, 6], 1), ([2, 5, 3, 64], 32), ([1, 70, 60, 6], 3), ([4, 33], 11),
    ])
  func values(shape: [Int], groups: Int) {
    // A large offset must not spoil the variance.
    let x = Tensor.random(shape, in: 9...11)
    let channels = shape[shape.count - 1]
    let y = groupNorm(x, groups: groups, weight: nil, bias: nil, epsilon: 1e-12)
    #expect(y.shape == shape)
    let grouped = y.reshaped([shape[0], -1, groups, channels / groups])
    #expect(grouped.mean(axes: [1, 3]).values.allSatisfy { abs($0) < 2e-5 })
    #expect((grouped * grouped).mean(axes: [1, 3]).values.allSatisfy { abs($0 - 1) < 1e-4 })
    let (weight, bias) = (Tensor.random([channels], seed: 1), Tensor.random([channels], seed: 2))
    let scaled = groupNorm(x, groups: groups, weight: weight, bias: bias, epsilon: 1e-12)
    #expect(zip(scaled.values, (y * weight + bias).values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test(
    "gradients",
    arguments: [
      ([2, 5, 3, 6], 3), ([3, 2, 2, 4], 1), ([1, 3, 3, 5], 5), ([0, 3, 3, 4], 2), ([2, 0, 4], 2),
      ([3, 8], 2),
    ])
  func gradients(shape: [Int], groups: Int) {
    let channels = shape[shape.count - 1]
    let (x, weight, bias) = (
      Tensor.random(shape, in: -2...2), Tensor.random([channels], seed: 1), Tensor.random([channels], seed: 2)
    )
    #expect(
      gradientMismatches(at: [x, weight, bias], tolerance: 4e-3) {
        groupNorm($0[0], groups: groups, weight: $0[1], bias: $0[2], epsilon: 1e-1)
      } == [])
    #expect(
      gradientMismatches(at: [x], tolerance: 4e-3) {
        groupNorm($0[0], groups: groups, weight: nil, bias: nil, epsilon: 1e-1)
      } == [])
    #expect(
      gradientMismatches(at: [weight]) {
        groupNorm(x, groups: groups, weight: $0[0], bias: nil, epsilon: 1e-1)
      } == [])
  }

  @Test("a sample's result does not depend on the batch it is in")
  func batch() {
    let x = Tensor.random([3, 5, 7, 8])
    let all = groupNorm(x, groups: 2, weight: nil, bias: nil, epsilon: 1e-5)
    let last = groupNorm(x.sliced(axis: 0, from: 2, to: 3), groups: 2, weight: nil, bias: nil, epsilon: 1e-5)
    #expect(all.sliced(axis: 0, from: 2, to: 3).values == last.values)
  }
}
