import Configuration
import Layers
import Modeling
import Tensors

/// From a vector an image to a score a class, and the loss of these.
public protocol ClassificationHead: Layer {
  /// Width of the vectors.
  var inputChannels: Int { get }
  /// How many classes it tells apart.
  var classes: Int { get }
  /// How wrong its scores are.
  var loss: any ClassificationLoss { get }
  /// Which places of the right class count for the accuracy in the log: `[1]`, `[1, 5]`; empty for none.
  var loggedPlaces: [Int] { get }
  /// `[B, C]` to logits `[B, classes]`.
  func callAsFunction(_ features: Tensor) -> Tensor
}

/// A linear layer to the classes (mmpretrain's `LinearClsHead`).
public struct LinearClsHead: ClassificationHead {
  /// mmpretrain's keys.
  public struct Configuration: Decodable, Sendable {
    /// Width of the vectors.
    public var inputChannels: Int
    /// `num_classes`; nil: the data set's.
    public var classes: Int?
    /// `loss`; none: cross entropy.
    public var loss: ComponentConfiguration?
    /// `topk`, logged in training where `cal_acc` is set.
    public var loggedPlaces: [Int]

    enum CodingKeys: String, CodingKey {
      case loss
      case inputChannels = "in_channels"
      case classes = "num_classes"
      case places = "topk"
      case logsAccuracy = "cal_acc"
    }

    /// Decodes mmpretrain's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...65_536)
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
      loss = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .loss)
      let places: [Int]
      if let one = try? keys.decode(Int.self, forKey: .places) {
        places = [one]
      } else {
        places = try keys.decodeIfPresent([Int].self, forKey: .places) ?? [1]
      }
      guard places.allSatisfy({ $0 >= 1 }) else {
        throw keys.refusal("\(places) are not all 1 or more", forKey: .places)
      }
      loggedPlaces = try keys.decodeIfPresent(Bool.self, forKey: .logsAccuracy) ?? false ? places : []
    }
  }

  private let linear: Linear
  /// Width of the vectors.
  public let inputChannels: Int
  /// How many classes it tells apart.
  public let classes: Int
  /// How wrong its scores are.
  public let loss: any ClassificationLoss
  /// `topk`, where it is logged in training.
  public let loggedPlaces: [Int]

  /// A head with the initial values of vision transformers.
  ///
  /// - Throws: `ConfigurationError` for an unknown loss, and for a `topk` of more classes than there are.
  public init(_ configuration: Configuration, classes: Int, in context: ModelContext) throws {
    linear = Linear(configuration.inputChannels, classes)
    inputChannels = configuration.inputChannels
    self.classes = classes
    loggedPlaces = configuration.loggedPlaces
    if let places = loggedPlaces.max(), places > classes {
      throw ConfigurationError(
        keyPath: "topk", message: "\(places), but there are \(classes) classes: every image would be right",
        hint: "Give numbers up to \(classes).")
    }
    let losses = context.components.classificationLosses
    let lossContext = ClassificationLossContext(channels: classes)
    if let loss = configuration.loss {
      self.loss = try losses.build(loss, scope: context.scope, in: lossContext)
    } else {
      self.loss = CrossEntropyLoss.plain
    }
  }

  /// `weight` and `bias`.
  public var tree: ParameterTree { linear.tree }

  /// `[B, C]` to logits `[B, classes]`.
  public func callAsFunction(_ features: Tensor) -> Tensor { linear(features) }
}
