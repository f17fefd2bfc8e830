import TestSupport
import Testing

import Tensors

@Suite("norms")
struct NormalizationTests {
  @Test(
    "layer norm: each row gets mean 0 and variance 1",
    arguments: [[5, 12], [2, 3, 96], [3, 1000], [4, 17]])
  func layerNormValues(shape: [Int]) {
    // A large offset must not spoil the variance.
    let x = Tensor.random(shape, in: 9...11)
    let y = layerNorm(x, weight: nil, bias: nil, epsilon: 1e-12)
    #expect(y.mean(axes: [-1]).values.allSatisfy { abs($0) < 2e-5 })
    #expect((y * y).mean(axes: [-1]).values.allSatisfy { abs($0 - 1) < 1e-4 })
    let (weight, bias) = (Tensor.random([shape[shape.count - 1]]), Tensor.random([shape[shape.count - 1]]))
    let scaled = layerNorm(x, weight: weight, bias: bias, epsilon: 1e-12)
    #expect(zip(scaled.values, (y * weight + bias).values).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("layer norm: gradients", arguments: [[5, 12], [2, 3, 33], [3, 2], [0, 4], [2500, 3]])
  func layerNormGradients(shape: [Int]) {
    let channels = shape[shape.count - 1]
    let (x, weight, bias) = (
      Tensor.random(shape, in: -2...2), Tensor.random([channels], seed: 1), Tensor.random([channels], seed: 2)
    )
    #expect(
      gradientMismatches(at: [x, weight, bias], tolerance: 4e-3) {
        layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-2)
      } == [])
    #expect(
      gradientMismatches(at: [x], tolerance: 4e-3) {
        layerNorm($0[0], weight: nil, bias: nil, epsilon: 1e-2)
      } == [])
  }

  @Test("batch norm: statistics of each channel", arguments: [[3, 4, 5, 6], [7, 33], [5000, 2]])
  func batchNormValues(shape: [Int]) {
    let x = Tensor.random(shape, in: 9...11)
    let axes = Array(0..<(shape.count - 1))
    let (y, mean, variance) = batchNorm(x, weight: nil, bias: nil, epsilon: 1e-12)
    #expect(zip(mean, x.mean(axes: axes).values).allSatisfy { abs($0 - $1) < 1e-4 })
    let centred = x - Tensor(mean, shape: [mean.count])
    #expect(zip(variance, (centred * centred).mean(axes: axes).values).allSatisfy { abs($0 - $1) < 1e-5 })
    #expect(y.mean(axes: axes).values.allSatisfy { abs($0) < 1e-4 })
    #expect((y * y).mean(axes: axes).values.allSatisfy { abs($0 - 1) < 1e-4 })
    let given = batchNorm(
      x, weight: nil, bias: nil, mean: Tensor(mean, shape: [mean.count]),
      variance: Tensor(variance, shape: [mean.count]), epsilon: 1e-12)
    #expect(given.values == y.values)
  }

  @Test("batch norm: gradients", arguments: [[3, 2, 5, 4], [9, 17], [4, 1], [0, 3], [1200, 2]])
  func batchNormGradients(shape: [Int]) {
    let channels = shape[shape.count - 1]
    let (x, weight, bias) = (
      Tensor.random(shape, in: -2...2), Tensor.random([channels], seed: 1), Tensor.random([channels], seed: 2)
    )
    let (mean, variance) = (
      Tensor.random([channels], seed: 3), Tensor.random([channels], in: 0.5...2, seed: 4)
    )
    #expect(
      gradientMismatches(at: [x, weight, bias], tolerance: 4e-3) {
        batchNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-2).y
      } == [])
    #expect(
      gradientMismatches(at: [x, weight, bias], tolerance: 4e-3) {
        batchNorm($0[0], weight: $0[1], bias: $0[2], mean: mean, variance: variance, epsilon: 1e-2)
      } == [])
    #expect(
      gradientMismatches(at: [x], tolerance: 4e-3) {
        batchNorm($0[0], weight: nil, bias: nil, mean: mean, variance: variance, epsilon: 1e-2)
      } == [])
  }

  @Test("a weight alone gets its gradient when x wants none")
  func weightOnly() {
    let (x, weight) = (Tensor.random([6, 4]), Tensor.random([4], seed: 1))
    #expect(gradientMismatches(at: [weight]) { layerNorm(x, weight: $0[0], bias: nil, epsilon: 1e-5) } == [])
    #expect(
      gradientMismatches(at: [weight]) { batchNorm(x, weight: $0[0], bias: nil, epsilon: 1e-5).y } == [])
  }
}
