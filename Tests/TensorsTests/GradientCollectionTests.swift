import Synchronization
import TestSupport
import Testing

import Tensors

@Suite("gradients that are taken while a pass goes on")
struct GradientCollectionTests {
  /// Three layers, of which the first weight is used by the last one again.
  private static func network(
    _ leaves: [Tensor], _ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor
  ) -> Tensor {
    let first = wrap([leaves[0]]) { linear($0[0], weight: leaves[1]).gelu() }
    let second = wrap([first]) { linear($0[0], weight: leaves[2]).gelu() }
    return linear(second, weight: leaves[3]) + linear(second, weight: leaves[1])
  }

  private static var inputs: [Tensor] {
    [.random([5, 7], seed: 1)] + (2...4).map { .random([7, 7], seed: $0) }
  }

  /// What is taken, in order, and the gradients of a pass without.
  private func taken(
    _ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor
  ) -> (order: [Int], gradients: [[Float]?], rest: [[Float]?], plain: [[Float]?]) {
    func leaves() -> [Tensor] { Self.inputs.map { $0.withGradient() } }
    let plain = leaves()
    Self.network(plain) { $1($0) }.sum().backward()
    let leaves = leaves()
    var order: [Int] = []
    var gradients: [[Float]?] = Array(repeating: nil, count: leaves.count)
    let collection = GradientCollection { number, gradient in
      let place = leaves.firstIndex { $0.leafNumber == number } ?? -1
      order.append(place)
      gradients[place] = gradient?.values
    }
    collection.collect { Self.network(leaves, wrap).sum().backward() }
    #expect(leaves.allSatisfy { $0.gradient == nil })
    return (
      order, gradients, leaves.map { collection.take(of: $0)?.values }, plain.map { $0.gradient?.values }
    )
  }

  @Test("are whole when nothing more is added, the last layer's first, and have the bits of any pass")
  func whole() {
    let (order, gradients, rest, plain) = taken { $1($0) }
    #expect(order.first == 3 && order.dropFirst().first == 2 && Set(order.suffix(2)) == [0, 1])
    #expect(gradients == plain && rest == [nil, nil, nil, nil])
  }

  @Test("wait for recomputed blocks, whose weights are not known")
  func recomputedBlocks() {
    let (order, gradients, rest, plain) = taken { recomputed($0, $1) }
    // A weight of a block alone is nobody's input: it is left in the collection.
    #expect(Set(order) == [0, 1, 3] && order.count == 3)
    #expect(gradients == [plain[0], plain[1], nil, plain[3]] && rest == [nil, nil, plain[2], nil])
  }
}
