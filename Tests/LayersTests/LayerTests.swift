import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@Suite("layers")
struct LayerTests {
  @Test(
    "weight layouts go to PyTorch's and back",
    arguments: [
      (WeightLayout.plain, [3, 4], [3, 4]), (.channelsLast, [5, 3, 2, 4], [5, 4, 3, 2]),
      (.flattened(channels: 2, height: 3, width: 4), [5, 24], [5, 24]),
    ])
  func layouts(layout: WeightLayout, memory: [Int], torch: [Int]) {
    let weight = Tensor.random(memory)
    let there = layout.toPyTorch(weight)
    #expect(there.shape == torch && layout.shapeInPyTorch(memory) == torch)
    #expect(layout.fromPyTorch(there).values == weight.values)
  }

  @Test("some outputs of a linear layer are those of all, and their gradients too", arguments: [true, false])
  func outputs(hasBias: Bool) {
    let layer = Linear(5, 7, bias: hasBias)
    layer.initialize(seed: 3)
    let x = Tensor.random([2, 3, 5]).withGradient()
    let whole = layer(x).sliced(axis: -1, from: 2, to: 6)
    let part = layer(x, outputs: 2..<6)
    #expect(part.shape == [2, 3, 4])
    #expect(zip(part.values, whole.values).allSatisfy { abs($0 - $1) < 1e-6 })
    whole.sum().backward()
    let wanted = (x.gradient?.values ?? [], layer.weight.value.gradient?.values ?? [])
    let (again, other) = (Tensor(x.values, shape: x.shape).withGradient(), Linear(5, 7, bias: hasBias))
    other.initialize(seed: 3)
    other(again, outputs: 2..<6).sum().backward()
    let found = (again.gradient?.values ?? [], other.weight.value.gradient?.values ?? [])
    #expect(!wanted.0.isEmpty && !wanted.1.isEmpty)
    #expect(wanted.0.count == found.0.count && zip(wanted.0, found.0).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(wanted.1.count == found.1.count && zip(wanted.1, found.1).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("a flattened weight sees the channels first in PyTorch, last in memory")
  func flattened() {
    // One output that looks at channel 1, row 0, column 2 of [2, 1, 3] (channels, rows, columns).
    let torch = Tensor([0, 0, 0, 0, 0, 1], shape: [1, 6])
    let memory = WeightLayout.flattened(channels: 2, height: 1, width: 3).fromPyTorch(torch)
    #expect(memory.values == [0, 0, 0, 0, 0, 1])
    let first = WeightLayout.flattened(channels: 2, height: 1, width: 3).fromPyTorch(
      Tensor([0, 0, 1, 0, 0, 0], shape: [1, 6]))
    #expect(first.values == [0, 0, 0, 0, 1, 0])
  }

  @Test(
    "initial values have the distribution's deviation, and depend on seed and name alone",
    arguments: [
      (Initializer.normal(deviation: 0.01), 0.01), (.truncatedNormal(deviation: 0.02), 0.02),
      (.uniform(bound: 0.3), 0.3 / 3.0.squareRoot()), (.uniformByFanIn, 1 / (36.0 * 3).squareRoot()),
      (.xavierUniform, (2 / (36.0 + 90)).squareRoot()), (.kaimingNormalFanOut, (2 / 90.0).squareRoot()),
    ] as [(Initializer, Double)])
  func initializers(initializer: Initializer, deviation: Double) {
    struct Model: Layer {
      let weight: Parameter
      var tree: ParameterTree { ["w": .parameter(weight)] }
    }
    // PyTorch's [10, 4, 3, 3]: fan in 36, fan out 90; many of them for a good estimate.
    var sum = 0.0
    var count = 0.0
    for seed in 0..<40 {
      let model = Model(weight: Parameter([10, 3, 3, 4], initializer, layout: .channelsLast))
      model.initialize(seed: UInt64(seed))
      for value in model.weight.value.values {
        sum += Double(value) * Double(value)
        count += 1
      }
    }
    #expect(abs((sum / count).squareRoot() / deviation - 1) < 0.03)
    let (a, b) = (Model(weight: Parameter([9], initializer)), Model(weight: Parameter([9], initializer)))
    a.initialize(seed: 3)
    b.initialize(seed: 3)
    #expect(a.weight.value.values == b.weight.value.values)
  }

  @Test("batch norm in training moves its statistics; in evaluation it uses them")
  func batchNorm() {
    let norm = BatchNorm2d(1)
    norm.initialize(seed: 0)
    let x = Tensor([1, 3, 5, 7], shape: [4, 1, 1, 1])
    let step = ForwardMode.Step(seed: 0, step: 0, samples: [0, 1, 2, 3])
    let y = ForwardMode.training(step) { norm(x) }
    #expect(abs(y.values.reduce(0, +)) < 1e-5)
    let buffers = Dictionary(norm.tree.buffers.map { ($0.name, $0.buffer.value.scalar) }) { a, _ in a }
    #expect(abs((buffers["running_mean"] ?? 0) - 0.4) < 1e-6)
    // 0.9 + 0.1 * (unbiased variance 20 / 3)
    #expect(abs((buffers["running_var"] ?? 0) - (0.9 + 2.0 / 3)) < 1e-5)
    #expect(buffers["num_batches_tracked"] == 1)
    let evaluated = ForwardMode.evaluation { norm(x) }.values
    #expect(abs(evaluated[0] - (1 - 0.4) / (0.9 + 2.0 / 3 + 1e-5).squareRoot()) < 1e-5)
  }

  @Test(
    "batches are counted beyond 2^24, and up to the largest integer",
    arguments: [0, 1 << 24, 1 << 40, Int.max])
  func batches(before: Int) throws {
    let norm = BatchNorm2d(1)
    let counter = try #require(norm.tree.buffers.first { $0.name == "num_batches_tracked" }).buffer
    counter.count = before
    let step = ForwardMode.Step(seed: 0, step: 0, samples: [0])
    for _ in 0..<3 { _ = ForwardMode.training(step) { norm(Tensor([1, 3], shape: [1, 2, 1, 1])) } }
    #expect(counter.count == (before == .max ? before : before + 3))
    #expect(counter.value.scalar == Float(counter.count ?? 0))
  }

  @Test("names of a tree follow PyTorch's")
  func names() {
    let block = ConvModule(2, 3, kernel: 3, norm: NormConfiguration())
    #expect(
      block.tree.leaves.map(\.name) == [
        "conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
      ])
    #expect(ConvModule(2, 3, kernel: 1).tree.leaves.map(\.name) == ["conv.weight", "conv.bias"])
  }

