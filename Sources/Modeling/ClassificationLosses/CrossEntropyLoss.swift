import Configuration
import Layers
import Tensors

/// Cross entropy by softmax, or of each class by a sigmoid (`CrossEntropyLoss` of mmdetection, mmsegmentation and
/// mmpretrain).
public struct CrossEntropyLoss: ClassificationLoss {
  /// Where the three differ.
  private enum Rules { case detection, segmentation, images }

  /// Name of the term: mmsegmentation's `loss_name`.
  public let name: String
  /// Whether each class is decided by itself (`use_sigmoid`).
  public let usesSigmoid: Bool
  /// Whether it is of masks: the mean over all their pixels (mmdetection's `use_mask`).
  public let usesMask: Bool
  private let rules: Rules
  private let classWeights: [Float]?
  private let weight: Float
  private let ignoreIndex: Int32?
  private let averagesLabelledOnly: Bool
  private let reduction: LossReduction

  /// mmdetection's keys.
  struct DetectionSettings: Decodable, Sendable {
    var shared: Settings
    var ignoreIndex: Int32?

    enum CodingKeys: String, CodingKey { case ignoreIndex = "ignore_index" }

    init(from decoder: any Decoder) throws {
      shared = try Settings(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      ignoreIndex = try keys.decodeIfPresent(Int32.self, forKey: .ignoreIndex)
    }
  }

  /// mmsegmentation's keys.
  struct SegmentationSettings: Decodable, Sendable {
    var shared: Settings
    var name: String

    enum CodingKeys: String, CodingKey {
      case name = "loss_name"
      case usesMask = "use_mask"
    }

    init(from decoder: any Decoder) throws {
      shared = try Settings(from: decoder)
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      name = try keys.decodeIfPresent(String.self, forKey: .name) ?? "loss_ce"
      guard !shared.usesMask else {
        throw keys.refusal("only false is known: masks are a detector's", forKey: .usesMask)
      }
    }
  }

  /// mmpretrain's keys.
  struct ImageSettings: Decodable, Sendable {
    var shared: Settings

    enum CodingKeys: String, CodingKey {
      case isSoft = "use_soft"
      case usesSigmoid = "use_sigmoid"
      case usesMask = "use_mask"
      case averagesLabelledOnly = "avg_non_ignore"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      for key in [CodingKeys.usesMask, .averagesLabelledOnly] where keys.contains(key) {
        throw keys.refusal("mmpretrain's CrossEntropyLoss has no such key", forKey: key)
      }
      shared = try Settings(from: decoder)
      // Targets are taken as they come: a class, or a share of each.
      let isSoft = try keys.decodeIfPresent(Bool.self, forKey: .isSoft) ?? false
      guard !isSoft || !shared.usesSigmoid else {
        throw keys.refusal("use_sigmoid and use_soft exclude each other", forKey: .isSoft)
      }
    }
  }

  /// The keys that all have.
  struct Settings: Decodable, Sendable {
    var usesSigmoid: Bool
    var usesMask: Bool
    var classWeights: ClassWeights?
    var weight: Float
    var averagesLabelledOnly: Bool
    var reduction: LossReduction

    enum CodingKeys: String, CodingKey {
      case reduction
      case usesSigmoid = "use_sigmoid"
      case usesMask = "use_mask"
      case classWeights = "class_weight"
      case weight = "loss_weight"
      case averagesLabelledOnly = "avg_non_ignore"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      usesSigmoid = try keys.decodeIfPresent(Bool.self, forKey: .usesSigmoid) ?? false
      usesMask = try keys.decodeIfPresent(Bool.self, forKey: .usesMask) ?? false
      classWeights = try keys.decodeIfPresent(ClassWeights.self, forKey: .classWeights)
      weight = try keys.lossWeight(forKey: .weight)
      averagesLabelledOnly = try keys.decodeIfPresent(Bool.self, forKey: .averagesLabelledOnly) ?? false
      reduction = try keys.decodeIfPresent(LossReduction.self, forKey: .reduction) ?? .mean
      guard !usesSigmoid || !usesMask else {
        throw keys.refusal("use_sigmoid and use_mask exclude each other", forKey: .usesMask)
      }
      guard !usesMask || classWeights == nil else {
        throw keys.refusal("masks have no classes to be weighed", forKey: .classWeights)
      }
    }
  }

  /// The mean of all positions, by softmax: what a head has whose config names no loss.
  public static let plain = CrossEntropyLoss()

  private init() {
    (name, usesSigmoid, usesMask, rules) = ("loss_ce", false, false, .detection)
    (classWeights, weight, ignoreIndex) = (nil, 1, nil)
    (averagesLabelledOnly, reduction) = (false, .mean)
  }

  init(_ settings: DetectionSettings, in context: ClassificationLossContext) throws {
    try self.init(
      settings.shared, .detection, name: "loss_ce", ignoreIndex: settings.ignoreIndex, in: context)
  }

  init(_ settings: SegmentationSettings, in context: ClassificationLossContext) throws {
    try self.init(settings.shared, .segmentation, name: settings.name, ignoreIndex: nil, in: context)
  }

  init(_ settings: ImageSettings, in context: ClassificationLossContext) throws {
    try self.init(settings.shared, .images, name: "loss", ignoreIndex: nil, in: context)
  }

