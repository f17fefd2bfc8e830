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

  static let activations: [(name: String, fused: Activation, apart: @Sendable (Tensor) -> Tensor)] = [
    ("relu", .relu, { $0.relu() }), ("gelu", .gelu, { $0.gelu() }), ("silu", .silu, { $0.silu() }),
    ("sigmoid", .sigmoid, { $0.sigmoid() }),
  ]

  @Test(
    "with an activation: as one after the other, recorded or not",
    arguments: [
      ([5, 3], 4), ([2, 3, 7], 5), ([2500, 8], 6), ([1100, 9], 2000), ([150, 400], 40), ([0, 3], 4),
      ([3, 0], 2),
    ])
  func activated(shape: [Int], outputs: Int) {
    let inputs = [
      Tensor.random(shape, seed: 1), Tensor.random([outputs, shape[shape.count - 1]], seed: 2),
      Tensor.random([outputs], seed: 3),
    ]
    for (name, fused, apart) in Self.activations {
      for hasBias in [true, false] {
        func run(_ body: ([Tensor]) -> Tensor) -> [[Float]] {
          let leaves = inputs.prefix(hasBias ? 3 : 2).map { $0.withGradient() }
          let y = body(leaves)
          y.backward(from: .random(y.shape, seed: 4))
          return [y.values] + leaves.map { $0.gradient?.values ?? [] }
        }
        let found = run {
          linear($0[0], weight: $0[1], bias: hasBias ? $0[2] : nil, activation: fused)
        }
        let wanted = run { apart(linear($0[0], weight: $0[1], bias: hasBias ? $0[2] : nil)) }
        for (found, wanted) in zip(found, wanted) {
          let scale = wanted.reduce(1) { max($0, abs($1)) }
          #expect(
            found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 2e-5 * scale },
            "\(name)")
        }
        let unrecorded = linear(
          inputs[0], weight: inputs[1], bias: hasBias ? inputs[2] : nil, activation: fused)
        #expect(unrecorded.values == found[0], "\(name)")
      }
    }
  }

  @Test("with an activation: gradients", arguments: [([5, 3], 4), ([2, 3, 7], 5)])
  func activatedGradients(shape: [Int], outputs: Int) {
    let x = Tensor.random(shape, seed: 1)
    let weight = Tensor.random([outputs, shape[shape.count - 1]], seed: 2)
    // Far from relu's kink.
    let bias = Tensor((0..<outputs).map { $0 % 2 == 0 ? 9 : -9 }, shape: [outputs])
    for (name, activation, _) in Self.activations {
      let bias = name == "relu" ? bias : Tensor.random([outputs], seed: 3)
      #expect(
        gradientMismatches(at: [x, weight, bias]) {
          linear($0[0], weight: $0[1], bias: $0[2], activation: activation)
        } == [], "\(name)")
    }
  }
}
