import Tensors
import Testing

@Suite("tensors without numbers")
struct EmptyTests {
  typealias Operation = @Sendable (Tensor) -> Tensor

  static let operations: [(name: String, run: Operation)] = [
    ("arithmetic", { ($0 + $0) * $0 / ($0 - 1) }),
    ("activations", { $0.relu().gelu().silu().sigmoid().exp().softplus() }),
    ("sum", { $0.sum() }), ("mean of axes", { $0.mean(axes: [1, 2]) }),
    ("sum of the last axis", { $0.sum(axes: [3]) }),
    ("softmax", { $0.softmax(axis: -1) }), ("softmax over rows", { $0.logSoftmax(axis: 1) }),
    ("layer norm", { layerNorm($0, weight: nil, bias: nil, epsilon: 1e-5) }),
    ("batch norm", { batchNorm($0, weight: nil, bias: nil, epsilon: 1e-5).y }),
    (
      "group norm",
      { $0.shape[3] == 0 ? $0 : groupNorm($0, groups: 1, weight: nil, bias: nil, epsilon: 1e-5) }
    ),
    ("linear", { linear($0, weight: .ones([5, $0.shape[3]]), bias: .ones([5])) }),
    ("convolution", { conv2d($0, weight: .ones([5, 3, 3, $0.shape[3]]), padding: (1, 1)) }),
    ("pointwise convolution", { conv2d($0, weight: .ones([5, 1, 1, $0.shape[3]])) }),
    (
      "strided convolution",
      { conv2d($0, weight: .ones([5, 3, 3, $0.shape[3]]), stride: (2, 2), padding: (1, 1)) }
    ),
    (
      "transposed convolution",
      { convTranspose2d($0, weight: .ones([$0.shape[3], 2, 2, 5]), stride: (2, 2)) }
    ),
    ("maximum of windows", { maxPool2d($0, kernel: (3, 3), stride: (2, 2), padding: (1, 1)) }),
    ("mean of windows", { averagePool2d($0, kernel: (3, 3), stride: (2, 2), padding: (1, 1)) }),
    ("permutation", { $0.permuted([0, 3, 1, 2]).permuted([0, 2, 3, 1]) }),
    ("padding", { $0.padded([(0, 0), (1, 1), (1, 1), (0, 0)]) }),
    ("roll", { $0.rolled([1, 1], axes: [1, 2]) }),
    ("join", { concatenated([$0, $0], axis: 1) }),
    ("product", { matmul($0, $0, transposingB: true) }),
    ("regions", { roiAlign($0, boxes: [], batchIndices: [], outputSize: (2, 2), spatialScale: 0.5) }),
    (
      "step of a bilinear resize",
      {
        $0.count == 0 && $0.shape[1] * $0.shape[2] == 0
          ? $0 : $0.resizedBilinear(height: 6, width: 6, alignCorners: false)
      }
    ),
  ]

  @Test(
    "pass through every operation, forward and backward",
    arguments: [[0, 4, 4, 3], [2, 0, 4, 3], [2, 4, 0, 3], [2, 4, 4, 0], [0, 0, 0, 0]])
  func operations(shape: [Int]) {
    for (_, run) in Self.operations {
      let x = Tensor.zeros(shape).withGradient()
      let y = run(x)
      y.backward(from: .ones(y.shape))
      #expect((x.gradient?.shape ?? shape) == shape)
    }
  }
}
