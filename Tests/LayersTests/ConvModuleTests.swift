import Layers
import TestSupport
import Testing

import Tensors

@Suite("convolution with batch norm")
struct ConvModuleTests {
  /// A block whose norm has statistics of its own.
  static func block(stride: Int = 1, relu: Bool = true) -> ConvModule {
    let block = ConvModule(
      3, 5, kernel: 3, stride: stride, padding: 1, norm: NormConfiguration(.batchNorm),
      activation: relu ? .relu : nil)
    block.initialize(seed: 7)
    for (index, (_, parameter)) in block.parameters.enumerated().dropFirst() {
      parameter.replace(by: .random(parameter.shape, in: 0.5...2, seed: index))
    }
    for (name, buffer) in block.tree.buffers where name != "bn.num_batches_tracked" {
      buffer.value = .random(buffer.value.shape, in: 0.5...2, seed: name.count)
    }
    return block
  }

  static func isClose(_ a: Tensor, _ b: Tensor) -> Bool {
    a.shape == b.shape && zip(a.values, b.values).allSatisfy { abs($0 - $1) < 2e-5 }
  }

  @Test("inference gives what the two layers give", arguments: [(1, true), (2, false)])
  func folded(stride: Int, relu: Bool) {
    let block = Self.block(stride: stride, relu: relu)
    for shape in [[2, 7, 9, 3], [1, 1, 1, 3], [0, 5, 5, 3]] {
      let x = Tensor.random(shape)
      // With gradients the two layers run one after the other.
      let apart = block(x)
      #expect(Self.isClose(ForwardMode.evaluation { block(x) }, apart))
      #expect(Self.isClose(withoutGradients { block(x) }, apart))
    }
  }

  @Test("weights and statistics that change are seen at once")
  func changes() throws {
    let block = Self.block()
    let x = Tensor.random([2, 6, 5, 3])
    func check() {
      let found = ForwardMode.evaluation { block(x) }
      #expect(Self.isClose(found, block(x)))
      #expect(ForwardMode.evaluation { block(x) }.values == found.values)
    }
    check()
    for (_, parameter) in block.parameters {
      parameter.replace(by: .random(parameter.shape, in: 0.5...1, seed: 40))
      check()
    }
    let variance = try #require(block.tree.buffers.first { $0.name == "bn.running_var" }).buffer
    variance.value = .ones([5])
    check()
    // In place, as an optimiser does, with and without a training step in between.
    for isAfterTraining in [false, true] {
      if isAfterTraining {
        ForwardMode.training(.init(seed: 0, step: 0, samples: [0, 1])) { block(x) }.sum().backward()
      } else {
        block(x).sum().backward()
      }
      for (_, parameter) in block.parameters {
        parameter.update { numbers, gradient in numbers.add(gradient * -0.1) }
        check()
      }
    }
  }

  @Test("weights are folded once, until one changes; a bias of the convolution is kept")
  func once() {
    let (convolution, norm, folded) = (Conv2d(3, 5, kernel: 1), BatchNorm2d(5), FoldedWeights())
    convolution.initialize(seed: 1)
    convolution.bias?.replace(by: .random([5], seed: 2))
    norm.weight.replace(by: .random([5], seed: 3))
    let first = folded.weights(of: convolution, norm)
    #expect(folded.weights(of: convolution, norm).weight.sharesNumbers(with: first.weight))
    let x = Tensor.random([1, 2, 2, 3])
    #expect(Self.isClose(conv2d(x, weight: first.weight, bias: first.bias), norm(convolution(x))))
    norm.bias.replace(by: .ones([5]))
    #expect(!folded.weights(of: convolution, norm).bias.sharesNumbers(with: first.bias))
  }
}
