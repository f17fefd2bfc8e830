import Configuration

extension VSSM {
  /// Keys and defaults of the release. The model of February 2024 is `forward_type: v0` with `mlp_ratio: 0.0` and
  /// `downsample_version: v1`.
  public struct Configuration: Decodable, Sendable {
    /// Side of a patch, in pixels.
    public var patchSize: Int
    /// Channels of the images.
    public var inputChannels: Int
    /// Blocks of each stage.
    public var depths: [Int]
    /// Channels of each stage.
    public var dims: [Int]
    /// The blocks: scan, perceptron and norms. The norms of all other parts are the blocks'.
    public var block: VSSBlock.Settings
    /// What is between two stages.
    public var downsampling: VSSMDownsampling
    /// From pixels to the first stage.
    var patchEmbedding: VSSMPatchEmbedding.Version
    /// Whether the patch embedding has norms.
    public var hasPatchNorm: Bool
    /// Whether there is an embedding of positions; only a classifier uses it.
    public var hasPositions: Bool
    /// Side of the images that the embedding of positions is for.
    public var imageSize: Int
    /// Stochastic depth of the last block; it rises linearly from 0.
    public var dropPathRate: Float
    /// Whether blocks are recomputed in the backward pass.
    public var usesCheckpoints: Bool
    /// The stages whose outputs are returned.
    public var outIndices: [Int]
    /// What stays as it is: 0 the patch embedding, n also the first n stages; -1 nothing.
    public var frozenStages: Int
    /// A checkpoint whose weights it starts from; who builds the model reads it, and an empty text is none.
    public var pretrained: String?

    enum CodingKeys: String, CodingKey {
      case depths, dims, pretrained
      case patchSize = "patch_size"
      case inputChannels = "in_chans"
      case downsampling = "downsample_version"
      case patchEmbedding = "patchembed_version"
      case hasPatchNorm = "patch_norm"
      case hasPositions = "posembed"
      case imageSize = "imgsize"
      case dropPathRate = "drop_path_rate"
      case usesCheckpoints = "use_checkpoint"
      case outIndices = "out_indices"
      case frozenStages = "frozen_stages"
      // Of the block.
      case expansion = "ssm_ratio"
      case perceptronRatio = "mlp_ratio"
    }

    /// Keys without effect that a config of the release has beside its own: `num_classes` of the classifier, and, as
    /// mmengine writes it out, those of the Swin backbone that it is derived from.
    private enum IgnoredKeys: String, CodingKey, CaseIterable {
      case classes = "num_classes"
      case embeddingWidth = "embed_dims"
      case heads = "num_heads"
      case window = "window_size"
      case hasQKVBias = "qkv_bias"
      case scale = "qk_scale"
      case usesCheckpoints = "with_cp"
      case convertsWeights = "convert_weights"
      case dropRate = "drop_rate"
      case attentionDropRate = "attn_drop_rate"
      case pretrainingSize = "pretrain_img_size"
      case strides
      case hasPositions = "use_abs_pos_embed"
      case activation = "act_cfg"
      case norm = "norm_cfg"
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
      block = try VSSBlock.Settings(from: decoder)
      downsampling = try keys.decodeIfPresent(VSSMDownsampling.self, forKey: .downsampling) ?? .v2
      patchEmbedding =
        try keys.decodeIfPresent(VSSMPatchEmbedding.Version.self, forKey: .patchEmbedding) ?? .v1
      hasPatchNorm = try keys.decodeIfPresent(Bool.self, forKey: .hasPatchNorm) ?? true
      hasPositions = try keys.decodeIfPresent(Bool.self, forKey: .hasPositions) ?? false
      imageSize = try keys.decodeIfPresent(Int.self, forKey: .imageSize, in: 1...65_536) ?? 224
      dropPathRate = try keys.decodeIfPresent(Float.self, forKey: .dropPathRate) ?? 0.1
      usesCheckpoints = try keys.decodeIfPresent(Bool.self, forKey: .usesCheckpoints) ?? false
      outIndices = try keys.decodeIfPresent([Int].self, forKey: .outIndices) ?? Array(depths.indices)
      frozenStages = try keys.decodeIfPresent(Int.self, forKey: .frozenStages) ?? -1
      pretrained = try keys.decodeIfPresent(String.self, forKey: .pretrained)
      let ignored = try decoder.container(keyedBy: IgnoredKeys.self)
      for key in IgnoredKeys.allCases { _ = ignored.contains(key) }
      try check(keys)
    }

    private func check(_ keys: KeyedDecodingContainer<CodingKeys>) throws {
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
      try check(dropPathRate >= 0 && dropPathRate < 1, .dropPathRate, "\(dropPathRate) is not in 0 ..< 1")
      try check(
        !outIndices.isEmpty && outIndices.allSatisfy(depths.indices.contains)
          && zip(outIndices, outIndices.dropFirst()).allSatisfy { $0 < $1 }, .outIndices,
        "\(outIndices) is not an ascending list of stages in 0..<\(depths.count)")
      try check(
        (-1...depths.count).contains(frozenStages), .frozenStages,
        "\(frozenStages) is not in -1...\(depths.count): -1 for none, 0 for the patch embedding, n for n stages too"
      )
      if patchEmbedding == .v2 {
        try check(
          patchSize % 2 == 0, .patchSize, "\(patchSize) is odd, and patchembed_version v2 halves it")
        try check(dims[0] > 1, .dims, "\(dims) begins with 1, and patchembed_version v2 halves it")
      }
      if hasPositions {
        try check(
          imageSize >= patchSize, .imageSize, "\(imageSize) is smaller than a patch, \(patchSize) pixels")
      }
      let (scan, perceptron) = (block.scan, block.perceptron)
      try check(
        scan.expansion <= 0 || dims.allSatisfy { scan.inner(of: $0) > 0 }, .expansion,
        "\(scan.expansion) leaves nothing of \(dims) to scan; 0 is for no scan")
      try check(
        perceptron.ratio <= 0 || dims.allSatisfy { perceptron.hidden(of: $0) > 0 }, .perceptronRatio,
        "\(perceptron.ratio) leaves nothing of \(dims); 0 is for no perceptron")
    }
  }
}
