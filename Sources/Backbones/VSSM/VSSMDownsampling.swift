import Layers
import Tensors

/// How VMamba halves a map between stages.
public enum VSSMDownsampling: String, Decodable, CaseIterable, Sendable {
  /// 2x2 neighbours joined, norm, linear; an odd side is padded with zeros.
  case v1
  /// 2x2 convolution of stride 2, norm; an odd last row or column is left out.
  case v2
  /// 3x3 convolution of stride 2, norm.
  case v3

  /// The layer between two stages.
  func make(from channels: Int, to next: Int, norm: VSSMNorm) -> any UnaryLayer {
    switch self {
    case .v1: PatchMerging2D(channels, next, norm)
    case .v2: ConvolutionalDownsampling(channels, next, kernel: 2, padding: 0, norm)
    case .v3: ConvolutionalDownsampling(channels, next, kernel: 3, padding: 1, norm)
    }
  }
}

/// `PatchMerging2D` of the release.
struct PatchMerging2D: UnaryLayer {
  private let norm: any UnaryLayer
  private let reduction: Linear

  init(_ channels: Int, _ next: Int, _ norm: VSSMNorm) {
    self.norm = norm.make(4 * channels)
    reduction = Linear(4 * channels, next, bias: false)
  }

  var tree: ParameterTree { ["reduction": .layer(reduction), "norm": .layer(norm)] }

  /// `[B, H, W, C]` to `[B, ceil(H / 2), ceil(W / 2), C']`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (b, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let even = h % 2 + w % 2 == 0 ? x : x.padded([(0, 0), (0, h % 2), (0, w % 2), (0, 0)])
    // Channel order (0,0), (1,0), (0,1), (1,1) as (row, column).
    let cells = even.reshaped([b, (h + 1) / 2, 2, (w + 1) / 2, 2, c]).permuted([0, 1, 3, 4, 2, 5])
    return reduction(norm(cells.reshaped([b, (h + 1) / 2, (w + 1) / 2, 4 * c])))
  }
}

/// Convolution and norm, at places 1 and 3 of the release's `Sequential` (0 and 2 permute axes).
struct ConvolutionalDownsampling: UnaryLayer {
  private let convolution: Conv2d
  private let norm: any UnaryLayer

  init(_ channels: Int, _ next: Int, kernel: Int, padding: Int, _ norm: VSSMNorm) {
    convolution = Conv2d(channels, next, kernel: kernel, stride: 2, padding: padding)
    self.norm = norm.make(next)
  }

  var tree: ParameterTree { ["1": .layer(convolution), "3": .layer(norm)] }

  func callAsFunction(_ x: Tensor) -> Tensor { norm(convolution(x)) }
}
