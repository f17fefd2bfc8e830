import Configuration
import Data
import Modeling
import Tensors

/// The losses of a decode head (`loss_decode`), at the resolution of the labels.
struct PixelLosses: Sendable {
  private let losses: [any ClassificationLoss]
  private let alignCorners: Bool
  private let threshold: Float
  private let ignored: Int32

  /// The losses that a head's config names; without any, mmsegmentation's cross entropy.
  ///
  /// - Throws: `ConfigurationError` for a loss that is unknown or wrong, for one class under softmax, which has nothing
  ///   to learn, and for an `ignore_index` that is not the data set's.
  init(_ settings: DecodeHeadSettings, of head: ComponentConfiguration, in context: DecodeHeadContext) throws
  {
    let classes = try context.model.classCount(settings.classes)
    let channels = try context.channels(settings)
    try context.model.labels?.require(settings.ignoreIndex)
    let components =
      settings.losses.isEmpty
      ? [
        try ConfigurationNode.parse("{type: mmseg.CrossEntropyLoss}", file: "").decode(
          ComponentConfiguration.self)
      ]
      : settings.losses
    losses = try components.map {
      try context.model.components.classificationLosses.build(
        $0, scope: context.model.scope ?? "mmseg", in: ClassificationLossContext(channels: channels))
    }
    if channels == 1, !losses.allSatisfy(\.usesSigmoid) {
      throw ConfigurationError(
        location: (head.node["num_classes"] ?? head.node).location,
        keyPath: "\(head.node.keyPath).\(classes == 1 ? "num_classes" : "out_channels")",
        message: "one score a pixel has probability 1 under softmax: the loss is 0 and nothing is learnt",
        hint: "Name two classes, of which one is all else, or set loss_decode.use_sigmoid: true.")
    }
    alignCorners = settings.alignCorners
    threshold = settings.threshold
    ignored = LabelMeaning.ignored(among: classes)
  }

  /// The losses under their names, `loss_ce`, and `acc_seg` in percent of the labelled pixels.
  ///
  /// - Parameters:
  ///   - logits: `[B, h, w, C]`.
  ///   - labels: Of `[B, height, width]`: classes, or the label of pixels without one.
  func callAsFunction(_ logits: Tensor, labels: [Int32], height: Int, width: Int) -> [LossTerm] {
    let full = logits.resizedBilinear(height: height, width: width, alignCorners: alignCorners)
    var terms: [LossTerm] = []
    var counted: Int?
    for loss in losses {
      let (value, hits) = loss.countingRight(full, labels: labels, ignored: ignored)
      counted = counted ?? hits
      if let same = terms.firstIndex(where: { $0.name == loss.name }) {
        terms[same].value = terms[same].value + value
      } else {
        var term = LossTerm.loss(loss.name, value)
        term.isMinimized = loss.name.contains("loss")
        terms.append(term)
      }
    }
    let labelled = labels.count { $0 != ignored }
    let right =
      counted
      ?? zip(full.classes(threshold: threshold), labels).count { $0 == $1 && $1 != ignored }
    // Without a labelled pixel the accuracy is 0, as in mmsegmentation.
    let accuracy = labelled > 0 ? 100 * Float(right) / Float(labelled) : 0
    return terms + [.figure("acc_seg", accuracy)]
  }
}

extension Tensor {
  /// The class of each pixel of logits `[..., C]`: that of the largest, or of a single map 1 above the threshold.
  func classes(threshold: Float) -> [Int32] {
    guard shape[rank - 1] == 1 else { return indicesOfMaxima }
    return sigmoid().values.map { $0 > threshold ? 1 : 0 }
  }
}
