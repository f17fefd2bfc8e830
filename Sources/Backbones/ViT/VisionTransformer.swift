import Layers
import Modeling
import Tensors

/// Vision transformer (Dosovitskiy et al., arXiv:2010.11929; DeiT, Touvron et al., arXiv:2012.12877) with timm's names.
///
/// Patches and a class token before them, positions added, blocks of attention of all to each other. Images may have any
/// size: the positions are brought to their grid.
public struct VisionTransformer: Backbone {
  private let configuration: Configuration
  private let embedding: Conv2d
  private let classToken: Parameter  // [1, 1, C]
  private let positions: Parameter  // [1, 1 + h * w, C]
  private let dropout: Dropout
  private let blocks: [ViTBlock]
  private let norm: LayerNorm?

  /// Channels and stride of each returned map.
  public let outputs: [FeatureMap]

  /// A backbone with the published initial values.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let (width, patch, grid) = (configuration.channels, configuration.patchSize, configuration.grid)
    embedding = Conv2d(configuration.inputChannels, width, kernel: patch, stride: patch)
    classToken = Parameter([1, 1, width], .truncatedNormal(deviation: 0.02))
    positions = Parameter([1, 1 + grid.height * grid.width, width], .truncatedNormal(deviation: 0.02))
    dropout = Dropout(probability: configuration.drop, layer: DroppingNumbers(block: -1).dropout(7))
    let rates = dropPathRates(configuration.dropPath, blocks: configuration.layers)
    blocks = rates.enumerated().map { ViTBlock(configuration, number: $0, dropPath: $1) }
    norm = configuration.hasFinalNorm ? LayerNorm(width, epsilon: configuration.epsilon) : nil
    let stride =
      configuration.output == .classToken
      ? max(configuration.imageSize.height, configuration.imageSize.width) : patch
    outputs = configuration.outIndices.map { _ in FeatureMap(channels: width, stride: stride) }
    freeze()
  }

  /// As mmpretrain: what comes before the blocks, then blocks, with the last one its norm.
  private func freeze() {
    guard configuration.frozenStages > 0 else { return }
    embedding.tree.freeze()
    classToken.isFrozen = true
    positions.isFrozen = true
    for block in blocks[..<configuration.frozenStages] { block.tree.freeze() }
    if isFrozen(blocks.count - 1) { norm?.tree.freeze() }
  }

  private func isFrozen(_ block: Int) -> Bool { block < configuration.frozenStages }

  /// Weights under timm's names.
  public var tree: ParameterTree {
    let tree: ParameterTree = [
      "cls_token": .parameter(classToken), "pos_embed": .parameter(positions),
      "patch_embed": .tree(["proj": .layer(embedding)]), "blocks": .layers(blocks), "norm": .layer(norm),
    ]
    return tree.named(by: naming)
  }

  private var naming: ViTNaming {
    ViTNaming(grid: configuration.grid, resizing: configuration.resizing)
  }

  /// timm's names at the root, `head` beside them.
  public func classifierTree(head: ParameterTree) -> ParameterTree {
    (tree + ["head": .tree(head)]).named(by: naming)
  }

  /// `[B, H, W, 3]` to one map a block in `out_indices`: the patches `[B, h, w, C]`, or the class token `[B, 1, 1, C]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var features: [Tensor] = []
    run(images) { index, tokens, size in
      guard configuration.outIndices.contains(index) else { return }
      let isLast = index + 1 == blocks.count
      let x =
        isLast ? norm.map { norm in run(tokens, isFrozen: isFrozen(index)) { norm($0) } } ?? tokens : tokens
      switch configuration.output {
      case .classToken:
        features.append(x.sliced(axis: 1, from: 0, to: 1).reshaped([x.shape[0], 1, 1, x.shape[2]]))
      case .map: features.append(patches(of: x, size))
      }
    }
    return features
  }

  /// `[B, H, W, 3]` to the patches `[B, h, w, C]` behind each block, before the norm of the last.
  public func stages(_ images: Tensor) -> [Tensor] {
    var maps: [Tensor] = []
    run(images) { _, tokens, size in maps.append(patches(of: tokens, size)) }
    return maps
  }

  /// Runs all blocks; `visit` sees the number of each, its tokens `[B, 1 + h * w, C]` and the grid.
  private func run(_ images: Tensor, _ visit: (Int, Tensor, (height: Int, width: Int)) -> Void) {
    var (x, size) =
      configuration.frozenStages > 0 ? ForwardMode.frozen(images) { embed(images) } : embed(images)
    for (index, block) in blocks.enumerated() {
      x = run(x, isFrozen: isFrozen(index)) { block($0) }
      visit(index, x, size)
    }
  }

  /// All tokens but the class token, as a map.
  private func patches(of tokens: Tensor, _ size: (height: Int, width: Int)) -> Tensor {
    tokens.sliced(axis: 1, from: 1, to: tokens.shape[1])
      .reshaped([tokens.shape[0], size.height, size.width, tokens.shape[2]])
  }

  private func run(_ x: Tensor, isFrozen: Bool, _ body: (Tensor) -> Tensor) -> Tensor {
    isFrozen ? ForwardMode.frozen(x) { body(x) } : body(x)
  }

  /// Class token and patches `[B, 1 + h * w, C]` with their positions, and the patches' grid.
  private func embed(_ images: Tensor) -> (tokens: Tensor, size: (height: Int, width: Int)) {
    let patch = configuration.patchSize
    let (below, right) = (
      (patch - images.shape[1] % patch) % patch, (patch - images.shape[2] % patch) % patch
    )
    let whole = below + right == 0 ? images : images.padded([(0, 0), (0, below), (0, right), (0, 0)])
    let map = embedding(whole)
    let (samples, channels) = (map.shape[0], map.shape[3])
    let size = (height: map.shape[1], width: map.shape[2])
    let patches = map.reshaped([samples, size.height * size.width, channels])
    let tokens = concatenated([Tensor.zeros([samples, 1, channels]) + classToken.value, patches], axis: 1)
    return (dropout(tokens + positions(for: size)), size)
  }

  /// The positions' vectors for a grid: the class token's stays.
  private func positions(for size: (height: Int, width: Int)) -> Tensor {
    let (table, grid) = (positions.value, configuration.grid)
    return size == grid ? table : configuration.resizing.withClassToken(table, from: grid, to: size)
  }
}

