import Layers
import Modeling
import Tensors

/// Swin Transformer (Liu et al., arXiv:2103.14030; `SwinTransformer` of mmdetection, and the classifier of the release).
///
/// Patch embedding, stages of blocks with attention in shifted windows, between them the merging of 2x2 cells, and a norm
/// on the output of each stage that is asked for. Any size of images: what is missing is padded with zeros.
public struct SwinTransformer: Backbone {
  private let configuration: Configuration
  private let embedding: Conv2d
  private let embeddingNorm: LayerNorm?
  private let positions: Parameter?  // [1, h * w, C]
  private let dropout: Dropout
  private let stages: [Stage]
  private let outNorms: [Int: LayerNorm]

  /// Channels and stride of each returned map.
  public let outputs: [FeatureMap]

  /// A backbone with the published initial values.
  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let (width, epsilon, patch) = (configuration.channels, configuration.epsilon, configuration.patchSize)
    embedding = Conv2d(configuration.inputChannels, width, kernel: patch, stride: patch)
    embeddingNorm = configuration.hasPatchNorm ? LayerNorm(width, epsilon: epsilon) : nil
    let grid = configuration.grid
    positions =
      configuration.hasPositions
      ? Parameter([1, grid.height * grid.width, width], .truncatedNormal(deviation: 0.02)) : nil
    dropout = Dropout(probability: configuration.drop, layer: DroppingNumbers(block: -1).dropout(7))
    var rates = dropPathRates(configuration.dropPath, blocks: configuration.depths.reduce(0, +))[...]
    var stages: [Stage] = []
    for (stage, depth) in configuration.depths.enumerated() {
      let first = configuration.depths[..<stage].reduce(0, +)
      stages.append(
        Stage(
          configuration, stage: stage, numbers: first..<first + depth, dropPath: Array(rates.prefix(depth))))
      rates = rates.dropFirst(depth)
    }
    self.stages = stages
    outNorms = Dictionary(
      uniqueKeysWithValues: configuration.outIndices.map {
        ($0, LayerNorm(configuration.channels(ofStage: $0), epsilon: epsilon))
      })
    outputs = configuration.outIndices.map {
      FeatureMap(channels: configuration.channels(ofStage: $0), stride: patch << $0)
    }
    freeze()
  }

  /// As mmdetection: what comes before the stages, then stages with the norms of their outputs.
  private func freeze() {
    guard configuration.frozenStages >= 0 else { return }
    embedding.tree.freeze()
    embeddingNorm?.tree.freeze()
    positions?.isFrozen = true
    for stage in 0..<configuration.frozenStages {
      stages[stage].tree.freeze()
      outNorms[stage]?.tree.freeze()
    }
  }

  private func isFrozen(_ stage: Int) -> Bool { stage < configuration.frozenStages }

  /// Weights under mmdetection's names, or the release's.
  public var tree: ParameterTree {
    let form = configuration.form
    let norms = outNorms.sorted { $0.key < $1.key }.map { stage, norm in
      (
        form == .release && stage == stages.count - 1 ? "norm" : "norm\(stage)",
        ParameterTree.Entry.layer(norm)
      )
    }
    let tree: ParameterTree = [
      "absolute_pos_embed": .optional(positions),
      "patch_embed": .tree([
        form == .mm ? "projection" : "proj": .layer(embedding), "norm": .layer(embeddingNorm),
      ]),
      form == .mm ? "stages" : "layers": .layers(stages),
    ]
    let naming = SwinNaming(form: form, grid: configuration.grid)
    return (tree + ParameterTree(norms)).named(by: naming)
  }

  /// The release's names at the root, `head` beside them; of mmdetection's form mmpretrain's.
  public func classifierTree(head: ParameterTree) -> ParameterTree {
    switch configuration.form {
    case .mm: ["backbone": .layer(self), "head": .tree(["fc": .tree(head)])]
    case .release:
      (tree + ["head": .tree(head)]).named(
        by: SwinNaming(form: .release, grid: configuration.grid))
    }
  }

  /// `[B, H, W, 3]` to one map a stage in `out_indices`, the finest first.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var features: [Tensor] = []
    run(images) { index, output in
      guard let norm = outNorms[index] else { return }
      features.append(isFrozen(index) ? ForwardMode.frozen(output) { norm(output) } : norm(output))
    }
    return features
  }

  /// `[B, H, W, 3]` to one map a stage, before the norms.
  public func stages(_ images: Tensor) -> [Tensor] {
    var maps: [Tensor] = []
    run(images) { _, output in maps.append(output) }
    return maps
  }

  /// Runs all stages; `visit` sees the number of each and its map.
  private func run(_ images: Tensor, _ visit: (Int, Tensor) -> Void) {
    var x =
      configuration.frozenStages >= 0 ? ForwardMode.frozen(images) { embed(images) } : embed(images)
    for (index, stage) in stages.enumerated() {
      let output = stage(x, isFrozen: isFrozen(index))
      visit(index, output)
      x = stage.merged(output, isFrozen: isFrozen(index))
    }
  }

  /// Patches `[B, h, w, C]` with their positions.
  private func embed(_ images: Tensor) -> Tensor {
    let patch = configuration.patchSize
    let (below, right) = (
      (patch - images.shape[1] % patch) % patch, (patch - images.shape[2] % patch) % patch
    )
    let whole = below + right == 0 ? images : images.padded([(0, 0), (0, below), (0, right), (0, 0)])
    var x = embedding(whole)
    if let embeddingNorm { x = embeddingNorm(x) }
    if let positions {
      let size = (height: x.shape[1], width: x.shape[2])
      let table =
        size == configuration.grid
        ? positions.value : PositionResizing()(positions.value, from: configuration.grid, to: size)
      x = x + table.reshaped([1, size.height, size.width, x.shape[3]])
    }
    return dropout(x)
  }

  /// Blocks of one resolution, and the way to the next.
  private struct Stage: Layer {
    let blocks: [SwinBlock]
    let merging: SwinPatchMerging?

    init(_ configuration: Configuration, stage: Int, numbers: Range<Int>, dropPath: [Float]) {
      let channels = configuration.channels(ofStage: stage)
      let windows = configuration.windows(ofStage: stage)
      blocks = numbers.enumerated().map { block, number in
        SwinBlock(
          SwinBlock.Settings(
            channels: channels, heads: configuration.heads[stage],
            hidden: max(1, Int(Double(channels) * configuration.mlpRatio)), window: windows.side,
            shift: block % 2 == 0 ? 0 : windows.shift, hasBias: configuration.hasBias,
            scale: configuration.scale, drop: configuration.drop, attentionDrop: configuration.attentionDrop,
            dropPath: dropPath[block], activation: configuration.activation, epsilon: configuration.epsilon,
            isRecomputed: configuration.isRecomputed, numbers: DroppingNumbers(block: number),
            form: configuration.form))
      }
      merging =
        stage + 1 < configuration.depths.count
        ? SwinPatchMerging(
          channels, hasNorm: configuration.hasMergingNorm, epsilon: configuration.epsilon,
          form: configuration.form) : nil
    }

    var tree: ParameterTree { ["blocks": .layers(blocks), "downsample": .layer(merging)] }

    func callAsFunction(_ x: Tensor, isFrozen: Bool) -> Tensor {
      func run() -> Tensor { blocks.reduce(x) { $1($0) } }
      return isFrozen ? ForwardMode.frozen(x) { run() } : run()
    }

    /// The map of the next stage; the same where there is none.
    func merged(_ x: Tensor, isFrozen: Bool) -> Tensor {
      guard let merging else { return x }
      return isFrozen ? ForwardMode.frozen(x) { merging(x) } : merging(x)
    }
  }
}
