import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Convolutions on one map (Long et al., arXiv:1411.4038; mmsegmentation's `FCNHead`).
public struct FCNHead: DecodeHead {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    var inputChannels: Int
    var inputIndex: Int
    var kernel: Int
    var convolutions: Int
    var joinsInput: Bool
    var settings: DecodeHeadSettings

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case inputIndex = "in_index"
      case kernel = "kernel_size"
      case convolutions = "num_convs"
      case joinsInput = "concat_input"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...65_536)
      inputIndex = try keys.decodeIfPresent(Int.self, forKey: .inputIndex, in: -16...15) ?? -1
      kernel = try keys.decodeIfPresent(Int.self, forKey: .kernel) ?? 3
      convolutions = try keys.decodeIfPresent(Int.self, forKey: .convolutions) ?? 2
      joinsInput = try keys.decodeIfPresent(Bool.self, forKey: .joinsInput) ?? true
      settings = try DecodeHeadSettings(from: decoder)
      guard (0...64).contains(convolutions) else {
        throw keys.refusal("\(convolutions) is not in 0...64", forKey: .convolutions)
      }
      guard convolutions > 0 || inputChannels == settings.channels else {
        throw keys.refusal("0 needs in_channels to equal channels", forKey: .convolutions)
      }
      guard (1...31).contains(kernel), kernel % 2 == 1 else {
        throw keys.refusal("\(kernel) is not an odd number in 1...31", forKey: .kernel)
      }
    }
  }

  private let convolutions: [ConvModule]
  private let joining: ConvModule?
  private let classifier: PixelClassifier
  /// Which of the backbone's maps it takes, and its channels.
  public let inputs: [(index: Int, channels: Int)]
  /// What heads have in common.
  public let settings: DecodeHeadSettings

  /// A head with mmsegmentation's initial values. Its layer tells the heads of a model apart in the key of dropout's
  /// random numbers.
  public init(_ configuration: Configuration, classes: Int, layer: Int) {
    settings = configuration.settings
    let (width, norm, kernel) = (settings.channels, settings.norm, configuration.kernel)
    convolutions = (0..<configuration.convolutions).map {
      ConvModule(
        $0 == 0 ? configuration.inputChannels : width, width, kernel: kernel, padding: kernel / 2, norm: norm)
    }
    joining =
      configuration.joinsInput
      ? ConvModule(
        configuration.inputChannels + width, width, kernel: kernel, padding: kernel / 2, norm: norm)
      : nil
    classifier = PixelClassifier(width, classes: classes, dropoutRatio: settings.dropoutRatio, layer: layer)
    inputs = [(index: configuration.inputIndex, channels: configuration.inputChannels)]
  }

  /// Weights under mmsegmentation's names.
  public var tree: ParameterTree {
    ["conv_seg": .layer(classifier), "convs": .layers(convolutions), "conv_cat": .layer(joining)]
  }

  /// Maps `[B, h, w, C]`, of which one is used, to logits at its size.
  public func callAsFunction(_ features: [Tensor]) -> Tensor {
    let index = inputs[0].index
    let x = features[index < 0 ? features.count + index : index]
    let y = convolutions.reduce(x) { $1($0) }
    return classifier(joining.map { $0(concatenated([x, y], axis: 3)) } ?? y)
  }
}