extension PositionResizing {
  /// A table `[1, 1 + h * w, C]` at another size; its first row stays.
  func withClassToken(
    _ table: Tensor, from old: (height: Int, width: Int), to new: (height: Int, width: Int)
  ) -> Tensor {
    let (rows, channels) = (table.shape[1], table.shape[2])
    let map = self(table.sliced(axis: 1, from: 1, to: rows), from: old, to: new)
    return concatenated(
      [table.sliced(axis: 1, from: 0, to: 1), map.reshaped([1, new.height * new.width, channels])], axis: 1)
  }
}

/// Attention and a perceptron, each with a norm before it.
struct ViTBlock: UnaryLayer {
  private let norm1, norm2: LayerNorm
  private let qkv, projection: Linear
  private let perceptron: FeedForward
  private let heads: Int
  private let probabilities: ProbabilityDropout
  private let dropout: Dropout
  private let dropPaths: (DropPath, DropPath)
  private let isRecomputed: Bool

  init(_ configuration: VisionTransformer.Configuration, number: Int, dropPath: Float) {
    let (channels, numbers) = (configuration.channels, DroppingNumbers(block: number))
    norm1 = LayerNorm(channels, epsilon: configuration.epsilon)
    norm2 = LayerNorm(channels, epsilon: configuration.epsilon)
    qkv = Linear(channels, 3 * channels, bias: configuration.hasBias)
    projection = Linear(channels, channels)
    perceptron = FeedForward(
      channels, hidden: max(1, Int(Double(channels) * configuration.mlpRatio)),
      activation: configuration.activation, drop: configuration.drop, numbers, .release)
    heads = configuration.heads
    probabilities = ProbabilityDropout(probability: configuration.attentionDrop, layer: numbers.dropout(0))
    dropout = Dropout(probability: configuration.drop, layer: numbers.dropout(1))
    dropPaths = (
      DropPath(probability: dropPath, layer: numbers.dropPath(0)),
      DropPath(probability: dropPath, layer: numbers.dropPath(1))
    )
    isRecomputed = configuration.isRecomputed
  }

  var tree: ParameterTree {
    [
      "norm1": .layer(norm1), "attn": .tree(["qkv": .layer(qkv), "proj": .layer(projection)]),
      "norm2": .layer(norm2), "mlp": .layer(perceptron),
    ]
  }

  /// `[B, N, C]`, shape kept.
  func callAsFunction(_ x: Tensor) -> Tensor {
    guard isRecomputed else { return forward(x) }
    return checkpointed([x]) { forward($0[0]) }
  }

  private func forward(_ x: Tensor) -> Tensor {
    let scale = 1 / Float(x.shape[2] / heads).squareRoot()
    let y = dropPaths.0.sum(x) { x, residual in
      let mixed = attention(
        qkv(x, after: norm1), heads: heads, scale: scale, dropout: probabilities.current,
        precision: qkv.precision)
      return dropout(projection(mixed, addedTo: residual))
    }
    return dropPaths.1.sum(y) { perceptron($0, after: norm2, addedTo: $1) }
  }
}
