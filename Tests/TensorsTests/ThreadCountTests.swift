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
      }
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
