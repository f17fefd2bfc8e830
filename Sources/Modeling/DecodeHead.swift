import Configuration
import Layers
import Tensors

/// From a backbone's maps to a score a class and pixel.
public protocol DecodeHead: Layer {
  /// Maps `[B, h, w, C]`, the finest first, to logits `[B, h', w', C']`, C' as `DecodeHeadContext.channels` says.
  func callAsFunction(_ features: [Tensor]) -> Tensor
  /// What heads have in common.
  var settings: DecodeHeadSettings { get }
  /// Which of the backbone's maps it takes, and their channels; a negative index counts from the last.
  var inputs: [(index: Int, channels: Int)] { get }
  /// The fewest images of a batch that it can learn from: 2 where a norm would be left a single value a channel.
  var minimumBatch: Int { get }
}

extension DecodeHead {
  /// One, unless a head says otherwise.
  public var minimumBatch: Int { 1 }
}

/// Keys that mmsegmentation's heads have in common (`BaseDecodeHead`).
public struct DecodeHeadSettings: Decodable, Sendable {
  /// Width of the maps within the head.
  public var channels: Int
  /// `num_classes`; nil: the data set's.
  public var classes: Int?
  /// `out_channels`: 1 for two classes told apart by one map through a sigmoid; nil: one map a class.
  public var outputChannels: Int?
  /// `threshold`: from this probability on, a single map says class 1.
  public var threshold: Float
  /// How many of the channels before the classifier training drops; 0 ..< 1.
  public var dropoutRatio: Float
  /// The norm behind each convolution, if any.
  public var norm: NormConfiguration?
  /// The corner rule of bilinear resizing.
  public var alignCorners: Bool
  /// `ignore_index`: has to be what the data set ignores.
  public var ignoreIndex: Located<Int>?
  /// `loss_decode`: one loss or several; none: mm's cross entropy.
  public var losses: [ComponentConfiguration]

  enum CodingKeys: String, CodingKey {
    case channels
    case classes = "num_classes"
    case outputChannels = "out_channels"
    case threshold
    case dropoutRatio = "dropout_ratio"
    case norm = "norm_cfg"
    case alignCorners = "align_corners"
    case ignoreIndex = "ignore_index"
    case losses = "loss_decode"
  }

  /// Decodes mmsegmentation's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    channels = try keys.decode(Int.self, forKey: .channels, in: 1...65_536)
    classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
    outputChannels = try keys.decodeIfPresent(Int.self, forKey: .outputChannels, in: 1...100_000)
    threshold = try keys.decodeIfPresent(Float.self, forKey: .threshold, in: 0...1) ?? 0.3
    dropoutRatio = try keys.decodeIfPresent(Float.self, forKey: .dropoutRatio) ?? 0.1
    norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm)
    if let misfit = norm?.misfit(channels: channels) { throw keys.refusal(misfit, forKey: .norm) }
    alignCorners = try keys.decodeIfPresent(Bool.self, forKey: .alignCorners) ?? false
    ignoreIndex = try keys.decodeIfPresent(Located<Int>.self, forKey: .ignoreIndex)
    if (try? keys.decode([ComponentConfiguration].self, forKey: .losses)) != nil {
      losses = try keys.decode([ComponentConfiguration].self, forKey: .losses)
    } else {
      losses = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .losses).map { [$0] } ?? []
    }
    guard dropoutRatio >= 0, dropoutRatio < 1 else {
      throw keys.refusal("\(dropoutRatio) is not in 0 ..< 1", forKey: .dropoutRatio)
    }
  }
}

/// What a decode head is built with.
public struct DecodeHeadContext: Sendable {
  /// The model's context.
  public var model: ModelContext
  /// Tells the heads of a model apart in the key of dropout's random numbers.
  public var layer: Int

  /// The context of one head of a model.
  public init(model: ModelContext, layer: Int) { (self.model, self.layer) = (model, layer) }

  /// How many scores a head gives each pixel: one a class, or `out_channels: 1` for two.
  ///
  /// - Throws: `ConfigurationError` when the numbers do not fit each other or the data set's.
  public func channels(_ settings: DecodeHeadSettings) throws -> Int {
    let classes = try model.classCount(settings.classes)
    let channels = settings.outputChannels ?? classes
    guard channels == classes || (channels == 1 && classes == 2) else {
      throw ConfigurationError(
        keyPath: "out_channels",
        message: "\(channels) for \(classes) classes: one map a class, or 1 for two classes, is known")
    }
    return channels
  }
}

/// The end of a decode head: dropout of channels, then a 1x1 convolution to the classes (`conv_seg`).
public struct PixelClassifier: UnaryLayer {
  private let dropout: ChannelDropout
  private let convolution: Conv2d

  /// A classifier with mmsegmentation's initial values. Its layer is that of the `DecodeHeadContext`.
  public init(_ channels: Int, classes: Int, dropoutRatio: Float, layer: Int) {
    dropout = ChannelDropout(probability: dropoutRatio, layer: layer)
    convolution = Conv2d(channels, classes, kernel: 1, initializer: .normal(deviation: 0.01))
  }

  /// The convolution's weights.
  public var tree: ParameterTree { convolution.tree }

  /// `[B, h, w, C]` to `[B, h, w, classes]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { convolution(dropout(x)) }
}
