import Configuration
import Data
import Imaging
import Layers
import Masks
import Tensors

/// Two shared fully connected layers, then class scores and box deltas (mmdetection's `Shared2FCBBoxHead`).
public struct Shared2FCBBoxHead: Layer {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var inputChannels: Int
    var hiddenChannels: Int
    var side: Int
    package var classes: Int?
    var boxCoder: DeltaXYWHBBoxCoder
    var isClassAgnostic: Bool
    var classificationLoss: ClassificationLoss
    var boxLoss: BoxLoss

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case hiddenChannels = "fc_out_channels"
      case side = "roi_feat_size"
      case classes = "num_classes"
      case boxCoder = "bbox_coder"
      case isClassAgnostic = "reg_class_agnostic"
      case classificationLoss = "loss_cls"
      case boxLoss = "loss_bbox"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...65_536)
      hiddenChannels = try keys.decodeIfPresent(Int.self, forKey: .hiddenChannels, in: 1...65_536) ?? 1024
      side = try keys.decodeIfPresent(Int.self, forKey: .side, in: 1...256) ?? 7
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes, in: 1...100_000)
      boxCoder = try keys.decode(DeltaXYWHBBoxCoder.self, forKey: .boxCoder)
      isClassAgnostic = try keys.decodeIfPresent(Bool.self, forKey: .isClassAgnostic) ?? false
      classificationLoss = try keys.decode(ClassificationLoss.self, forKey: .classificationLoss)
      boxLoss = try keys.decode(BoxLoss.self, forKey: .boxLoss)
      guard !classificationLoss.usesSigmoid, !classificationLoss.usesMask else {
        throw keys.refusal("needs use_sigmoid: false and no use_mask", forKey: .classificationLoss)
      }
    }
  }

  /// Channels and side of the regions it looks at.
  let input: (channels: Int, side: Int)
  private let shared: [Linear]
  private let classifier: Linear
  private let regressor: Linear
  let classes: Int
  private let isClassAgnostic: Bool
  private let boxCoder: DeltaXYWHBBoxCoder
  private let classificationLoss: ClassificationLoss
  private let boxLoss: BoxLoss

  /// A head with mmdetection's initial values.
  public init(_ configuration: Configuration, classes: Int) {
    let (hidden, side) = (configuration.hiddenChannels, configuration.side)
    input = (configuration.inputChannels, side)
    shared = [
      Linear(
        configuration.inputChannels * side * side, hidden, initializer: .xavierUniform,
        layout: .flattened(channels: configuration.inputChannels, height: side, width: side)),
      Linear(hidden, hidden, initializer: .xavierUniform),
    ]
    classifier = Linear(hidden, classes + 1, initializer: .normal(deviation: 0.01))
    regressor = Linear(
      hidden, 4 * (configuration.isClassAgnostic ? 1 : classes), initializer: .normal(deviation: 0.001))
    self.classes = classes
    isClassAgnostic = configuration.isClassAgnostic
    boxCoder = configuration.boxCoder
    classificationLoss = configuration.classificationLoss
    boxLoss = configuration.boxLoss
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree {
    ["fc_cls": .layer(classifier), "fc_reg": .layer(regressor), "shared_fcs": .layers(shared)]
  }

  /// Class scores `[R, classes + 1]`, the background last, and deltas `[R, 4 * classes]`.
  public struct Output {
    package var scores: Tensor
    package var deltas: Tensor

    package init(scores: Tensor, deltas: Tensor) { (self.scores, self.deltas) = (scores, deltas) }
  }

  /// `[R, side, side, C]` regions.
  public func callAsFunction(_ regions: Tensor) -> Output {
    let flat = regions.reshaped([regions.shape[0], regions.shape.dropFirst().reduce(1, *)])
    let hidden = shared.reduce(flat) { $1($0).relu() }
    return Output(scores: classifier(hidden), deltas: regressor(hidden))
  }

  /// What the sampled regions of all images should have been.
  package struct Targets {
    /// A class each; `classes` is the background.
    package var labels: [Int32] = []
    /// The regions that are objects.
    package var positives: [Int] = []
    /// Four numbers for each object.
    package var deltas: [Float] = []

    /// Targets of regions; the deltas are the positives', in their order.
    package init(labels: [Int32] = [], positives: [Int] = [], deltas: [Float] = []) {
      (self.labels, self.positives, self.deltas) = (labels, positives, deltas)
    }
  }

  /// Targets of the regions of one image: the objects first, then the background.
  func appendTargets(
    _ targets: inout Targets, objects: Boxes, truths: Boxes, labels: [Int], backgrounds: Int
  ) {
    let first = targets.labels.count
    targets.positives += first..<first + objects.count
    targets.labels += labels.map { Int32($0) } + [Int32](repeating: Int32(classes), count: backgrounds)
    targets.deltas += boxCoder.encode(objects, truths)
  }

  /// `loss_cls`, `acc` (percent of regions whose best class is right) and `loss_bbox`.
  package func losses(_ output: Output, _ targets: Targets) -> [(name: String, value: Tensor)] {
    let count = targets.labels.count
    let crossEntropies = crossEntropy(output.scores, labels: targets.labels, ignoreIndex: nil)
    let loss = crossEntropies.sum() * (classificationLoss.weight / Float(max(1, count)))
    return [
      ("loss_cls", loss), ("acc", Tensor([accuracy(output.scores, targets.labels)], shape: [1])),
      (
        "loss_bbox",
        boxLoss(ownDeltas(output.deltas, targets), targets.deltas, averagingFactor: Float(max(1, count)))
      ),
    ]
  }

  /// The deltas of each object's own class, `[P, 4]`.
  private func ownDeltas(_ deltas: Tensor, _ targets: Targets) -> Tensor {
    deltas.reshaped([-1, 4]).rows(
      targets.positives.map { isClassAgnostic ? $0 : $0 * classes + Int(targets.labels[$0]) })
  }

  private func accuracy(_ scores: Tensor, _ labels: [Int32]) -> Float {
    let values = scores.values
    let width = classes + 1
    let right = labels.enumerated().count { row, label in
      let scores = values[(row * width)..<((row + 1) * width)]
      return scores.firstIndex(of: scores.max() ?? 0) == row * width + Int(label)
    }
    return labels.isEmpty ? 0 : 100 * Float(right) / Float(labels.count)
  }

  /// Boxes, scores and classes of one image before suppression (mmdetection's `BBoxHead._predict_by_feat_single`).
  ///
  /// - Parameters:
  ///   - regions: The boxes that were cut out.
  ///   - rows: Which rows of the output are this image's.
  /// - Returns: Scores `[R, classes]` by rows, and for each region a box a class (one in all when class agnostic).
  package func decode(_ output: Output, regions: Boxes, rows: Range<Int>, size: ImageSize) -> (
    boxes: Boxes, scores: [Float]
  ) {
    let probabilities = withoutGradients { output.scores.softmax(axis: -1) }.values
    let width = classes + 1
    let scores = rows.flatMap { probabilities[($0 * width)..<($0 * width + classes)] }
    let perRegion = isClassAgnostic ? 1 : classes
    let deltas = Array(
      output.deltas.values[(rows.lowerBound * 4 * perRegion)..<(rows.upperBound * 4 * perRegion)])
    let repeated = regions[(0..<regions.count).flatMap { [Int](repeating: $0, count: perRegion) }]
    return (boxCoder.decode(repeated, deltas: deltas, clippedTo: size), scores)
  }
}
