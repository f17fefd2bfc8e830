import Layers
import Modeling
import Tensors

/// VMamba as a backbone (arXiv:2401.10166, figure 3; `MM_VSSM` of the release), of all its releases.
///
/// Patch embedding, stages of `VSSBlock`s with downsampling between them, and a norm on the output of each stage that is
/// asked for.
public struct VSSM: ScanningBackbone {
  private let patchEmbedding: VSSMPatchEmbedding
  private let positions: Parameter?  // [1, h, w, C]
  private var usesPositions = false
  private let stages: [Stage]
  private let outNorms: [Int: any UnaryLayer]
  private let frozenStages: Int

  /// Channels and stride of each returned map.
  public let outputs: [FeatureMap]

  /// A backbone with the release's initial values.
  public init(_ configuration: Configuration) {
    let dims = configuration.dims
    let norm = configuration.block.norm
    patchEmbedding = VSSMPatchEmbedding(
      configuration.patchEmbedding, patchSize: configuration.patchSize, from: configuration.inputChannels,
      to: dims[0], norm: configuration.hasPatchNorm ? norm : nil)
    let grid = configuration.imageSize / configuration.patchSize
    positions =
      configuration.hasPositions
      ? Parameter([1, grid, grid, dims[0]], .truncatedNormal(deviation: 0.02), layout: .channelsLast) : nil
    let blocks = configuration.depths.reduce(0, +)
    var number = 0
    var stages: [Stage] = []
    for (index, depth) in configuration.depths.enumerated() {
      let numbers = number..<number + depth
      number += depth
      stages.append(
        Stage(
          blocks: numbers.map { number in
            let rate = blocks > 1 ? configuration.dropPathRate * Float(number) / Float(blocks - 1) : 0
            return VSSBlock(dims[index], configuration.block, number: number, dropPathRate: rate)
          },
          downsampling: index + 1 < dims.count
            ? configuration.downsampling.make(from: dims[index], to: dims[index + 1], norm: norm) : nil,
          usesCheckpoints: configuration.usesCheckpoints))
    }
    self.stages = stages
    outNorms = Dictionary(uniqueKeysWithValues: configuration.outIndices.map { ($0, norm.make(dims[$0])) })
    let stride = configuration.patchEmbedding.stride(patchSize: configuration.patchSize)
    outputs = configuration.outIndices.map { FeatureMap(channels: dims[$0], stride: stride << $0) }
    frozenStages = configuration.frozenStages
    freeze()
  }

  private func freeze() {
    guard frozenStages >= 0 else { return }
    patchEmbedding.tree.freeze()
    positions?.isFrozen = true
    for index in 0..<frozenStages {
      stages[index].tree.freeze()
      outNorms[index]?.tree.freeze()
    }
  }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    let norms = outNorms.sorted { $0.key < $1.key }.map {
      ("outnorm\($0.key)", ParameterTree.Entry.layer($0.value))
    }
    return (stem + ParameterTree(norms)).named(by: VSSMNaming())
  }

  /// The release's classifier: the norm of the last returned map is `classifier.norm`.
  public func classifierTree(head: ParameterTree) -> ParameterTree {
    let norm = outNorms.max { $0.key < $1.key }?.value
    let classifier: ParameterTree = ["classifier": .tree(["norm": .layer(norm), "head": .tree(head)])]
    return (stem + classifier).named(by: VSSMNaming())
  }

  private var stem: ParameterTree {
    [
      "pos_embed": .optional(positions), "patch_embed": .layer(patchEmbedding), "layers": .layers(stages),
    ]
  }

  /// The same with its positions, which only a classifier uses.
  public var inClassifier: any Backbone {
    var backbone = self
    backbone.usesPositions = true
    return backbone
  }

  /// `[B, H, W, 3]` to one map a stage in `out_indices`, the finest first.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var features: [Tensor] = []
    run(images) { index, x in
      if let norm = outNorms[index] { features.append(part(index + 1, of: x) { norm($0) }) }
    }
    return features
  }

  /// `[B, H, W, 3]` to one map a stage, before the norms.
  public func stages(_ images: Tensor) -> [Tensor] {
    var maps: [Tensor] = []
    run(images) { _, x in maps.append(x) }
    return maps
  }

  /// Runs all stages; `visit` sees the number of each and its map.
  private func run(_ images: Tensor, _ visit: (Int, Tensor) -> Void) {
    var x = part(0, of: images) { positioned(patchEmbedding($0)) }
    for (index, stage) in stages.enumerated() {
      x = part(index + 1, of: x) { stage($0) }
      visit(index, x)
      if let downsampling = stage.downsampling { x = part(index + 1, of: x) { downsampling($0) } }
    }
  }

  /// Blocks of each stage.
  public var scans: [Int] { stages.map(\.blocks.count) }

  /// The response of a block's scan, `[B, h, w]`; zeros where there is no such block.
  public func scanResponse(_ images: Tensor, stage number: Int, block: Int, row: Int, column: Int) -> Tensor {
    var x = withoutGradients { positioned(patchEmbedding(images)) }
    for (index, stage) in stages.enumerated() {
      if index == number, stage.blocks.indices.contains(block) {
        x = withoutGradients { stage.blocks[..<block].reduce(x) { $1($0) } }
        return stage.blocks[block].response(
          x, row: min(max(0, row), x.shape[1] - 1), column: min(max(0, column), x.shape[2] - 1))
      }
      x = withoutGradients { stage(x) }
      if let downsampling = stage.downsampling { x = withoutGradients { downsampling(x) } }
    }
    return .zeros(Array(x.shape.dropLast()))
  }

  /// Runs the patch embedding (0) or what belongs to a stage (from 1), as in evaluation where it is frozen.
  private func part(_ number: Int, of x: Tensor, _ body: (Tensor) -> Tensor) -> Tensor {
    number <= frozenStages ? ForwardMode.frozen(x) { body(x) } : body(x)
  }

  private func positioned(_ x: Tensor) -> Tensor {
    guard usesPositions, let positions = positions?.value else { return x }
    let size = (height: x.shape[1], width: x.shape[2])
    let grid = (height: positions.shape[1], width: positions.shape[2])
    guard grid != size else { return x + positions }
    return x
      + PositionResizing()(positions, from: grid, to: size)
      .reshaped([1, size.height, size.width, positions.shape[3]])
  }

  /// Blocks of one resolution, and the way to the next.
  private struct Stage: UnaryLayer {
    let blocks: [VSSBlock]
    let downsampling: (any UnaryLayer)?
    let usesCheckpoints: Bool

    var tree: ParameterTree { ["blocks": .layers(blocks), "downsample": .layer(downsampling)] }

    /// The blocks.
    func callAsFunction(_ x: Tensor) -> Tensor {
      blocks.reduce(x) { x, block in
        usesCheckpoints ? checkpointed([x]) { block($0[0]) } : block(x)
      }
    }
  }
}
