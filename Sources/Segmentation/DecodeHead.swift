import Modeling
import Configuration
import Data
import Layers
import Tensors

/// From a backbone's maps to a score a class and pixel.
public protocol DecodeHead: Layer {
  /// Maps `[B, h, w, C]`, the finest first, to logits `[B, h', w', classes]`.
  func callAsFunction(_ features: [Tensor]) -> Tensor
  /// What heads have in common.
  var settings: DecodeHeadSettings { get }
  /// Which of the backbone's maps it takes, and their channels.
  var inputs: [(index: Int, channels: Int)] { get }
}

/// Keys that mmsegmentation's heads have in common (`BaseDecodeHead`).
public struct DecodeHeadSettings: Decodable, Sendable {
  var channels: Int
  var classes: Int?
  var dropoutRatio: Float
  var norm: NormConfiguration?
  var alignCorners: Bool
  var ignoreIndex: Int32
  var loss: PixelLoss

  /// `loss_decode`.
  struct PixelLoss: Decodable, Sendable {
    enum Kind: String, Decodable, CaseIterable, Sendable { case crossEntropy = "CrossEntropyLoss" }
    var kind: Kind = .crossEntropy
    var weight: Float = 1

    enum CodingKeys: String, CodingKey {
      case kind = "type"
      case weight = "loss_weight"
      case usesSigmoid = "use_sigmoid"
    }

    init() {}

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      kind = try keys.decode(Kind.self, forKey: .kind)
      weight = try keys.decodeIfPresent(Float.self, forKey: .weight, in: 0...1e6) ?? 1
      if try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) == true {
        throw keys.refusal("only false is known: classes exclude each other", forKey: .usesSigmoid)
      }
    }
  }

  enum CodingKeys: String, CodingKey {
    case channels
    case classes = "num_classes"
    case dropoutRatio = "dropout_ratio"
    case norm = "norm_cfg"
    case alignCorners = "align_corners"
    case ignoreIndex = "ignore_index"
    case loss = "loss_decode"
  }

  /// Decodes mmsegmentation's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decode(Int.self, forKey: .channels, in: 1...65_536)
    classes = try keys.decodeIfPresent(Int.self, forKey: .classes, in: 1...100_000)
    dropoutRatio = try keys.decodeIfPresent(Float.self, forKey: .dropoutRatio) ?? 0.1
    norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm)
    alignCorners = try keys.decodeIfPresent(Bool.self, forKey: .alignCorners) ?? false
    ignoreIndex = Int32(clamping: try keys.decodeIfPresent(Int.self, forKey: .ignoreIndex) ?? 255)
    loss = try keys.decodeIfPresent(PixelLoss.self, forKey: .loss) ?? PixelLoss()
    guard dropoutRatio >= 0, dropoutRatio < 1 else {
      throw keys.refusal("\(dropoutRatio) is not in 0 ..< 1", forKey: .dropoutRatio)
    }
  }
}

/// Dropout of channels, then a 1x1 convolution to the classes (`conv_seg`).
struct PixelClassifier: UnaryLayer {
  private let dropout: ChannelDropout
  private let convolution: Conv2d

  init(_ channels: Int, classes: Int, dropoutRatio: Float, layer: Int) {
    dropout = ChannelDropout(probability: dropoutRatio, layer: layer)
    convolution = Conv2d(channels, classes, kernel: 1, initializer: .normal(deviation: 0.01))
  }

  var tree: ParameterTree { convolution.tree }

  func callAsFunction(_ x: Tensor) -> Tensor { convolution(dropout(x)) }
}

extension DecodeHead {
  /// Cross entropy and pixel accuracy at the resolution of the labels.
  ///
  /// The cross entropies are divided by the number of all pixels, ignored ones too (mmsegmentation's default).
  ///
  /// - Parameter labels: Classes of `[B, H, W]`.
  /// - Returns: `loss_ce`, and `acc_seg` in percent of the labelled pixels.
  func losses(_ logits: Tensor, labels: [Int32], height: Int, width: Int) -> [LossTerm] {
    let full = logits.resizedBilinear(height: height, width: width, alignCorners: settings.alignCorners)
    let entropies = crossEntropy(full, labels: labels, ignoreIndex: settings.ignoreIndex)
    let best = full.indicesOfMaxima
    let (labelled, right) = zip(best, labels).reduce(into: (0, 0)) { counts, pixel in
      guard pixel.1 != settings.ignoreIndex else { return }
      counts.0 += 1
      if pixel.0 == pixel.1 { counts.1 += 1 }
    }
    // Without a labelled pixel the accuracy is 0, as in mmsegmentation.
    let accuracy = labelled > 0 ? 100 * Float(right) / Float(labelled) : 0
    return [
      .loss("loss_ce", entropies.mean() * settings.loss.weight), .figure("acc_seg", accuracy),
    ]
  }
}
