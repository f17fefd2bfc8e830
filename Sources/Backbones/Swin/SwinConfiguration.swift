import Layers
import Tensors

extension SwinTransformer {
  /// Whose names and habits it has.
  public enum Form: Sendable {
    /// mmdetection's: `stages.i.blocks.j.attn.w_msa`, a norm on every returned map, windows of one size and shifted in
    /// every second block whatever the map's size.
    case mm
    /// The classifier of the release: `layers.i.blocks.j.attn`, one norm; where a map is not larger than a window it is
    /// the window, and nothing is shifted.
    case release
  }

  /// mmdetection's keys and defaults.
  public struct Configuration: Decodable, Sendable {
    /// Whose names and habits it has.
    public var form: Form
    /// `pretrain_img_size`, of the classifier `img_size`: of the images that the positions were learnt with.
    public var imageSize: SquareOrPair
    /// Channels of the images.
    public var inputChannels: Int
    /// Channels of the first stage; they double from stage to stage.
    public var channels: Int
    /// Sides of a patch and of a window.
    public var patchSize, window: Int
    /// Width of the perceptron's middle, relative to the stage's.
    public var mlpRatio: Double
    /// Blocks and heads of each stage.
    public var depths, heads: [Int]
    /// The stages whose outputs are returned.
    public var outIndices: [Int]
    /// Whether q, k and v have a bias.
    public var hasBias: Bool
    /// Factor of the logits; the root of a head's width unless given.
    public var scale: Float?
    /// Whether a norm follows the patch embedding and precedes each merging.
    public var hasPatchNorm: Bool
    /// Whether a position's own vector is added to its patch.
    public var hasPositions: Bool
    /// Probabilities of dropping.
    public var drop, attentionDrop, dropPath: Float
    /// Function of the perceptrons.
    public var activation: Activation
    /// Of the layer norms.
    public var epsilon: Float
    /// Whether blocks are computed again in the backward pass.
    public var isRecomputed: Bool
    /// -1: nothing is frozen; 0: patch embedding and positions; n: the first n stages too.
    public var frozenStages: Int
    /// A checkpoint whose weights it starts from; who builds the model reads it.
    public var pretrained: String?

    enum CodingKeys: String, CodingKey {
      case depths, strides, pretrained
      case pretrainImageSize = "pretrain_img_size"
      case imageSize = "img_size"
      case inputChannels = "in_channels"
      case channels = "embed_dims"
      case patchSize = "patch_size"
      case window = "window_size"
      case mlpRatio = "mlp_ratio"
      case heads = "num_heads"
      case outIndices = "out_indices"
      case hasBias = "qkv_bias"
      case scale = "qk_scale"
      case hasPatchNorm = "patch_norm"
      case hasPositions = "use_abs_pos_embed"
      case drop = "drop_rate"
      case attentionDrop = "attn_drop_rate"
      case dropPath = "drop_path_rate"
      case activation = "act_cfg"
      case norm = "norm_cfg"
      case isRecomputed = "with_cp"
      case frozenStages = "frozen_stages"
      case convertsWeights = "convert_weights"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws { try self.init(from: decoder, form: .mm) }

