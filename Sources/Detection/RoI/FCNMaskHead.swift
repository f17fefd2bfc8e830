import Configuration
import Data
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Convolutions, a deconvolution to twice the side, and a mask a class (He et al., arXiv:1703.06870, figure 4;
/// mmdetection's `FCNMaskHead`).
public struct FCNMaskHead: MaskHead {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var convolutions: Int
    var inputChannels: Int
    var channels: Int
    package var classes: Int?
    var norm: NormConfiguration?
    var loss: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case convolutions = "num_convs"
      case inputChannels = "in_channels"
      case channels = "conv_out_channels"
      case classes = "num_classes"
      case norm = "norm_cfg"
      case loss = "loss_mask"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      convolutions = try keys.decodeIfPresent(Int.self, forKey: .convolutions) ?? 4
      inputChannels = try keys.decodeIfPresent(Int.self, forKey: .inputChannels, in: 1...65_536) ?? 256
      channels = try keys.decodeIfPresent(Int.self, forKey: .channels, in: 1...65_536) ?? 256
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes, in: 1...100_000)
      norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm)
      if let misfit = norm?.misfit(channels: channels) { throw keys.refusal(misfit, forKey: .norm) }
      loss = try keys.decode(ComponentConfiguration.self, forKey: .loss)
      guard (0...64).contains(convolutions) else {
        throw keys.refusal("\(convolutions) is not in 0...64", forKey: .convolutions)
      }
    }
  }

  /// Channels of the regions it looks at.
  public let inputChannels: Int
  /// The deconvolution's stride.
  public let enlargement = 2
  private let convolutions: [ConvModule]
  private let upsampling: ConvTranspose2d
  private let logits: Conv2d
  private let classes: Int
  private let loss: any ClassificationLoss

  /// A head with mmdetection's initial values.
  ///
  /// - Throws: `ConfigurationError` about `loss_mask`.
  public init(_ configuration: Configuration, classes: Int, in context: ModelContext) throws {
    let width = configuration.channels
    inputChannels = configuration.inputChannels
    convolutions = (0..<configuration.convolutions).map {
      ConvModule(
        $0 == 0 ? configuration.inputChannels : width, width, kernel: 3, padding: 1, norm: configuration.norm)
    }
    let before = configuration.convolutions == 0 ? configuration.inputChannels : width
    upsampling = ConvTranspose2d(before, width, kernel: 2, stride: enlargement)
    logits = Conv2d(width, classes, kernel: 1, initializer: .kaimingNormalFanOut)
    self.classes = classes
    loss = try context.classificationLoss(configuration.loss, channels: 1, advice: "needs use_mask: true") {
      $0.usesMask
    }
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree {
    ["convs": .layers(convolutions), "upsample": .layer(upsampling), "conv_logits": .layer(logits)]
  }

  /// Regions `[R, 14, 14, C]` to mask logits `[R, 28, 28, classes]`.
  public func callAsFunction(_ regions: Tensor) -> Tensor {
    logits(upsampling(convolutions.reduce(regions) { $1($0) }, activation: .relu))
  }

  /// The mask logits of one class a region: `[R, 28, 28]`.
  private func own(_ logits: Tensor, labels: [Int]) -> Tensor {
    let shape = Array(logits.shape.dropLast())
    guard classes > 1 else { return logits.reshaped(shape) }
    let pixels = shape[1] * shape[2]
    let places = labels.enumerated().flatMap { region, label in
      (region * pixels..<(region + 1) * pixels).map { $0 * classes + label }
    }
    return logits.reshaped([-1]).rows(places).reshaped(shape)
  }

  /// `loss_mask`: mean binary cross entropy of the labelled class; 0 without regions.
  ///
  /// - Parameters:
  ///   - logits: `[R, 28, 28, classes]`.
  ///   - targets: 0 or 1 for every pixel of `[R, 28, 28]`.
  ///   - labels: The class of each region.
  public func losses(_ logits: Tensor, targets: [Float], labels: [Int]) -> [LossTerm] {
    let count = ForwardMode.sharesLossCounts ? ForwardMode.lossCount(Float(targets.count), atLeast: 1) : nil
    guard !labels.isEmpty else { return [.loss("loss_mask", logits.sum())] }
    let own = own(logits, labels: labels)
    let targets = Tensor(targets, shape: own.shape)
    return [.loss("loss_mask", loss(own, targets: targets, weights: nil, averagingFactor: count))]
  }

  /// Probabilities of the predicted class, `[R, 28, 28]`.
  public func probabilities(_ logits: Tensor, labels: [Int]) -> Tensor {
    own(logits, labels: labels).sigmoid()
  }
}
