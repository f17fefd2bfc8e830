import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Unified perceptual parsing (Xiao et al., arXiv:1807.10221, figure 4; mmsegmentation's `UPerHead`).
///
/// A pyramid of poolings on the coarsest map, a feature pyramid over all, everything joined at the finest size.
public struct UPerHead: DecodeHead {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    var inputChannels: [Int]
    var inputIndices: [Int]
    var poolScales: [Int]
    var settings: DecodeHeadSettings

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case inputIndices = "in_index"
      case poolScales = "pool_scales"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode([Int].self, forKey: .inputChannels)
      inputIndices =
        try keys.decodeIfPresent([Int].self, forKey: .inputIndices) ?? Array(inputChannels.indices)
      poolScales = try keys.decodeIfPresent([Int].self, forKey: .poolScales) ?? [1, 2, 3, 6]
      settings = try DecodeHeadSettings(from: decoder)
      guard inputChannels.allSatisfy({ (1...65_536).contains($0) }) else {
        throw keys.refusal("\(inputChannels) is not a list of widths in 1...65536", forKey: .inputChannels)
      }
      guard inputChannels.count == inputIndices.count, !inputChannels.isEmpty else {
        throw keys.refusal(
          "\(inputIndices.count) maps for \(inputChannels.count) widths in in_channels", forKey: .inputIndices
        )
      }
      guard poolScales.allSatisfy({ (1...64).contains($0) }), !poolScales.isEmpty else {
        throw keys.refusal("\(poolScales) is not a list of numbers in 1...64", forKey: .poolScales)
      }
    }
  }

  private let poolScales: [Int]
  private let poolings: [ConvModule]
  private let bottleneck: ConvModule
  private let laterals: [ConvModule]
  private let convolutions: [ConvModule]
  private let fusion: ConvModule
  private let classifier: PixelClassifier
  /// How many bytes of the joined levels are there at once where nothing is to be differentiated.
  package var stripBytes = 180 << 20
  /// Which of the backbone's maps it takes, and their channels.
  public let inputs: [(index: Int, channels: Int)]
  /// What heads have in common.
  public let settings: DecodeHeadSettings

  /// A head with mmsegmentation's initial values. Its layer tells the heads of a model apart in the key of dropout's
  /// random numbers.
  public init(_ configuration: Configuration, classes: Int, layer: Int) {
    settings = configuration.settings
    let (width, norm) = (settings.channels, settings.norm)
    let coarsest = configuration.inputChannels.last ?? 0
    poolScales = configuration.poolScales
    poolings = poolScales.map { _ in ConvModule(coarsest, width, kernel: 1, norm: norm) }
    bottleneck = ConvModule(coarsest + poolings.count * width, width, kernel: 3, padding: 1, norm: norm)
    laterals = configuration.inputChannels.dropLast().map { ConvModule($0, width, kernel: 1, norm: norm) }
    convolutions = laterals.map { _ in ConvModule(width, width, kernel: 3, padding: 1, norm: norm) }
    fusion = ConvModule(
      configuration.inputChannels.count * width, width, kernel: 3, padding: 1, norm: norm)
    classifier = PixelClassifier(width, classes: classes, dropoutRatio: settings.dropoutRatio, layer: layer)
    inputs = zip(configuration.inputIndices, configuration.inputChannels).map { (index: $0, channels: $1) }
  }

  /// Weights under mmsegmentation's names.
  public var tree: ParameterTree {
    [
      "conv_seg": .layer(classifier),
      "psp_modules": .tree(
        ParameterTree(poolings.enumerated().map { ("\($0.offset)", .tree(["1": .layer($0.element)])) })),
      "bottleneck": .layer(bottleneck), "lateral_convs": .layers(laterals),
      "fpn_convs": .layers(convolutions),
      "fpn_bottleneck": .layer(fusion),
    ]
  }

  /// Two where a batch of one image leaves batch norm a single value a channel behind the 1x1 pooling.
  public var minimumBatch: Int {
    poolScales.contains(1) && settings.norm.map { $0.kind != .layerNorm } ?? false ? 2 : 1
  }

  /// Maps `[B, h, w, C]`, the finest first, to logits at the finest size.
  public func callAsFunction(_ features: [Tensor]) -> Tensor {
    let maps = inputs.map { features[$0.index] }
    var merged = zip(laterals, maps).map { $0($1) } + [pooled(maps[maps.count - 1])]
    for level in merged.indices.dropFirst().reversed() {
      let coarser = resized(merged[level], like: merged[level - 1])
      if Recording.isOn {
        merged[level - 1] = merged[level - 1] + coarser
      } else {
        merged[level - 1].add(coarser)
      }
    }
    let levels = zip(convolutions, merged).map { $0($1) } + [merged[merged.count - 1]]
    guard !Recording.isOn else {
      return classifier(fusion(concatenated(levels.map { resized($0, like: levels[0]) }, axis: 3)))
    }
    return classified(levels)
  }

  /// The logits of levels where nothing is to be differentiated: no level is resized by itself, and a large map is joined
  /// and worked on by strips of rows.
  private func classified(_ levels: [Tensor]) -> Tensor {
    let (height, width) = (levels[0].shape[1], levels[0].shape[2])
    func joined(_ rows: Range<Int>) -> Tensor {
      joinedChannels(
        of: levels, height: height, width: width, alignCorners: settings.alignCorners, rows: rows)
    }
    let row = 4 * levels[0].shape[0] * width * levels.map { $0.shape[3] }.reduce(0, +)
    let count = (height * row + stripBytes - 1) / stripBytes
    // Statistics of a batch, and counts of operations, are of the whole map.
    guard count > 1, ForwardMode.current.training == nil, OperationCounter.current == nil else {
      return classifier(fusion(joined(0..<height)))
    }
    // The rows of a tile of Winograd's convolution, so that strips have the tiles of the whole; one beside each is enough for
    // a 3x3 kernel.
    let tile = 4
    let step = ((height + count - 1) / count + tile - 1) / tile * tile
    let strips = stride(from: 0, to: height, by: step).map { start in
      let end = min(start + step, height)
      let (top, bottom) = (max(0, start - tile), min(height, end + tile))
      return classifier(fusion(joined(top..<bottom)).sliced(axis: 1, from: start - top, to: end - top))
    }
    return concatenated(strips, axis: 1)
  }

  /// The pyramid of poolings, joined to the map it is of.
  private func pooled(_ x: Tensor) -> Tensor {
    let pyramid = zip(poolScales, poolings).map { scale, block in
      resized(block(adaptiveAveragePool2d(x, height: scale, width: scale)), like: x)
    }
    return bottleneck(concatenated([x] + pyramid, axis: 3))
  }

  private func resized(_ x: Tensor, like other: Tensor) -> Tensor {
    guard x.shape[1] != other.shape[1] || x.shape[2] != other.shape[2] else { return x }
    return x.resizedBilinear(
      height: other.shape[1], width: other.shape[2], alignCorners: settings.alignCorners)
  }
}
