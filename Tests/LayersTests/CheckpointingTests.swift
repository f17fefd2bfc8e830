import Layers
import TestSupport
import Testing

import Tensors

/// A block with everything that depends on the mode of the forward pass.
private struct Block: UnaryLayer {
  let convolution = ConvModule(3, 6, kernel: 3, padding: 1, norm: NormConfiguration(.batchNorm))
  let fc = Linear(6, 6)

  var tree: ParameterTree { ["conv": .layer(convolution), "fc": .layer(fc)] }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let y = Dropout(probability: 0.4, layer: 1)(convolution(x))
    return y + DropPath(probability: 0.5, layer: 2)(fc(y, activation: .gelu))
  }
}

@Suite("gradient checkpointing")
struct CheckpointingTests {
  private static func run(
    _ step: ForwardMode.Step?, _ wrap: ([Tensor], @escaping ([Tensor]) -> Tensor) -> Tensor
  )
    -> [String: [Float]]
  {
    let block = Block()
    block.initialize(seed: 3)
    let x = Tensor.random([4, 5, 7, 3]).withGradient()
    func forward() -> Tensor { wrap([x]) { block($0[0]) } }
    let y = step.map { ForwardMode.training($0, forward) } ?? forward()
    // Outside of the mode, as a trainer may do.
    (y * y).sum().backward()
    var results = ["y": y.values, "x": x.gradient?.values ?? []]
    for (name, parameter) in block.parameters { results[name] = parameter.gradient?.values ?? [] }
    for (name, buffer) in block.tree.buffers { results[name] = buffer.value.values }
    return results
  }

  @Test("the same bits as without: results, gradients and running statistics", arguments: [true, false])
  func sameBits(isTraining: Bool) {
    let step = isTraining ? ForwardMode.Step(seed: 1, step: 2, samples: [5, 3, 8, 9]) : nil
    let plain = Self.run(step) { $1($0) }
    let checked = Self.run(step) { checkpointed($0, $1) }
    #expect(checked == plain)
    #expect(plain["conv.conv.weight"]?.contains { $0 != 0 } == true)
    #expect(plain["conv.bn.num_batches_tracked"] == [isTraining ? 1 : 0])
  }
}
