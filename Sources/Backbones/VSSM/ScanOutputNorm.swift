import Layers
import Tensors

/// `out_norm` of the scan: what normalises its result, `[B, H, W, I]`, shape kept.
enum ScanOutputNorm: UnaryLayer {
  case nothing
  case layerNorm(LayerNorm)
  /// 3x3, without bias.
  case depthwise(Conv2d)
  case layerNormDepthwise(LayerNorm, Conv2d)
  /// Over the positions.
  case softmax
  case sigmoid

  init(_ kind: ScanForm.OutputNorm, _ channels: Int) {
    func depthwise() -> Conv2d {
      Conv2d(channels, channels, kernel: 3, padding: 1, groups: channels, bias: false)
    }
    self =
      switch kind {
      case .none: .nothing
      case .layerNorm: .layerNorm(LayerNorm(channels))
      case .depthwise: .depthwise(depthwise())
      case .layerNormDepthwise: .layerNormDepthwise(LayerNorm(channels), depthwise())
      case .softmax: .softmax
      case .sigmoid: .sigmoid
      }
  }

  /// Numbers are places in the release's `Sequential`, where others permute axes.
  var tree: ParameterTree {
    switch self {
    case .nothing, .softmax, .sigmoid: [:]
    case .layerNorm(let norm): norm.tree
    case .depthwise(let convolution): ["1": .layer(convolution)]
    case .layerNormDepthwise(let norm, let convolution): ["0": .layer(norm), "2": .layer(convolution)]
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .nothing: x
    case .layerNorm(let norm): norm(x)
    case .depthwise(let convolution): convolution(x)
    case .layerNormDepthwise(let norm, let convolution): convolution(norm(x))
    case .softmax:
      x.reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]).softmax(axis: 1).reshaped(x.shape)
    case .sigmoid: x.sigmoid()
    }
  }
}
