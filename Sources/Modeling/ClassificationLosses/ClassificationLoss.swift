import Configuration
import Layers
import Tensors

/// How wrong scores of classes are: of objects, pixels or whole images. mm's factor `loss_weight` is part of it.
public protocol ClassificationLoss: Sendable {
  /// Name of the term: `loss_ce`. One that does not contain `loss` is only logged, as in mm.
  var name: String { get }
  /// Whether each class is decided by itself, through a sigmoid, or one of all by softmax.
  var usesSigmoid: Bool { get }
  /// Whether it is of masks, each pixel through a sigmoid (mmdetection's `use_mask`).
  var usesMask: Bool { get }

  /// The loss over positions with a class each.
  ///
  /// - Parameters:
  ///   - logits: `[..., C]`: `[N, C]`, `[B, H, W, C]`.
  ///   - labels: One for each position, row-major, in `0 ..< C` or `ignored`; through a sigmoid a number of `C` and
  ///     above is of none of the classes.
  ///   - ignored: Positions with this label count 0.
  ///   - weights: Factor of each position; 1 when nil.
  ///   - averagingFactor: What the sum is divided by; when nil, the number of positions or what the loss's keys say.
  /// - Returns: One number, of shape `[]`.
  func callAsFunction(
    _ logits: Tensor, labels: [Int32], ignored: Int32?, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor

  /// The loss over positions with a class each, as above, and how many of them have the largest score, the first among
  /// equals, at their label: nil where that would take a pass of its own.
  func countingRight(_ logits: Tensor, labels: [Int32], ignored: Int32?) -> (loss: Tensor, right: Int?)

  /// The loss over positions with a share of each class.
  ///
  /// - Parameters:
  ///   - logits: `[..., C]`; through a sigmoid any shape: `[N]` of objects or not, `[N, H, W]` of masks.
  ///   - targets: The same shape, 0 to 1; they get no gradient.
  ///   - weights: Factor of each position, or through a sigmoid of each number; 1 when nil.
  ///   - averagingFactor: As above.
  /// - Returns: One number, of shape `[]`.
  func callAsFunction(
    _ logits: Tensor, targets: Tensor, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor
}

extension ClassificationLoss {
  /// No.
  public var usesMask: Bool { false }

  /// The loss alone.
  public func countingRight(
    _ logits: Tensor, labels: [Int32], ignored: Int32?
  ) -> (loss: Tensor, right: Int?) {
    (self(logits, labels: labels, ignored: ignored, weights: nil, averagingFactor: nil), nil)
  }

  /// The loss over positions with a class each, of which none is ignored.
  public func callAsFunction(
    _ logits: Tensor, labels: [Int32], weights: [Float]? = nil, averagingFactor: Float? = nil
  ) -> Tensor {
    self(logits, labels: labels, ignored: nil, weights: weights, averagingFactor: averagingFactor)
  }

  /// The mean loss over positions with a share of each class.
  public func callAsFunction(_ logits: Tensor, targets: Tensor) -> Tensor {
    self(logits, targets: targets, weights: nil, averagingFactor: nil)
  }
}

/// What losses of classes are built with.
public struct ClassificationLossContext: Sendable {
  /// How many scores each position has, where that is known: as many as `class_weight` has numbers.
  public var channels: Int?

  /// Losses over so many scores.
  public init(channels: Int? = nil) { self.channels = channels }
}

extension Components {
  /// The losses of this room: a new one is a file in this folder and a line here.
  mutating func addClassificationLosses() {
    classificationLosses.add(
      "CrossEntropyLoss", scope: "mmdet", description: "Cross entropy of objects' classes and of masks"
    ) { (c: CrossEntropyLoss.DetectionSettings, context: ClassificationLossContext) in
      try CrossEntropyLoss(c, in: context)
    }
    classificationLosses.add(
      "CrossEntropyLoss", scope: "mmseg", description: "Cross entropy of pixels' classes"
    ) { (c: CrossEntropyLoss.SegmentationSettings, context: ClassificationLossContext) in
      try CrossEntropyLoss(c, in: context)
    }
    classificationLosses.add(
      "CrossEntropyLoss", scope: "mmpretrain", description: "Cross entropy of images' classes"
    ) { (c: CrossEntropyLoss.ImageSettings, context: ClassificationLossContext) in
      try CrossEntropyLoss(c, in: context)
    }
    classificationLosses.add(
      "DiceLoss", scope: "mmseg", description: "What probabilities and classes have in common over both"
    ) { (c: DiceLoss.Settings, context: ClassificationLossContext) in try DiceLoss(c, in: context) }
    classificationLosses.add(
      "LabelSmoothLoss", description: "Cross entropy of which a part goes to all classes alike"
    ) { (c: LabelSmoothLoss.Settings, context: ClassificationLossContext) in
      try LabelSmoothLoss(c, in: context)
    }
  }
}

/// `reduction`: how the losses of all positions become one.
enum LossReduction: String, Decodable, CaseIterable, Sendable {
  case mean, sum

  /// One number of losses of any shape (mm's `weight_reduce_loss`), times the loss's own weight.
  ///
  /// - Parameter averagingFactor: The sum is divided by it, plus Float32's epsilon; by the number of losses when nil.
  func callAsFunction(_ losses: Tensor, weights: Tensor?, averagingFactor: Float?, weight: Float) -> Tensor {
    let weighted = weights.map { losses * $0 } ?? losses
    switch (self, averagingFactor) {
    case (.sum, _): return weighted.sum() * weight
    case (.mean, nil):
      guard ForwardMode.sharesLossCounts else { return weighted.mean() * weight }
      return weighted.sum() * (weight / ForwardMode.lossCount(Float(weighted.count), atLeast: 1))
    case (.mean, let factor?): return weighted.sum() * (weight / (factor + Float.ulpOfOne))
    }
  }
}