  private init(
    _ settings: Settings, _ rules: Rules, name: String, ignoreIndex: Int32?,
    in context: ClassificationLossContext
  ) throws {
    (self.rules, self.name, self.ignoreIndex) = (rules, name, ignoreIndex)
    (usesSigmoid, usesMask) = (settings.usesSigmoid, settings.usesMask)
    (weight, reduction) = (settings.weight, settings.reduction)
    averagesLabelledOnly = settings.averagesLabelledOnly
    classWeights = try settings.classWeights?.values(channels: context.channels)
  }

  /// The loss over positions with a class each; see the protocol.
  ///
  /// Without an averaging factor the mean is over all positions, ignored ones too, unless `avg_non_ignore` is set;
  /// mmsegmentation divides by the sum of the classes' weights where there are some.
  public func callAsFunction(
    _ logits: Tensor, labels: [Int32], ignored: Int32?, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    let ignored = ignored ?? ignoreIndex
    guard !usesSigmoid else {
      return binary(logits, labels, ignored, weights, averagingFactor)
    }
    return softmax(logits, labels, ignored, weights, averagingFactor).loss
  }

  /// The loss, and by softmax how many labels have the largest score, out of the same pass.
  public func countingRight(
    _ logits: Tensor, labels: [Int32], ignored: Int32?
  ) -> (loss: Tensor, right: Int?) {
    guard !usesSigmoid else {
      return (self(logits, labels: labels, ignored: ignored, weights: nil, averagingFactor: nil), nil)
    }
    let (loss, right) = softmax(logits, labels, ignored ?? ignoreIndex, nil, nil)
    return (loss, right)
  }

  private func softmax(
    _ logits: Tensor, _ labels: [Int32], _ ignored: Int32?, _ weights: [Float]?, _ averagingFactor: Float?
  ) -> (loss: Tensor, right: Int) {
    let (losses, right) = crossEntropyAndRight(
      logits, labels: labels, ignoreIndex: ignored, classWeights: classWeights)
    var factor = averagingFactor
    if factor == nil, rules == .segmentation, let classWeights {
      let own = labels.reduce(into: Float(0)) { sum, label in
        // As in mmsegmentation, an ignored class counts with its weight unless it is told not to.
        let counts = label != ignored || !averagesLabelledOnly
        if counts, classWeights.indices.contains(Int(label)) { sum += classWeights[Int(label)] }
      }
      factor = ForwardMode.lossCount(own)
    } else if factor == nil, averagesLabelledOnly {
      factor = ForwardMode.lossCount(Float(labels.count { $0 != ignored }))
    }
    let loss = reduction(
      losses, weights: weights.map { Tensor($0, shape: losses.shape) }, averagingFactor: factor,
      weight: weight)
    return (loss, right)
  }

  /// The loss over positions with a share of each class; see the protocol.
  public func callAsFunction(
    _ logits: Tensor, targets: Tensor, weights: [Float]?, averagingFactor: Float?
  ) -> Tensor {
    guard usesSigmoid || usesMask else {
      let classWeights = classWeights.map { Tensor($0, shape: [$0.count]) }
      let losses = softCrossEntropy(logits, targets: targets, classWeights: classWeights)
      return reduction(
        losses, weights: weights.map { Tensor($0, shape: losses.shape) }, averagingFactor: averagingFactor,
        weight: weight)
    }
    let losses = binaryLosses(logits, targets)
    let factors = weights.map {
      Tensor(
        $0,
        shape: $0.count == losses.count ? losses.shape : Array(losses.shape.dropLast()) + [1])
    }
    return reduction(losses, weights: factors, averagingFactor: averagingFactor, weight: weight)
  }

  /// Every class by itself: each label becomes 1 for its class and 0 for the others. Of a single map of pixels, the
  /// label is what it should be, as in mmsegmentation.
  private func binary(
    _ logits: Tensor, _ labels: [Int32], _ ignored: Int32?, _ weights: [Float]?, _ averagingFactor: Float?
  ) -> Tensor {
    let channels = logits.shape[logits.rank - 1]
    let isLabelItself = rules == .segmentation && channels == 1
    var targets = [Float](repeating: 0, count: logits.count)
    var factors = [Float](repeating: 0, count: logits.count)
    var labelled = 0
    for (position, label) in labels.enumerated() where label >= 0 && label != ignored {
      labelled += channels
      for channel in 0..<channels { factors[position * channels + channel] = weights?[position] ?? 1 }
      if isLabelItself {
        targets[position] = min(Float(label), 1)
      } else if label < channels {
        targets[position * channels + Int(label)] = 1
      }
    }
    let factor = averagingFactor ?? (averagesLabelledOnly ? ForwardMode.lossCount(Float(labelled)) : nil)
    let losses = binaryLosses(logits, Tensor(targets, shape: logits.shape))
    return reduction(
      losses, weights: Tensor(factors, shape: logits.shape), averagingFactor: factor, weight: weight)
  }

  /// Binary cross entropies; `class_weight` is a factor of what is positive, in mmpretrain of the whole.
  private func binaryLosses(_ logits: Tensor, _ targets: Tensor) -> Tensor {
    let losses = binaryCrossEntropy(logits: logits, targets: targets)
    guard let classWeights else { return losses }
    if rules == .images { return losses * Tensor(classWeights, shape: [classWeights.count]) }
    let excess = Tensor(classWeights.map { $0 - 1 }, shape: [classWeights.count])
    let positive = binaryCrossEntropy(
      logits: logits, targets: Tensor([Float](repeating: 1, count: logits.count), shape: logits.shape))
    return losses + positive * (targets.detached * excess)
  }
}
