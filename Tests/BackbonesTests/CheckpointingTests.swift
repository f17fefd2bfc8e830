import Backbones
import Layers
import TestSupport
import Testing

import Tensors

@Suite("gradient checkpointing of blocks")
struct CheckpointingTests {
  @Test("a VSS block in training gives the same bits with and without", arguments: [0.0, 2.0])
  func block(ratio: Double) {
    func run(_ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor) -> [[Float]] {
      var settings = VSSBlock.Settings()
      settings.scan.states = .value(3)
      settings.perceptron.ratio = ratio
      let block = VSSBlock(10, settings, number: 1, dropPathRate: 0.5)
      block.initialize(seed: 3)
      let x = Tensor.random([3, 5, 7, 10]).withGradient()
      let y = ForwardMode.training(.init(seed: 1, step: 2, samples: [4, 8, 9])) {
        wrap([x]) { block($0[0]) }
      }
      (y * y).sum().backward()
      return [y.values, x.gradient?.values ?? []]
        + block.parameters.map { $0.parameter.gradient?.values ?? [] }
    }
    let plain = run { $1($0) }
    #expect(run { checkpointed($0, $1) } == plain)
    #expect(plain.allSatisfy { $0.contains { $0 != 0 } })
  }
}
