import Configuration
import Layers
import Modeling
import Tensors

/// VMamba as a backbone (arXiv:2401.10166, figure 3; `MM_VSSM` of the release).
///
/// Patch embedding, four stages of `VSSBlock`s with downsampling between them, and a norm on the output of each
/// stage that is asked for.
public struct VSSM: Backbone {
  /// Keys of the release; the defaults are those of VMamba-T.
  public struct Configuration: Decodable, Sendable {
    /// Side of a patch, in pixels.
    public var patchSize: Int
    /// Channels of the images.
    public var inputChannels: Int
    /// Blocks of each stage.
    public var depths: [Int]
    /// Channels of each stage.
    public var dims: [Int]
    /// States of the scan.
    public var states: AutomaticInt
    /// Rank of delta.
    public var deltaRank: AutomaticInt
    /// Inner channels of the scan, relative to the stage's.
    public var expansion: Double
    /// Whether the four directions share one set of parameters.
    public var isScanShared: Bool
    /// Width of the perceptron's middle, relative to the stage's; 0 for none.
    public var mlpRatio: Double
    /// What is between two stages.
    public var downsampling: VSSMDownsampling
    /// Stochastic depth of the last block; it rises linearly from 0.
    public var dropPathRate: Float
    /// The stages whose outputs are returned.
    public var outIndices: [Int]
    /// A checkpoint whose weights it starts from; who builds the model reads it.
    public var pretrained: String?

    enum CodingKeys: String, CodingKey {
      case depths, dims, pretrained
      case patchSize = "patch_size"
      case inputChannels = "in_chans"
      case states = "d_state"
      case deltaRank = "dt_rank"
      case expansion = "ssm_ratio"
      case isScanShared = "shared_ssm"
      case mlpRatio = "mlp_ratio"
      case downsampling = "downsample_version"
      case dropPathRate = "drop_path_rate"
      case outIndices = "out_indices"
    }

