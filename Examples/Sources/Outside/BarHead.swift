import Configuration
import Layers
import Modeling
import Tensors

/// One convolution along rows of one map, then the classifier of all mmsegmentation heads.
public struct BarHead: DecodeHead {
  /// mmsegmentation's keys and one of its own.
  struct Settings: Decodable, Sendable {
    let common: DecodeHeadSettings
    let inputChannels: Int
    let inputIndex: Int

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case inputIndex = "in_index"
    }

    init(from decoder: any Decoder) throws {
      common = try DecodeHeadSettings(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...64)
      inputIndex = try keys.decodeIfPresent(Int.self, forKey: .inputIndex, in: -4...3) ?? 0
    }
  }

  private let convolution: ConvModule
  private let classifier: PixelClassifier
  /// The one map.
  public let inputs: [(index: Int, channels: Int)]
  /// What heads have in common.
  public let settings: DecodeHeadSettings

  init(_ settings: Settings, in context: DecodeHeadContext) throws {
    self.settings = settings.common
    inputs = [(index: settings.inputIndex, channels: settings.inputChannels)]
    convolution = ConvModule(
      settings.inputChannels, settings.common.channels, kernel: 3, padding: 1, norm: settings.common.norm)
    classifier = PixelClassifier(
      settings.common.channels, classes: try context.channels(settings.common),
      dropoutRatio: settings.common.dropoutRatio, layer: context.layer)
  }

  /// Weights of both.
  public var tree: ParameterTree { ["conv": .layer(convolution), "conv_seg": .layer(classifier)] }

  /// Maps `[B, h, w, C]`, of which one is used, to logits at its size.
  public func callAsFunction(_ features: [Tensor]) -> Tensor {
    let index = inputs[0].index
    return classifier(convolution(features[index < 0 ? features.count + index : index]))
  }
}