  @Test(
    "a branch that stochastic depth drops is not computed, and all is as if it were",
    arguments: [Float(0.7), 0.9, 1])
  func droppedBranches(probability: Float) {
    let (drop, inner) = (DropPath(probability: probability, layer: 3), Dropout(probability: 0.4, layer: 1))
    let fc = Linear(6, 6)
    let x = Tensor.random([12, 3, 6], seed: 1)
    var step = ForwardMode.Step(seed: 5, step: 7, samples: Array(20..<32))
    func run(_ sum: (Tensor) -> Tensor) -> [[Float]] {
      for parameter in [fc.weight, fc.bias].compactMap(\.self) { parameter.gradient = nil }
      let leaf = x.withGradient()
      let y = ForwardMode.training(step) { sum(leaf) }
      y.backward(from: .random(y.shape, seed: 2))
      return ([y, leaf.gradient, fc.weight.gradient, fc.bias?.gradient] as [Tensor?]).map { $0?.values ?? [] }
    }
    var seen = 0
    let skipping = run { x in
      drop.sum(x) { part, residual in
        seen = part.shape[0]
        #expect(residual == nil)
        return inner(fc(part))
      }
    }
    let whole = run { x in
      let factors = stochasticDepthFactors(
        probability: probability, generators: step.generators(for: .dropPath(layer: 3)))
      #expect(seen == factors.filter { $0 != 0 }.count)
      return x.adding(
        inner(fc(x)), toSamples: Array(0..<12), times: factors.map { $0.isFinite ? $0 : 0 })
    }
    #expect(seen < 12)
    for (skipped, full) in zip(skipping, whole) {
      #expect(skipped.count == full.count && !full.isEmpty)
      #expect(zip(skipped, full).allSatisfy { abs($0 - $1) <= 1e-5 })
    }
    for isWhole in [true, false] {
      step.computesDroppedBranches = !isWhole
      let computed = run { x in
        drop.sum(x, ofWholeBatch: isWhole) { part, _ in
          seen = part.shape[0]
          return inner(fc(part))
        }
      }
      #expect(computed[0] == whole[0])
      #expect(seen == 12)
    }
  }

  @Test("random numbers of a training step depend on the sample, not on its place in the batch")
  func dropPath() {
    let drop = DropPath(probability: 0.5, layer: 3)
    let x = Tensor.ones([64, 2])
    func kept(_ samples: [Int]) -> [Bool] {
      let y = ForwardMode.training(ForwardMode.Step(seed: 5, step: 7, samples: samples)) { drop(x) }.values
      return stride(from: 0, to: y.count, by: 2).map { y[$0] != 0 }
    }
    let forward = kept(Array(0..<64))
    #expect(kept(Array((0..<64).reversed())) == forward.reversed())
    #expect(Set(forward).count == 2)
  }
}