    /// Decodes the release's keys; `dims` may be the first stage's width alone, which then doubles.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      patchSize = try keys.decodeIfPresent(Int.self, forKey: .patchSize) ?? 4
      inputChannels = try keys.decodeIfPresent(Int.self, forKey: .inputChannels) ?? 3
      depths = try keys.decodeIfPresent([Int].self, forKey: .depths) ?? [2, 2, 9, 2]
      if let first = try? keys.decode(Int.self, forKey: .dims) {
        dims = depths.indices.map { first << $0 }
      } else {
        dims = try keys.decodeIfPresent([Int].self, forKey: .dims) ?? [96, 192, 384, 768]
      }
      states = try keys.decodeIfPresent(AutomaticInt.self, forKey: .states) ?? .value(16)
      deltaRank = try keys.decodeIfPresent(AutomaticInt.self, forKey: .deltaRank) ?? .auto
      expansion = try keys.decodeIfPresent(Double.self, forKey: .expansion) ?? 2
      isScanShared = try keys.decodeIfPresent(Bool.self, forKey: .isScanShared) ?? false
      mlpRatio = try keys.decodeIfPresent(Double.self, forKey: .mlpRatio) ?? 0
      downsampling = try keys.decodeIfPresent(VSSMDownsampling.self, forKey: .downsampling) ?? .v1
      dropPathRate = try keys.decodeIfPresent(Float.self, forKey: .dropPathRate) ?? 0.2
      outIndices = try keys.decodeIfPresent([Int].self, forKey: .outIndices) ?? [0, 1, 2, 3]
      pretrained = try keys.decodeIfPresent(String.self, forKey: .pretrained)
      func check(_ isRight: Bool, _ key: CodingKeys, _ message: @autoclosure () -> String) throws {
        guard !isRight else { return }
        throw keys.refusal(message(), forKey: key)
      }
      try check((1...64).contains(patchSize), .patchSize, "\(patchSize) is not in 1...64")
      try check((1...4096).contains(inputChannels), .inputChannels, "\(inputChannels) is not in 1...4096")
      try check(
        !depths.isEmpty && depths.count <= 8 && depths.allSatisfy { (1...1000).contains($0) }, .depths,
        "\(depths) is not a list of one to eight numbers in 1...1000")
      try check(
        dims.count == depths.count && dims.allSatisfy { (1...65536).contains($0) }, .dims,
        "\(dims) needs one width in 1...65536 for each of the \(depths.count) stages of depths")
      try check(expansion > 0 && expansion <= 16, .expansion, "\(expansion) is not above 0 and at most 16")
      try check(mlpRatio >= 0 && mlpRatio <= 64, .mlpRatio, "\(mlpRatio) is not in 0...64")
      try check(dropPathRate >= 0 && dropPathRate < 1, .dropPathRate, "\(dropPathRate) is not in 0 ..< 1")
      try check(
        !outIndices.isEmpty && outIndices.allSatisfy(depths.indices.contains)
          && zip(outIndices, outIndices.dropFirst()).allSatisfy { $0 < $1 }, .outIndices,
        "\(outIndices) is not an ascending list of stages in 0..<\(depths.count)")
      if case .value(let number) = states { try check(number <= 64, .states, "\(number) is not in 1...64") }
    }
  }

  private let patchEmbedding: Conv2d
  private let patchNorm: LayerNorm
  private let stages: [Stage]
  private let outNorms: [Int: LayerNorm]

  /// Channels and stride of each returned map.
  public let outputs: [FeatureMap]

  /// A backbone with the published initial values.
  public init(_ configuration: Configuration) {
    let dims = configuration.dims
    patchEmbedding = Conv2d(
      configuration.inputChannels, dims[0], kernel: configuration.patchSize, stride: configuration.patchSize)
    patchNorm = LayerNorm(dims[0])
    let blocks = configuration.depths.reduce(0, +)
    var number = 0
    var stages: [Stage] = []
    for (index, depth) in configuration.depths.enumerated() {
      let scan = SS2D.Configuration(
        channels: dims[index], states: configuration.states, deltaRank: configuration.deltaRank,
        expansion: configuration.expansion, isShared: configuration.isScanShared)
      let hidden = Int(Double(dims[index]) * configuration.mlpRatio)
      let numbers = number..<number + depth
      number += depth
      stages.append(
        Stage(
          blocks: numbers.map { number in
            let rate = blocks > 1 ? configuration.dropPathRate * Float(number) / Float(blocks - 1) : 0
            return VSSBlock(scan, hidden: hidden, dropPath: DropPath(probability: rate, layer: number))
          },
          downsampling: index + 1 < dims.count
            ? configuration.downsampling.make(from: dims[index], to: dims[index + 1]) : nil))
    }
    self.stages = stages
    outNorms = Dictionary(uniqueKeysWithValues: configuration.outIndices.map { ($0, LayerNorm(dims[$0])) })
    outputs = configuration.outIndices.map {
      FeatureMap(channels: dims[$0], stride: configuration.patchSize << $0)
    }
  }

  /// Weights under the release's names.
  public var tree: ParameterTree {
    let norms = outNorms.sorted { $0.key < $1.key }.map {
      ("outnorm\($0.key)", ParameterTree.Entry.layer($0.value))
    }
    let tree: ParameterTree = [
      "patch_embed": .tree(["0": .layer(patchEmbedding), "2": .layer(patchNorm)]), "layers": .layers(stages),
    ]
    return (tree + ParameterTree(norms)).named(by: VSSMNaming())
  }

  /// `[B, H, W, 3]` to one map a stage in `out_indices`, the finest first.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    var x = patchNorm(patchEmbedding(images))
    var features: [Tensor] = []
    for (index, stage) in stages.enumerated() {
      x = stage(x)
      if let norm = outNorms[index] { features.append(norm(x)) }
      if let downsampling = stage.downsampling { x = downsampling(x) }
    }
    return features
  }

  /// Blocks of one resolution, and the way to the next.
  private struct Stage: UnaryLayer {
    let blocks: [VSSBlock]
    let downsampling: (any UnaryLayer)?

    var tree: ParameterTree { ["blocks": .layers(blocks), "downsample": .layer(downsampling)] }

    func callAsFunction(_ x: Tensor) -> Tensor { blocks.reduce(x) { $1($0) } }
  }
}