    init(from decoder: any Decoder, form: Form) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      self.form = form
      imageSize =
        try keys.decodeIfPresent(
          SquareOrPair.self, forKey: form == .mm ? .pretrainImageSize : .imageSize) ?? SquareOrPair(224)
      inputChannels = try keys.decodeIfPresent(Int.self, forKey: .inputChannels, in: 1...4096) ?? 3
      channels = try keys.decodeIfPresent(Int.self, forKey: .channels, in: 1...4096) ?? 96
      patchSize = try keys.decodeIfPresent(Int.self, forKey: .patchSize, in: 1...64) ?? 4
      window = try keys.decodeIfPresent(Int.self, forKey: .window, in: 1...64) ?? 7
      mlpRatio = try keys.decodeIfPresent(Double.self, forKey: .mlpRatio) ?? 4
      depths = try keys.decodeIfPresent([Int].self, forKey: .depths) ?? [2, 2, 6, 2]
      heads = try keys.decodeIfPresent([Int].self, forKey: .heads) ?? [3, 6, 12, 24]
      outIndices =
        try keys.decodeIfPresent([Int].self, forKey: .outIndices)
        ?? (form == .mm ? Array(depths.indices) : [depths.count - 1])
      hasBias = try keys.decodeIfPresent(Bool.self, forKey: .hasBias) ?? true
      scale = try keys.decodeIfPresent(Float.self, forKey: .scale)
      hasPatchNorm = try keys.decodeIfPresent(Bool.self, forKey: .hasPatchNorm) ?? true
      hasPositions = try keys.decodeIfPresent(Bool.self, forKey: .hasPositions) ?? false
      drop = try keys.decodeRate(forKey: .drop)
      attentionDrop = try keys.decodeRate(forKey: .attentionDrop)
      dropPath = try keys.decodeRate(forKey: .dropPath, default: 0.1)
      activation =
        (try keys.decodeIfPresent(ActivationSettings.self, forKey: .activation) ?? ActivationSettings())
        .activation
      epsilon = try keys.decodeLayerNorm(forKey: .norm, epsilon: 1e-5)
      isRecomputed = try keys.decodeIfPresent(Bool.self, forKey: .isRecomputed) ?? false
      frozenStages = try keys.decodeIfPresent(Int.self, forKey: .frozenStages) ?? -1
      pretrained = try keys.decodeIfPresent(String.self, forKey: .pretrained)
      // A file of the release is known by its names, so that this says nothing more.
      if form == .mm { _ = try keys.decodeIfPresent(Bool.self, forKey: .convertsWeights) }
      let strides = try keys.decodeIfPresent([Int].self, forKey: .strides)
      try check(keys, strides: strides)
    }

    private func check(_ keys: KeyedDecodingContainer<CodingKeys>, strides: [Int]?) throws {
      func check(_ isRight: Bool, _ key: CodingKeys, _ message: @autoclosure () -> String) throws {
        guard !isRight else { return }
        throw keys.refusal(message(), forKey: key)
      }
      try check(
        !depths.isEmpty && depths.count <= 8 && depths.allSatisfy { (1...1000).contains($0) }, .depths,
        "\(depths) is not a list of one to eight numbers in 1...1000")
      try check(
        heads.count == depths.count && heads.allSatisfy { $0 >= 1 }, .heads,
        "\(heads) needs a number of heads for each of the \(depths.count) stages of depths")
      for (stage, heads) in heads.enumerated() {
        let width = channels << stage
        try check(
          width % heads == 0, .heads,
          "stage \(stage) has \(width) channels, which \(heads) heads do not divide")
      }
      try check(mlpRatio > 0 && mlpRatio <= 64, .mlpRatio, "\(mlpRatio) is not above 0 and at most 64")
      try check(scale.map { $0.isFinite && $0 > 0 } ?? true, .scale, "is not above 0")
      try check(
        !outIndices.isEmpty && outIndices.allSatisfy(depths.indices.contains)
          && zip(outIndices, outIndices.dropFirst()).allSatisfy { $0 < $1 }, .outIndices,
        "\(outIndices) is not an ascending list of stages in 0..<\(depths.count)")
      try check(
        (-1...depths.count).contains(frozenStages), .frozenStages,
        "\(frozenStages) is not in -1...\(depths.count)")
      let right = [patchSize] + depths.dropFirst().map { _ in 2 }
      try check(
        strides.map { $0 == right } ?? true, .strides,
        "\(strides ?? []) is not \(right): patches do not overlap, and stages halve the map")
    }

    /// In the release `patch_norm` is of the patch embedding alone.
    var hasMergingNorm: Bool { hasPatchNorm || form == .release }

    /// Channels of a stage.
    func channels(ofStage stage: Int) -> Int { channels << stage }

    /// Whole patches of the images that the positions were learnt with.
    var grid: (height: Int, width: Int) {
      (max(1, imageSize.height / patchSize), max(1, imageSize.width / patchSize))
    }

    /// Side of the windows of a stage, and how far every second block shifts them.
    func windows(ofStage stage: Int) -> (side: Int, shift: Int) {
      if form == .release {
        // Between stages an odd side is rounded up.
        let round = 1 << stage
        let smallest = (min(grid.height, grid.width) + round - 1) / round
        if smallest <= window { return (smallest, 0) }
      }
      return (window, window / 2)
    }
  }

  /// The classifier's keys: those of the backbone, with `img_size`.
  public struct ReleaseConfiguration: Decodable, Sendable {
    /// The settings.
    public var settings: Configuration

    /// Decodes the keys.
    public init(from decoder: any Decoder) throws {
      settings = try Configuration(from: decoder, form: .release)
    }
  }
}
