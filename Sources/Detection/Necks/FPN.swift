import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Feature pyramid network (Lin et al., arXiv:1612.03144, figure 3; mmdetection's `FPN`).
public struct FPN: Neck {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    /// Channels of the backbone's maps.
    public var inputChannels: [Int]
    /// Channels of the pyramid.
    public var outputChannels: Int
    /// Levels of the pyramid; those beyond the backbone's come by max pooling of the last one.
    public var levels: Int
    /// The norm behind each convolution, if any.
    public var norm: NormConfiguration?
    /// Whether the convolutions on the backbone's maps go without.
    public var leavesLateralsPlain: Bool

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case outputChannels = "out_channels"
      case levels = "num_outs"
      case norm = "norm_cfg"
      case leavesLateralsPlain = "no_norm_on_lateral"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode([Int].self, forKey: .inputChannels)
      outputChannels = try keys.decode(Int.self, forKey: .outputChannels, in: 1...65_536)
      levels = try keys.decode(Int.self, forKey: .levels, in: 1...16)
      norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm)
      leavesLateralsPlain = try keys.decodeIfPresent(Bool.self, forKey: .leavesLateralsPlain) ?? false
      if let misfit = norm?.misfit(channels: outputChannels) { throw keys.refusal(misfit, forKey: .norm) }
      guard inputChannels.allSatisfy({ (1...65_536).contains($0) }), !inputChannels.isEmpty else {
        throw keys.refusal("\(inputChannels) is not a list of widths in 1...65536", forKey: .inputChannels)
      }
      guard levels >= inputChannels.count else {
        throw keys.refusal(
          "\(levels) is below the number of in_channels, \(inputChannels.count)", forKey: .levels)
      }
    }
  }

  private let laterals: [ConvModule]
  private let convolutions: [ConvModule]
  /// Channels of every level.
  public let channels: Int
  /// How many levels there are.
  public let levels: Int
  /// Channels of the backbone's maps.
  public let inputChannels: [Int]

  /// A pyramid over maps of the given widths.
  public init(_ configuration: Configuration) {
    channels = configuration.outputChannels
    levels = configuration.levels
    inputChannels = configuration.inputChannels
    laterals = configuration.inputChannels.map {
      ConvModule(
        $0, configuration.outputChannels, kernel: 1,
        norm: configuration.leavesLateralsPlain ? nil : configuration.norm, activation: nil,
        initializer: .xavierUniform)
    }
    convolutions = configuration.inputChannels.map { _ in
      ConvModule(
        configuration.outputChannels, configuration.outputChannels, kernel: 3, padding: 1,
        norm: configuration.norm, activation: nil, initializer: .xavierUniform)
    }
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree { ["lateral_convs": .layers(laterals), "fpn_convs": .layers(convolutions)] }

  /// `[B, H, W, C]` maps, the finest first.
  public func callAsFunction(_ features: [Tensor]) -> [Tensor] {
    require(features.count == laterals.count, "\(features.count) maps for \(laterals.count) laterals")
    // From the coarsest map on; each is added to the next finer one as that is made.
    var merged: [Tensor] = []
    for (lateral, map) in zip(laterals, features).reversed() {
      let coarser = merged.last?.resizedNearest(height: map.shape[1], width: map.shape[2])
      merged.append(lateral(map, adding: coarser, activation: nil))
    }
    merged.reverse()
    var pyramid = zip(convolutions, merged).map { $0($1) }
    while pyramid.count < levels, let last = pyramid.last {
      // Max pooling with a kernel of one pixel: every second row and column.
      pyramid.append(
        last.sliced(axis: 1, from: 0, to: last.shape[1], step: 2)
          .sliced(axis: 2, from: 0, to: last.shape[2], step: 2))
    }
    return pyramid
  }
}
