import Configuration
import Layers
import Modeling
import Tensors

/// A convolution of one pixel on each map.
public struct LateralNeck: Neck {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let inputChannels: [Int]
    let outputChannels: Int

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case outputChannels = "out_channels"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode([Int].self, forKey: .inputChannels)
      outputChannels = try keys.decode(Int.self, forKey: .outputChannels, in: 1...64)
      guard !inputChannels.isEmpty, inputChannels.allSatisfy({ (1...64).contains($0) }) else {
        throw keys.refusal("widths in 1...64 are wanted", forKey: .inputChannels)
      }
    }
  }

  private let laterals: [Conv2d]
  /// Channels of the maps it takes.
  public let inputChannels: [Int]
  /// Channels of the maps it gives.
  public let channels: Int

  init(_ settings: Settings) {
    (inputChannels, channels) = (settings.inputChannels, settings.outputChannels)
    laterals = settings.inputChannels.map { Conv2d($0, settings.outputChannels, kernel: 1) }
  }

  /// As many maps as it takes.
  public var levels: Int { laterals.count }
  /// Weights of the convolutions.
  public var tree: ParameterTree { ["laterals": .layers(laterals)] }
  /// `[B, h, w, C]` maps, the finest first.
  public func callAsFunction(_ features: [Tensor]) -> [Tensor] { zip(laterals, features).map { $0($1) } }
}
