import Layers
import Tensors

/// Attention in windows and a perceptron, each with a norm before it (`SwinBlock` of mmdetection).
struct SwinBlock: UnaryLayer {
  /// What a block is made of.
  struct Settings {
    var channels, heads, hidden: Int
    /// Side of a window; how far windows are shifted.
    var window, shift: Int
    /// Whether q, k and v have a bias.
    var hasBias: Bool
    /// Of the logits; the root of a head's width unless given.
    var scale: Float?
    var drop, attentionDrop, dropPath: Float
    var activation: Activation
    var epsilon: Float
    var isRecomputed: Bool
    var numbers: DroppingNumbers
    var form: SwinTransformer.Form
  }

  private let norm1, norm2: LayerNorm
  private let attention: WindowAttentionLayer
  private let perceptron: FeedForward
  private let dropPaths: (DropPath, DropPath)
  private let isRecomputed: Bool
  private let form: SwinTransformer.Form

  init(_ settings: Settings) {
    norm1 = LayerNorm(settings.channels, epsilon: settings.epsilon)
    norm2 = LayerNorm(settings.channels, epsilon: settings.epsilon)
    attention = WindowAttentionLayer(settings)
    let numbers = settings.numbers
    perceptron = FeedForward(
      settings.channels, hidden: settings.hidden, activation: settings.activation, drop: settings.drop,
      numbers,
      settings.form == .mm ? .mm : .release)
    dropPaths = (
      DropPath(probability: settings.dropPath, layer: numbers.dropPath(0)),
      DropPath(probability: settings.dropPath, layer: numbers.dropPath(1))
    )
    isRecomputed = settings.isRecomputed
    form = settings.form
  }

  var tree: ParameterTree {
    switch form {
    case .mm:
      [
        "norm1": .layer(norm1), "attn": .tree(["w_msa": .layer(attention)]), "norm2": .layer(norm2),
        "ffn": .layer(perceptron),
      ]
    case .release:
      [
        "norm1": .layer(norm1), "attn": .layer(attention), "norm2": .layer(norm2), "mlp": .layer(perceptron),
      ]
    }
  }

  /// `[B, H, W, C]`, shape kept.
  func callAsFunction(_ x: Tensor) -> Tensor {
    guard isRecomputed else { return forward(x) }
    return checkpointed([x]) { forward($0[0]) }
  }

  private func forward(_ x: Tensor) -> Tensor {
    let y = dropPaths.0.sum(x) { attention($0, after: norm1, addedTo: $1) }
    return dropPaths.1.sum(y) { perceptron($0, after: norm2, addedTo: $1) }
  }
}

/// 2x2 cells joined, norm, linear without bias (`PatchMerging`): half the sides, twice the channels.
struct SwinPatchMerging: UnaryLayer {
  private let norm: LayerNorm?
  private let reduction: Linear
  private let form: SwinTransformer.Form

  init(_ channels: Int, hasNorm: Bool, epsilon: Float, form: SwinTransformer.Form) {
    // mmdetection unfolds: channel 4c + 2r + q; here the channels of a pixel stay together.
    let layout: WeightLayout = form == .mm ? .flattened(channels: channels, height: 2, width: 2) : .plain
    norm = hasNorm ? LayerNorm(4 * channels, epsilon: epsilon, layout: layout) : nil
    reduction = Linear(4 * channels, 2 * channels, bias: false, layout: layout)
    self.form = form
  }

  var tree: ParameterTree { ["norm": .layer(norm), "reduction": .layer(reduction)] }

  /// `[B, H, W, C]` to `[B, ceil(H / 2), ceil(W / 2), 2C]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let (b, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let even = h % 2 + w % 2 == 0 ? x : x.padded([(0, 0), (0, h % 2), (0, w % 2), (0, 0)])
    let (rows, columns) = ((h + 1) / 2, (w + 1) / 2)
    // Cells as (row, column): mmdetection's (0,0), (0,1), (1,0), (1,1); the release's (0,0), (1,0), (0,1), (1,1).
    let cells = even.reshaped([b, rows, 2, columns, 2, c])
      .permuted(form == .mm ? [0, 1, 3, 2, 4, 5] : [0, 1, 3, 4, 2, 5])
      .reshaped([b, rows, columns, 4 * c])
    return norm.map { reduction(cells, after: $0) } ?? reduction(cells)
  }
}
