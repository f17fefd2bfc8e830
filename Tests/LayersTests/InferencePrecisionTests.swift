import Layers
import TestSupport
import Testing

import Tensors

@Suite("inference in bfloat16", .enabled(if: Precision.bfloat16.isAvailable))
struct InferencePrecisionTests {
  /// Whether numbers are those wanted, to a few hundredths of the largest.
  private static func isNear(_ found: Tensor, _ wanted: Tensor) -> Bool {
    let largest = wanted.values.reduce(0) { max($0, abs($1)) }
    return found.shape == wanted.shape
      && zip(found.values, wanted.values).allSatisfy { abs($0 - $1) <= 0.04 * largest }
  }

  private static func cases() -> [(name: String, layer: any UnaryLayer, shape: [Int])] {
    [
      ("linear", Linear(24, 40), [3, 5, 24]),
      ("convolution", Conv2d(24, 20, kernel: 3, padding: 1), [2, 9, 7, 24]),
      ("strided", Conv2d(5, 20, kernel: 3, stride: 2, padding: 1), [2, 9, 7, 5]),
      ("depthwise", Conv2d(24, 24, kernel: 3, padding: 1, groups: 24), [2, 9, 7, 24]),
      ("grouped", Conv2d(24, 24, kernel: 3, padding: 1, groups: 2), [2, 9, 7, 24]),
      ("transposed", ConvTranspose2d(12, 9, kernel: 2, stride: 2), [2, 4, 3, 12]),
      ("transposed with overlap", ConvTranspose2d(12, 9, kernel: 3, stride: 2), [2, 4, 3, 12]),
      (
        "with a batch norm", ConvModule(24, 20, kernel: 3, padding: 1, norm: NormConfiguration()),
        [1, 8, 8, 24]
      ),
      (
        "with a group norm", ConvModule(24, 20, kernel: 1, norm: .init(.groupNorm, groups: 4)), [1, 8, 8, 24]
      ),
    ]
  }

  @Test("layers give what they give in float32, to the rounding", arguments: 0..<9)
  func layers(_ index: Int) {
    let (name, layer, shape) = Self.cases()[index]
    layer.initialize(seed: 1)
    for (name, buffer) in layer.tree.buffers where buffer.count == nil {
      buffer.value = .random(buffer.value.shape, in: 0.5...2, seed: name.count)
    }
    let x = Tensor.random(shape, seed: 2)
    let wanted = ForwardMode.evaluation { layer(x) }
    let counted = countingOperations { ForwardMode.evaluation { layer(x) } }.counts.total
    layer.multiply(in: .bfloat16)
    let found = ForwardMode.evaluation { layer(x) }
    #expect(Self.isNear(found, wanted), "\(name)")
    #expect(
      (found.values == wanted.values) == ["depthwise", "grouped", "transposed with overlap"].contains(name))
    #expect(ForwardMode.evaluation { layer(x) }.values == found.values)
    let counts = countingOperations { ForwardMode.evaluation { layer(x) } }.counts.total
    // A norm that is part of the weights is no operation any more.
    #expect(counts == counted || name == "with a batch norm")
  }

  @Test("a weight's own numbers are given back as it is used, and new ones are taken")
  func memory() throws {
    let layer = Linear(8, 16)
    layer.initialize(seed: 1)
    let x = Tensor.random([2, 8], seed: 2)
    let numbers = layer.weight.value.detached
    layer.multiply(in: .bfloat16)
    #expect(layer.weight.keepsFloat32)
    let first = ForwardMode.evaluation { layer(x) }
    #expect(!layer.weight.keepsFloat32 && layer.weight.shape == [16, 8])
    layer.weight.replace(by: numbers)
    #expect(layer.weight.keepsFloat32)
    #expect(ForwardMode.evaluation { layer(x) }.values == first.values)
  }

  @Test("some outputs, wherever they begin")
  func parts() {
    let layer = Linear(20, 48)
    layer.initialize(seed: 1)
    layer.multiply(in: .bfloat16)
    let x = Tensor.random([7, 20], seed: 2)
    ForwardMode.evaluation {
      let whole = layer(x)
      for range in [0..<16, 16..<48, 5..<30] {
        #expect(
          layer(x, outputs: range).values
            == whole.sliced(axis: 1, from: range.lowerBound, to: range.upperBound).values)
      }
    }
  }

  @Test("training takes float32 numbers, whatever inference is to take")
  func training() {
    let layer = Linear(3, 2)
    layer.initialize(seed: 1)
    let x = Tensor.random([4, 3], seed: 2)
    let wanted = layer(x).values
    layer.multiply(in: .bfloat16)
    let y = layer(x)
    #expect(y.values == wanted)
    y.sum().backward()
    #expect(layer.weight.gradient != nil)
  }
}
