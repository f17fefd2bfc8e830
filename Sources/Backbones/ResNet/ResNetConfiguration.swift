import Configuration
import Layers

extension ResNet {
  /// Keys of mmdetection and mmsegmentation with the defaults that both have; `norm_eval` and `stem_channels` differ.
  public struct Configuration: Decodable, Sendable {
    /// Layers with weights, which name the blocks and their numbers: 18, 34, 50, 101 or 152.
    public var depth: Int
    /// Channels of the images.
    public var inputChannels: Int
    /// Channels behind the stem; nil: `base_channels` in mmdetection, 64 in mmsegmentation.
    public var stemChannels: Int?
    /// Channels of the first stage's 3x3 convolutions; each later stage has twice as many.
    public var baseChannels: Int
    /// How many stages there are.
    public var stages: Int
    /// Of the first block of each stage.
    public var strides: [Int]
    /// Of the 3x3 convolutions of each stage.
    public var dilations: [Int]
    /// The stages whose outputs are returned.
    public var outIndices: [Int]
    /// Which convolution of a bottleneck has the stride.
    public var style: Style
    /// Whether three 3x3 convolutions stand for the 7x7 one (ResNet-C).
    public var hasDeepStem: Bool
    /// Whether a mean of windows, not a stride, makes a block's input smaller (ResNet-D).
    public var averagesDown: Bool
    /// The stem and stages up to this one are left as they are; -1: none.
    public var frozenStages: Int
    /// The norm behind each convolution.
    public var norm: NormConfiguration
    /// Whether training uses the running statistics, and leaves them; nil: true in mmdetection, false in mmsegmentation.
    public var keepsStatistics: Bool?
    /// Whether the backward pass computes each block again.
    public var isCheckpointed: Bool
    /// Whether each block begins as the identity.
    public var startsAsIdentity: Bool
    /// Whether the first block of a dilated stage has half the dilation.
    public var contractsDilation: Bool
    /// A checkpoint whose weights it starts from; who builds the model reads it.
    public var pretrained: String?

    /// Which convolution of a bottleneck has the stride.
    public enum Style: String, Decodable, CaseIterable, Sendable {
      /// The 3x3 one.
      case pytorch
      /// The first 1x1 one, as in the original (detectron2's `STRIDE_IN_1X1`).
      case caffe
    }

    enum CodingKeys: String, CodingKey {
      case depth, strides, dilations, style, pretrained
      case inputChannels = "in_channels"
      case stemChannels = "stem_channels"
      case baseChannels = "base_channels"
      case stages = "num_stages"
      case outIndices = "out_indices"
      case hasDeepStem = "deep_stem"
      case averagesDown = "avg_down"
      case frozenStages = "frozen_stages"
      case norm = "norm_cfg"
      case keepsStatistics = "norm_eval"
      case isCheckpointed = "with_cp"
      case startsAsIdentity = "zero_init_residual"
      case contractsDilation = "contract_dilation"
    }

    /// Decodes mm's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      func flag(_ key: CodingKeys, default value: Bool = false) throws -> Bool {
        try keys.decodeIfPresent(Bool.self, forKey: key) ?? value
      }
      depth = try keys.decode(Int.self, forKey: .depth)
      inputChannels = try keys.decodeIfPresent(Int.self, forKey: .inputChannels) ?? 3
      stemChannels = try keys.decodeIfPresent(Int.self, forKey: .stemChannels, in: 2...4096)
      baseChannels = try keys.decodeIfPresent(Int.self, forKey: .baseChannels, in: 2...4096) ?? 64
      stages = try keys.decodeIfPresent(Int.self, forKey: .stages, in: 1...4) ?? 4
      strides = try keys.decodeIfPresent([Int].self, forKey: .strides) ?? [1, 2, 2, 2]
      dilations = try keys.decodeIfPresent([Int].self, forKey: .dilations) ?? [1, 1, 1, 1]
      outIndices = try keys.decodeIfPresent([Int].self, forKey: .outIndices) ?? [0, 1, 2, 3]
      style = try keys.decodeIfPresent(Style.self, forKey: .style) ?? .pytorch
      hasDeepStem = try flag(.hasDeepStem)
      averagesDown = try flag(.averagesDown)
      frozenStages = try keys.decodeIfPresent(Int.self, forKey: .frozenStages) ?? -1
      norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm) ?? NormConfiguration()
      keepsStatistics = try keys.decodeIfPresent(Bool.self, forKey: .keepsStatistics)
      isCheckpointed = try flag(.isCheckpointed)
      startsAsIdentity = try flag(.startsAsIdentity, default: true)
      contractsDilation = try flag(.contractsDilation)
      pretrained = try keys.decodeIfPresent(String.self, forKey: .pretrained)
      func check(_ isRight: Bool, _ key: CodingKeys, _ message: @autoclosure () -> String) throws {
        guard !isRight else { return }
        throw keys.refusal(message(), forKey: key)
      }
      let known = ResNet.depths.keys.sorted().map(String.init).joined(separator: ", ")
      try check(ResNet.depths[depth] != nil, .depth, "\(depth) is not one of \(known)")
      for (key, numbers) in [(CodingKeys.strides, strides), (.dilations, dilations)] {
        try check(
          numbers.count == stages && numbers.allSatisfy { (1...64).contains($0) }, key,
          "\(numbers) needs one number in 1...64 for each of the \(stages) stages of num_stages")
      }
      try check(
        !outIndices.isEmpty && outIndices.allSatisfy((0..<stages).contains)
          && zip(outIndices, outIndices.dropFirst()).allSatisfy { $0 < $1 }, .outIndices,
        "\(outIndices) is not an ascending list of stages in 0..<\(stages)")
      try check(
        (-1...stages).contains(frozenStages), .frozenStages, "\(frozenStages) is not in -1...\(stages)")
    }

    /// Why the norm does not go with the widths of the stem and the stages.
    var normMisfit: String? {
      let stem = stemChannels ?? baseChannels
      let widths = (0..<stages).map { baseChannels << $0 } + [stem] + (hasDeepStem ? [stem / 2] : [])
      return widths.lazy.compactMap { norm.misfit(channels: $0) }.first
    }
  }

  /// The blocks of each stage by depth (He et al., arXiv:1512.03385, table 1), and whether they are bottlenecks.
  static let depths: [Int: (blocks: [Int], isBottleneck: Bool)] = [
    18: ([2, 2, 2, 2], false), 34: ([3, 4, 6, 3], false), 50: ([3, 4, 6, 3], true),
    101: ([3, 4, 23, 3], true), 152: ([3, 8, 36, 3], true),
  ]
}
