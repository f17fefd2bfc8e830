import TestSupport
import Testing

import Tensors

/// Forward and backward of the heavy operations give the same bits with any number of threads.
@Suite("number of threads", .serialized)
struct ThreadCountTests {
  func run() -> [[Float]] {
    let conv = ConvolutionCase(x: [2, 40, 50, 33], weight: [65, 3, 3, 33], padding: (1, 1))
    let large = ConvolutionCase(x: [2, 44, 50, 96], weight: [80, 3, 3, 96], padding: (1, 1))
    let depthwise = ConvolutionCase(x: [2, 40, 50, 40], weight: [40, 3, 3, 1], padding: (1, 1), groups: 40)
    let cross = CrossScanCase(images: 2, height: 20, width: 30, channels: 130, states: 4, rank: 5)
    let shared = CrossScanCase(height: 20, width: 30, channels: 40, states: 4, rank: 5, sets: 1)
    let boxes = RoIAlignTests.boxes.flatMap { $0 }
    func results(_ inputs: [Tensor], _ function: ([Tensor]) -> Tensor) -> [[Float]] {
      let leaves = inputs.map { $0.withGradient() }
      let y = function(leaves)
      y.backward(from: Tensor.random(y.shape, seed: 9))
      return [y.values] + leaves.map { $0.gradient?.values ?? [] }
    }
    func of(_ conv: ConvolutionCase) -> [[Float]] {
      results([
        Tensor.random(conv.x, seed: 1), Tensor.random(conv.weight, seed: 2),
        Tensor.random([conv.weight[0]], seed: 3),
      ]) { conv($0[0], $0[1], $0[2]) }
    }
    return of(conv) + of(large) + of(depthwise) + results(cross.inputs) { cross($0) }
      + results(shared.inputs) { shared($0) }
      + results([Tensor.random([2, 30, 30, 130])]) {
        roiAlign(
          $0[0], boxes: boxes, batchIndices: RoIAlignTests.boxes.indices.map { $0 % 2 }, outputSize: (7, 7),
          spatialScale: 0.5)
      } + operations(results)
  }

  func operations(_ results: ([Tensor], ([Tensor]) -> Tensor) -> [[Float]]) -> [[Float]] {
    let generators = DroppingTests.generators(2)
    let map = Tensor.random([2, 40, 50, 33], seed: 1)
    let weight = Tensor.random([33], seed: 2)
    let products: [([Int], [Int])] = [
      ([9, 70, 40], [9, 40, 80]), ([2, 1, 300, 50], [3, 50, 60]), ([3, 300, 70], [70, 80]),
    ]
    var found = products.flatMap { left, right in
      results([.random(left, seed: 1), .random(right, seed: 2)]) { matmul($0[0], $0[1]) }
    }
    found += results([map, weight]) {
      groupNorm($0[0], groups: 3, weight: $0[1], bias: nil, epsilon: 1e-5)
    }
    found += results([map]) { averagePool2d($0[0], kernel: (3, 3), stride: (2, 2), padding: (1, 1)) }
    found += results([map]) { dropout($0[0], probability: 0.4, generators: generators) }
    found += results([map]) { $0[0].maximum(axis: 1).values }
    found += results([map]) { $0[0].maximum(axes: [1, 3]) }
    found += results([map, .random([2, 30, 30, 2], seed: 3)]) { gridSample($0[0], grid: $0[1]) }
    found += results([map, .random([300, 33], seed: 2)]) {
      linear($0[0], weight: $0[1], activation: .gelu)
    }
    let indices = (0..<9000).map { $0 * $0 % 500 }
    found += results([.random([500, 33])]) { embedding(indices, shape: [9000], table: $0[0]) }
    let windows = WindowCase(images: 2, rows: 5, columns: 3, window: 4, shift: 2, heads: 3, headWidth: 9)
    found += results(windows.inputs) { windows($0) }
    found += results([.random([2, 300, 54])]) { attention($0[0], heads: 3, scale: 0.3) }
    let labels = (0..<4000).map { Int32($0 % 33) }
    found += results([map]) {
      crossEntropy($0[0], labels: labels, ignoreIndex: nil, labelSmoothing: 0.1)
    }
    return found
  }

  @Test("the same bits")
  func sameBits() {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 1
    let one = run()
    for threads in [2, 3, 7] {
      Threads.count = threads
      #expect(run() == one)
    }
  }
}
