import Layers
import Tensors

// Letters of these files: B images, H and W the map's sides, C its channels, w the side of a window.

/// Where each pair of positions of a w x w window finds its bias in the table `[(2w - 1)^2, heads]`.
enum RelativePositions {
  /// Row-major `[w * w, w * w]`.
  static func index(window: Int) -> [Int] {
    let positions = window * window
    return (0..<positions * positions).map { pair in
      let (i, j) = pair.quotientAndRemainder(dividingBy: positions)
      let rows = i / window - j / window + window - 1
      let columns = i % window - j % window + window - 1
      return rows * (2 * window - 1) + columns
    }
  }
}

/// Attention in shifted windows with a relative position bias (`WindowMSA` of mmdetection).
struct WindowAttentionLayer: Layer {
  private let table: Parameter  // [(2w - 1)^2, heads]
  private let index: [Int]
  private let indexBuffer: Buffer
  private let qkv, projection: Linear
  private let window, shift, heads: Int
  private let scale: Float
  private let probabilities: ProbabilityDropout
  private let dropout: Dropout

  init(_ settings: SwinBlock.Settings) {
    window = settings.window
    shift = settings.shift
    heads = settings.heads
    let channels = settings.channels
    scale = settings.scale ?? 1 / Float(channels / heads).squareRoot()
    let side = 2 * window - 1
    table = Parameter([side * side, heads], .truncatedNormal(deviation: 0.02))
    index = RelativePositions.index(window: window)
    let positions = window * window
    indexBuffer = Buffer(integers: index, shape: [positions, positions])
    qkv = Linear(channels, 3 * channels, bias: settings.hasBias)
    projection = Linear(channels, channels)
    probabilities = ProbabilityDropout(
      probability: settings.attentionDrop, layer: settings.numbers.dropout(0))
    dropout = Dropout(probability: settings.drop, layer: settings.numbers.dropout(1))
  }

  var tree: ParameterTree {
    [
      "relative_position_bias_table": .parameter(table), "relative_position_index": .buffer(indexBuffer),
      "qkv": .layer(qkv), "proj": .layer(projection),
    ]
  }

  /// Of a norm's result `[B, H, W, C]`, shape kept; added to a tensor of its shape in evaluation. The map is padded with
  /// zeros at the right and bottom to whole windows.
  func callAsFunction(_ x: Tensor, after norm: LayerNorm, addedTo residual: Tensor?) -> Tensor {
    let (height, width) = (x.shape[1], x.shape[2])
    let (below, right) = ((window - height % window) % window, (window - width % window) % window)
    let isWhole = below + right == 0
    let products =
      isWhole
      ? qkv(x, after: norm) : qkv(norm(x).padded([(0, 0), (0, below), (0, right), (0, 0)]))
    let positions = window * window
    let bias = embedding(index, shape: [positions * positions], table: table.value)
      .permuted([1, 0]).reshaped([heads, positions, positions])
    let mixed = windowAttention(
      products, heads: heads, window: window, shift: shift, scale: scale, bias: bias,
      dropout: probabilities.current, precision: qkv.precision)
    func cut(_ y: Tensor) -> Tensor {
      isWhole ? y : y.sliced(axis: 1, from: 0, to: height).sliced(axis: 2, from: 0, to: width)
    }
    guard let residual else { return dropout(cut(projection(mixed))) }
    // What was padded needs no projection; but the field's tables count it.
    let padded = mixed.shape[1] * mixed.shape[2] - height * width
    OperationCounter.current?.addLinear(x.shape[0], padded, x.shape[3], x.shape[3])
    return dropout(projection(cut(mixed), addedTo: residual))
  }
}
