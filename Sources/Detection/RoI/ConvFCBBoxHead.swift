import Configuration
import Data
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Shared 3x3 convolutions and fully connected layers, then class scores and box deltas (mmdetection's
/// `Shared2FCBBoxHead` and `Shared4Conv1FCBBoxHead`).
public struct ConvFCBBoxHead: BoxHead {
  /// The shared layers of one of mmdetection's types.
  package struct Trunk: Sendable {
    /// The type.
    package let name: String
    let convolutions, layers: Int
    let description: String

    /// All there are.
    package static let all = [
      Trunk(
        name: "Shared2FCBBoxHead", convolutions: 0, layers: 2,
        description: "Two linear layers, class scores and box deltas"),
      Trunk(
        name: "Shared4Conv1FCBBoxHead", convolutions: 4, layers: 1,
        description: "Four convolutions, a linear layer, class scores and box deltas"),
    ]
  }

  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var inputChannels: Int
    var convolutionChannels: Int
    var hiddenChannels: Int
    var norm: NormConfiguration?
    var side: Int
    package var classes: Int?
    var boxCoder: DeltaXYWHBBoxCoder
    var isClassAgnostic: Bool
    var classificationLoss: ComponentConfiguration
    var boxLoss: ComponentConfiguration
    var learnsDecodedBoxes: Bool

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case convolutionChannels = "conv_out_channels"
      case hiddenChannels = "fc_out_channels"
      case norm = "norm_cfg"
      case side = "roi_feat_size"
      case classes = "num_classes"
      case boxCoder = "bbox_coder"
      case isClassAgnostic = "reg_class_agnostic"
      case classificationLoss = "loss_cls"
      case boxLoss = "loss_bbox"
      case learnsDecodedBoxes = "reg_decoded_bbox"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...65_536)
      convolutionChannels =
        try keys.decodeIfPresent(Int.self, forKey: .convolutionChannels, in: 1...65_536) ?? 256
      norm = try keys.decodeIfPresent(NormConfiguration.self, forKey: .norm)
      if let misfit = norm?.misfit(channels: convolutionChannels) {
        throw keys.refusal(misfit, forKey: .norm)
      }
      hiddenChannels = try keys.decodeIfPresent(Int.self, forKey: .hiddenChannels, in: 1...65_536) ?? 1024
      side = try keys.decodeIfPresent(Int.self, forKey: .side, in: 1...256) ?? 7
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes, in: 1...100_000)
      boxCoder = try keys.decode(DeltaXYWHBBoxCoder.self, forKey: .boxCoder)
      isClassAgnostic = try keys.decodeIfPresent(Bool.self, forKey: .isClassAgnostic) ?? false
      classificationLoss = try keys.decode(ComponentConfiguration.self, forKey: .classificationLoss)
      boxLoss = try keys.decode(ComponentConfiguration.self, forKey: .boxLoss)
      learnsDecodedBoxes = try keys.decodeIfPresent(Bool.self, forKey: .learnsDecodedBoxes) ?? false
    }
  }

  /// Channels of the regions it looks at.
  public let inputChannels: Int
  /// Side of the regions it looks at.
  public let inputSide: Int
  /// How many classes there are, without the background.
  public let classes: Int
  private let convolutions: [ConvModule]
  private let shared: [Linear]
  private let classifier: Linear
  private let regressor: Linear
  private let isClassAgnostic: Bool
  private let classificationLoss: any ClassificationLoss
  private let boxRegression: BoxRegression

  /// A head with mmdetection's initial values.
  ///
  /// - Throws: `ConfigurationError` about `loss_cls` and `loss_bbox`.
  package init(
    _ configuration: Configuration, _ trunk: Trunk, classes: Int, in context: ModelContext
  ) throws {
    let (hidden, side) = (configuration.hiddenChannels, configuration.side)
    (inputChannels, inputSide) = (configuration.inputChannels, side)
    let width = configuration.convolutionChannels
    convolutions = (0..<trunk.convolutions).map {
      ConvModule(
        $0 == 0 ? configuration.inputChannels : width, width, kernel: 3, padding: 1, norm: configuration.norm)
    }
    let flat = trunk.convolutions == 0 ? configuration.inputChannels : width
    shared = (0..<trunk.layers).map {
      $0 > 0
        ? Linear(hidden, hidden, initializer: .xavierUniform)
        : Linear(
          flat * side * side, hidden, initializer: .xavierUniform,
          layout: .flattened(channels: flat, height: side, width: side))
    }
    classifier = Linear(hidden, classes + 1, initializer: .normal(deviation: 0.01))
    regressor = Linear(
      hidden, 4 * (configuration.isClassAgnostic ? 1 : classes), initializer: .normal(deviation: 0.001))
    self.classes = classes
    isClassAgnostic = configuration.isClassAgnostic
    classificationLoss = try context.classificationLoss(
      configuration.classificationLoss, channels: classes + 1,
      advice: "needs use_sigmoid: false and no use_mask"
    ) { !$0.usesSigmoid && !$0.usesMask }
    boxRegression = try BoxRegression(
      configuration.boxLoss, coder: configuration.boxCoder,
      learnsDecodedBoxes: configuration.learnsDecodedBoxes, in: context)
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree {
    [
      "fc_cls": .layer(classifier), "fc_reg": .layer(regressor), "shared_convs": .layers(convolutions),
      "shared_fcs": .layers(shared),
    ]
  }

  /// `[R, side, side, C]` regions.
  public func callAsFunction(_ regions: Tensor) -> BoxHeadOutput {
    let maps = convolutions.reduce(regions) { $1($0) }
    let flat = maps.reshaped([maps.shape[0], maps.shape.dropFirst().reduce(1, *)])
    let hidden = shared.reduce(flat) { $1($0).relu() }
    return BoxHeadOutput(scores: classifier(hidden), deltas: regressor(hidden))
  }

  /// `loss_cls`, `acc` (percent of regions whose best class is right) and `loss_bbox`.
  public func losses(_ output: BoxHeadOutput, _ targets: RegionTargets) -> [LossTerm] {
    losses(
      output, targets, boxTargets: boxRegression.targets(of: targets.regions, truths: targets.truths))
  }

  /// The same with what `loss_bbox` compares with, `[P, 4]`: deltas, or boxes with `reg_decoded_bbox`.
  package func losses(_ output: BoxHeadOutput, _ targets: RegionTargets, boxTargets: [Float]) -> [LossTerm] {
    let count = ForwardMode.lossCount(Float(targets.labels.count), atLeast: 1)
    let boxLoss = boxRegression.loss(
      ownDeltas(output.deltas, targets), of: targets.regions, targets: boxTargets, averagingFactor: count)
    return [
      .loss(
        "loss_cls", classificationLoss(output.scores, labels: targets.labels, averagingFactor: count)),
      .figure("acc", accuracy(output.scores, targets.labels)), .loss("loss_bbox", boxLoss),
    ]
  }

  /// The deltas of each object's own class, `[P, 4]`.
  private func ownDeltas(_ deltas: Tensor, _ targets: RegionTargets) -> Tensor {
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

  /// Boxes and probabilities of each image (mmdetection's `BBoxHead._predict_by_feat_single`).
  public func decode(_ output: BoxHeadOutput, regions: [Boxes], sizes: [ImageSize]) -> [RegionScores] {
    let probabilities = withoutGradients { output.scores.softmax(axis: -1) }.values
    let allDeltas = output.deltas.values
    let (width, perRegion) = (classes + 1, isClassAgnostic ? 1 : classes)
    var first = 0
    return zip(regions, sizes).map { regions, size in
      let rows = first..<first + regions.count
      first = rows.upperBound
      var scores: [Float] = []
      scores.reserveCapacity(rows.count * classes)
      for row in rows { scores += probabilities[(row * width)..<(row * width + classes)] }
      let deltas = Array(
        allDeltas[(rows.lowerBound * 4 * perRegion)..<(rows.upperBound * 4 * perRegion)])
      let repeated = regions[(0..<regions.count).flatMap { [Int](repeating: $0, count: perRegion) }]
      return RegionScores(
        boxes: boxRegression.coder.decode(repeated, deltas: deltas, clippedTo: size), scores: scores)
    }
  }
}
