import Configuration
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Class scores and four offsets from the mean of a region. An offset is coded in sides of the region.
public struct MeanBoxHead: BoxHead {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let inputChannels: Int
    let side: Int
    let classes: Int?
    let classificationLoss: ComponentConfiguration
    let boxLoss: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case side = "roi_feat_size"
      case classes = "num_classes"
      case classificationLoss = "loss_cls"
      case boxLoss = "loss_bbox"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...64)
      side = try keys.decodeIfPresent(Int.self, forKey: .side, in: 1...64) ?? 4
      classes = try keys.decodeIfPresent(Int.self, forKey: .classes)
      classificationLoss = try keys.decode(ComponentConfiguration.self, forKey: .classificationLoss)
      boxLoss = try keys.decode(ComponentConfiguration.self, forKey: .boxLoss)
    }
  }

  /// How many classes there are, without the background.
  public let classes: Int
  /// Channels of the regions it looks at.
  public let inputChannels: Int
  /// Side of the regions it looks at.
  public let inputSide: Int
  private let scores: Linear
  private let offsets: Linear
  private let classificationLoss: any ClassificationLoss
  private let boxLoss: any BoxLoss

  init(_ settings: Settings, in context: ModelContext) throws {
    classes = try context.classCount(settings.classes)
    (inputChannels, inputSide) = (settings.inputChannels, settings.side)
    scores = Linear(settings.inputChannels, classes + 1)
    offsets = Linear(settings.inputChannels, 4)
    classificationLoss = try context.classificationLoss(
      settings.classificationLoss, channels: classes + 1, advice: "needs use_sigmoid: false"
    ) { !$0.usesSigmoid }
    boxLoss = try context.components.boxLosses.build(settings.boxLoss, scope: context.scope, in: context)
  }

  /// Weights of both.
  public var tree: ParameterTree { ["scores": .layer(scores), "offsets": .layer(offsets)] }

  /// `[R, side, side, C]` regions.
  public func callAsFunction(_ regions: Tensor) -> BoxHeadOutput {
    let means = regions.mean(axes: [1, 2])
    return BoxHeadOutput(scores: scores(means), deltas: offsets(means))
  }

  /// `loss_cls` and `loss_bbox`.
  public func losses(_ output: BoxHeadOutput, _ targets: RegionTargets) -> [LossTerm] {
    let wanted = (0..<targets.regions.count).flatMap { index -> [Float] in
      let difference = (targets.truths[index] - targets.regions[index]) / sides(targets.regions[index])
      return (0..<4).map { difference[$0] }
    }
    let own = output.deltas.rows(targets.positives)
    let factor = Float(max(1, targets.labels.count))
    return [
      .loss("loss_cls", classificationLoss(output.scores, labels: targets.labels, averagingFactor: factor)),
      .loss("loss_bbox", boxLoss(own, Tensor(wanted, shape: own.shape), averagingFactor: factor)),
    ]
  }

  /// One box a region, whatever its class.
  public func decode(_ output: BoxHeadOutput, regions: [Boxes], sizes: [ImageSize]) -> [RegionScores] {
    let probabilities = withoutGradients { output.scores.softmax(axis: -1) }.values
    let offsets = Boxes(output.deltas.values)
    var first = 0
    return zip(regions, sizes).map { regions, size in
      defer { first += regions.count }
      var boxes = Boxes()
      for index in 0..<regions.count {
        boxes.append(regions[index] + offsets[first + index] * sides(regions[index]))
      }
      let width = classes + 1
      let scores = (first..<first + regions.count).flatMap { row in
        Array(probabilities[row * width..<row * width + classes])
      }
      return RegionScores(
        boxes: boxes.clipped(width: Float(size.width), height: Float(size.height)), scores: scores)
    }
  }

  private func sides(_ box: SIMD4<Float>) -> SIMD4<Float> {
    let (width, height) = (max(1, box[2] - box[0]), max(1, box[3] - box[1]))
    return SIMD4(width, height, width, height)
  }
}
