import Layers
import Tensors

/// The residual block of ResNet (He et al., arXiv:1512.03385, figure 5; mmdetection's `BasicBlock` and `Bottleneck`).
struct ResNetBlock: UnaryLayer {
  /// Widths and steps of a block.
  struct Shape {
    var inputs: Int
    /// Of the 3x3 convolutions.
    var width: Int
    var isBottleneck: Bool
    var stride: Int
    var dilation: Int
    /// Whether the input needs another size or width to be added.
    var changesInput: Bool

    /// Channels of the output: a bottleneck has four times its width.
    var outputs: Int { isBottleneck ? 4 * width : width }
  }

  private let convolutions: [ConvModule]
  private let shortcut: Shortcut?
  private let normName: String
  private let isCheckpointed: Bool

  init(_ shape: Shape, _ configuration: ResNet.Configuration) {
    let norm = configuration.norm
    let last: Initializer = configuration.startsAsIdentity ? .zeros : .ones
    if shape.isBottleneck {
      let isFirst = configuration.style == .caffe
      convolutions = [
        ConvModule(shape.inputs, shape.width, kernel: 1, stride: isFirst ? shape.stride : 1, norm: norm),
        ConvModule(
          shape.width, shape.width, kernel: 3, stride: isFirst ? 1 : shape.stride, padding: shape.dilation,
          dilation: shape.dilation, norm: norm),
        ConvModule(shape.width, shape.outputs, kernel: 1, norm: norm, normWeight: last, activation: nil),
      ]
    } else {
      convolutions = [
        ConvModule(
          shape.inputs, shape.width, kernel: 3, stride: shape.stride, padding: shape.dilation,
          dilation: shape.dilation, norm: norm),
        ConvModule(
          shape.width, shape.outputs, kernel: 3, padding: 1, norm: norm, normWeight: last, activation: nil),
      ]
    }
    shortcut = shape.changesInput ? Shortcut(shape, configuration) : nil
    normName = norm.name
    isCheckpointed = configuration.isCheckpointed
  }

  /// `conv1`, `bn1`, ... and `downsample`.
  var tree: ParameterTree {
    let numbered = convolutions.enumerated().map {
      $1.tree(convolution: "conv\($0 + 1)", norm: "\(normName)\($0 + 1)")
    }
    return numbered.reduce([:], +) + ["downsample": .layer(shortcut)]
  }

  /// `[B, H, W, I]` to `[B, ceil(H / stride), ceil(W / stride), O]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    func body(_ x: Tensor) -> Tensor {
      let y = convolutions.dropLast().reduce(x) { $1($0) }
      let residual = shortcut.map { $0(x) } ?? x
      return convolutions.last.map { $0(y, adding: residual, activation: .relu) } ?? y
    }
    return isCheckpointed && x.needsGradient ? checkpointed([x]) { body($0[0]) } : body(x)
  }

  /// Brings a block's input to the size and width of its output.
  private struct Shortcut: UnaryLayer {
    let convolution: ConvModule
    /// Of the mean before the convolution, which then has none; nil: the convolution has the stride.
    let window: Int?

    init(_ shape: Shape, _ configuration: ResNet.Configuration) {
      window = configuration.averagesDown ? shape.stride : nil
      convolution = ConvModule(
        shape.inputs, shape.outputs, kernel: 1, stride: configuration.averagesDown ? 1 : shape.stride,
        norm: configuration.norm, activation: nil)
    }

    /// At places 0 and 1 of mm's `Sequential`; a mean takes the first.
    var tree: ParameterTree {
      let first = window == nil ? 0 : 1
      return convolution.tree(convolution: "\(first)", norm: "\(first + 1)")
    }

    func callAsFunction(_ x: Tensor) -> Tensor { convolution(window.map { meanOfWindows(x, side: $0) } ?? x) }
  }
}

/// Mean of windows side by side; those that go beyond the image are of what lies in it (torch's `avg_pool2d` with
/// `ceil_mode`, without `count_include_pad`).
///
/// - Parameter x: `[B, H, W, C]`.
/// - Returns: `[B, ceil(H / side), ceil(W / side), C]`.
private func meanOfWindows(_ x: Tensor, side: Int) -> Tensor {
  guard side > 1 else { return x }
  let (height, width) = ((x.shape[1] + side - 1) / side, (x.shape[2] + side - 1) / side)
  let (below, right) = (height * side - x.shape[1], width * side - x.shape[2])
  guard below + right > 0 else { return averagePool2d(x, kernel: (side, side)) }
  let padded = x.padded([(0, 0), (0, below), (0, right), (0, 0)])
  func share(_ index: Int, _ count: Int, _ beyond: Int) -> Float {
    index + 1 < count ? 1 : Float(side) / Float(side - beyond)
  }
  let shares = (0..<height).flatMap { row in
    (0..<width).map { share(row, height, below) * share($0, width, right) }
  }
  return averagePool2d(padded, kernel: (side, side)) * Tensor(shares, shape: [1, height, width, 1])
}
