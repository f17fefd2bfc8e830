import TestSupport
import Testing

import Tensors

@Suite("recomputation")
struct RecomputationTests {
  /// Values and gradients of a function of leaves.
  static func run(_ inputs: [Tensor], _ body: ([Tensor]) -> Tensor) -> [[Float]] {
    let leaves = inputs.map { $0.withGradient() }
    let y = body(leaves)
    y.backward(from: .random(y.shape, seed: 9))
    return [y.values] + leaves.map { $0.gradient?.values ?? [] }
  }

  /// A block that uses its input twice, and a weight that is used outside of it too.
  static func network(
    _ leaves: [Tensor], _ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor
  ) -> Tensor {
    let weight = leaves[1]
    func block(_ inputs: [Tensor]) -> Tensor {
      let x = inputs[0]
      return x + linear(
        layerNorm(x, weight: nil, bias: nil, epsilon: 1e-5), weight: weight, activation: .gelu) * inputs[1]
    }
    let first = wrap([leaves[0], leaves[2]], block)
    let second = wrap([first * 0.5, leaves[2]], block)
    // `first` and the second block's input are used once more, so that their gradients are sums.
    return (second + first * linear(first, weight: weight)).sigmoid()
  }

  static var inputs: [Tensor] {
    [.random([5, 7], seed: 1), .random([7, 7], seed: 2), .random([7], seed: 3)]
  }

  @Test("the same bits as without")
  func sameBits() {
    let plain = Self.run(Self.inputs) { Self.network($0) { $1($0) } }
    #expect(Self.run(Self.inputs) { Self.network($0) { recomputed($0, $1) } } == plain)
    // One inside another.
    #expect(
      Self.run(Self.inputs) {
        Self.network($0) { inputs, body in recomputed(inputs) { recomputed($0, body) } }
      } == plain)
    #expect(
      gradientMismatches(at: Self.inputs, step: 3e-3) { Self.network($0) { recomputed($0, $1) } } == [])
  }

  @Test("the same bits where an input has no gradient, and where none has but a weight")
  func partly() {
    for wanted in [[true, false, true], [false, true, false]] {
      func run(_ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor) -> [[Float]?] {
        let leaves = zip(Self.inputs, wanted).map { $1 ? $0.withGradient() : $0 }
        Self.network(leaves, wrap).sum().backward()
        return leaves.map { $0.gradient?.values }
      }
      let plain = run { $1($0) }
      #expect(plain.map { $0 != nil } == wanted)
      #expect(run { recomputed($0, $1) } == plain)
    }
  }

  @Test("a block runs twice for a backward pass, and knows which time it is")
  func phases() {
    var seen: [Recomputation] = []
    let x = Tensor.random([3]).withGradient()
    let y = recomputed([x]) { inputs in
      seen.append(Recomputation.current)
      return inputs[0] * 2
    }
    #expect(seen == [.first] && Recomputation.current == .none)
    y.sum().backward()
    #expect(seen == [.first, .second] && Recomputation.current == .none)
    #expect(x.gradient?.values == [2, 2, 2])
    seen = []
    _ = withoutGradients {
      recomputed([x]) { inputs in
        seen.append(Recomputation.current)
        return inputs[0]
      }
    }
    #expect(seen == [.none])
  }

  @Test("a block that gives back its input, and no numbers")
  func trivial() {
    #expect(gradientMismatches(at: [.random([4])]) { recomputed($0) { $0[0] } } == [])
    #expect(gradientMismatches(at: [.zeros([0, 3])]) { recomputed($0) { $0[0] * $0[0] } } == [])
  }
}
