import Layers
import Tensors

extension VisionTransformer {
  /// What is returned of a block.
  public enum Output: String, Decodable, CaseIterable, Sendable {
    /// The class token.
    case classToken = "cls_token"
    /// The patches.
    case map = "featmap"
  }

  /// mmpretrain's keys and defaults, with the widths of DeiT-B where it has `arch`.
  public struct Configuration: Decodable, Sendable {
    /// Of the images that the positions are for.
    public var imageSize: SquareOrPair
    /// Side of a patch.
    public var patchSize: Int
    /// Channels of the images.
    public var inputChannels: Int
    /// Channels of a token.
    public var channels: Int
    /// Blocks, and heads of each.
    public var layers, heads: Int
    /// Width of the perceptron's middle, relative to the channels.
    public var mlpRatio: Double
    /// Whether q, k and v have a bias.
    public var hasBias: Bool
    /// Probabilities of dropping.
    public var drop, attentionDrop, dropPath: Float
    /// The blocks whose outputs are returned.
    public var outIndices: [Int]
    /// What is returned of them.
    public var output: Output
    /// Whether a norm follows the last block.
    public var hasFinalNorm: Bool
    /// Of the layer norms.
    public var epsilon: Float
    /// Function of the perceptrons.
    public var activation: Activation
    /// How positions come to another grid.
    var resizing: PositionResizing
    /// Whether blocks are computed again in the backward pass.
    public var isRecomputed: Bool
    /// Above 0: so many blocks and what is before them are frozen.
    public var frozenStages: Int
    /// A checkpoint whose weights it starts from; who builds the model reads it.
    public var pretrained: String?

    enum CodingKeys: String, CodingKey {
      case pretrained
      case imageSize = "img_size"
      case patchSize = "patch_size"
      case inputChannels = "in_channels"
      case channels = "embed_dims"
      case layers = "num_layers"
      case heads = "num_heads"
      case mlpRatio = "mlp_ratio"
      case hasBias = "qkv_bias"
      case drop = "drop_rate"
      case attentionDrop = "attn_drop_rate"
      case dropPath = "drop_path_rate"
      case outIndices = "out_indices"
      case output = "out_type"
      case hasFinalNorm = "final_norm"
      case norm = "norm_cfg"
      case activation = "act_cfg"
      case interpolation = "interpolate_mode"
      case antialias = "interpolate_antialias"
      case isRecomputed = "with_cp"
      case frozenStages = "frozen_stages"
    }

    private enum Interpolation: String, Decodable, CaseIterable { case bicubic }

    /// Decodes mmpretrain's keys; `out_indices` counts from the end where it is negative. `interpolate_antialias` is
    /// timm's way to bring positions to a smaller or larger grid; the releases' own is the default.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      imageSize = try keys.decodeIfPresent(SquareOrPair.self, forKey: .imageSize) ?? SquareOrPair(224)
      patchSize = try keys.decodeIfPresent(Int.self, forKey: .patchSize, in: 1...256) ?? 16
      inputChannels = try keys.decodeIfPresent(Int.self, forKey: .inputChannels, in: 1...4096) ?? 3
      channels = try keys.decodeIfPresent(Int.self, forKey: .channels, in: 1...16_384) ?? 768
      layers = try keys.decodeIfPresent(Int.self, forKey: .layers, in: 1...1000) ?? 12
      heads = try keys.decodeIfPresent(Int.self, forKey: .heads, in: 1...1024) ?? 12
      mlpRatio = try keys.decodeIfPresent(Double.self, forKey: .mlpRatio) ?? 4
      hasBias = try keys.decodeIfPresent(Bool.self, forKey: .hasBias) ?? true
      drop = try keys.decodeRate(forKey: .drop)
      attentionDrop = try keys.decodeRate(forKey: .attentionDrop)
      dropPath = try keys.decodeRate(forKey: .dropPath)
      let indices: [Int]
      if let one = try? keys.decode(Int.self, forKey: .outIndices) {
        indices = [one]
      } else {
        indices = try keys.decodeIfPresent([Int].self, forKey: .outIndices) ?? [-1]
      }
      let count = layers
      outIndices = indices.map { $0 < 0 && $0 >= -count ? count + $0 : $0 }
      output = try keys.decodeIfPresent(Output.self, forKey: .output) ?? .classToken
      hasFinalNorm = try keys.decodeIfPresent(Bool.self, forKey: .hasFinalNorm) ?? true
      epsilon = try keys.decodeLayerNorm(forKey: .norm, epsilon: 1e-6)
      activation =
        (try keys.decodeIfPresent(ActivationSettings.self, forKey: .activation) ?? ActivationSettings())
        .activation
      _ = try keys.decodeIfPresent(Interpolation.self, forKey: .interpolation)
      resizing = PositionResizing(
        antialias: try keys.decodeIfPresent(Bool.self, forKey: .antialias) ?? false)
      isRecomputed = try keys.decodeIfPresent(Bool.self, forKey: .isRecomputed) ?? false
      frozenStages = try keys.decodeIfPresent(Int.self, forKey: .frozenStages) ?? -1
      pretrained = try keys.decodeIfPresent(String.self, forKey: .pretrained)
      func check(_ isRight: Bool, _ key: CodingKeys, _ message: @autoclosure () -> String) throws {
        guard !isRight else { return }
        throw keys.refusal(message(), forKey: key)
      }
      try check(channels % heads == 0, .heads, "\(heads) heads do not divide \(channels) channels")
      try check(mlpRatio > 0 && mlpRatio <= 64, .mlpRatio, "\(mlpRatio) is not above 0 and at most 64")
      try check(
        !outIndices.isEmpty && outIndices.allSatisfy((0..<count).contains)
          && zip(outIndices, outIndices.dropFirst()).allSatisfy { $0 < $1 }, .outIndices,
        "\(indices) is not an ascending list of blocks in 0..<\(count)")
      try check(
        (-1...count).contains(frozenStages), .frozenStages, "\(frozenStages) is not in -1...\(count)")
    }

    /// Whole patches of the images that the positions are for.
    var grid: (height: Int, width: Int) {
      (max(1, imageSize.height / patchSize), max(1, imageSize.width / patchSize))
    }
  }
}
