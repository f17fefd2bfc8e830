import TestSupport
import Tensors
import Testing

@Suite("gating")
struct GatingTests {
  private static func numbers(_ count: Int, _ step: Float) -> Tensor {
    Tensor((0..<count).map { (Float($0) - Float(count) / 2) * step }, shape: [count])
  }

  @Test("one pass gives the bits of the two functions it joins", arguments: [0, 1, 77, 40_003])
  func values(count: Int) {
    let (y, z) = (Self.numbers(count, 0.013), Self.numbers(count, -0.0021))
    #expect(y.siluGated(by: z).values.elementsEqual((y * z.silu()).values))
  }

  @Test(
    "behind a norm: the bits of the functions that are joined",
    arguments: [[0, 5], [3, 0], [7, 16], [33, 97]])
  func gatedNorm(shape: [Int]) {
    let (x, z) = (Tensor.random(shape, seed: 1), Tensor.random(shape, in: -5...5, seed: 2))
    let (weight, bias) = (Tensor.random([shape[1]], seed: 3), Tensor.random([shape[1]], seed: 4))
    let normed = layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5)
    let joined = layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5, siluGatedBy: z)
    #expect(joined.values.elementsEqual(normed.siluGated(by: z).values))
  }

  @Test(
    "behind a norm: gradients of the input, the weights and the gate",
    arguments: [[3, 7], [2, 16], [0, 4]])
  func gatedNormGradients(shape: [Int]) {
    let inputs = [
      Tensor.random(shape, seed: 1), .random([shape[1]], seed: 3), .random([shape[1]], seed: 4),
      .random(shape, in: -3...3, seed: 2),
    ]
    #expect(
      gradientMismatches(at: inputs, tolerance: 2e-3) {
        layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: 1e-5, siluGatedBy: $0[3])
      } == [])
  }

  @Test("gradients of both")
  func gradients() {
    let inputs = [Self.numbers(35, 0.1).reshaped([5, 7]), Self.numbers(35, -0.23).reshaped([5, 7])]
    #expect(gradientMismatches(at: inputs, tolerance: 2e-3) { $0[0].siluGated(by: $0[1]) } == [])
  }
}
