import Configuration
import Data
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Region proposal network (Ren et al., arXiv:1506.01497, figure 3; mmdetection's `RPNHead`).
///
/// 3x3 convolutions shared by all levels, one unless told otherwise, then for each anchor a score and four deltas.
public struct RPNHead: ProposalHead {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var inputChannels: Int
    var featureChannels: Int
    var convolutions: Int
    var anchorGenerator: AnchorGenerator
    var boxCoder: DeltaXYWHBBoxCoder
    var classificationLoss: ComponentConfiguration
    var boxLoss: ComponentConfiguration
    var learnsDecodedBoxes: Bool
    /// mmdetection's heads know these keys too; a detector's own `train_cfg` and `test_cfg` go first.
    package var training: ProposalTraining?
    package var testing: ProposalSelection?

    enum CodingKeys: String, CodingKey {
      case inputChannels = "in_channels"
      case featureChannels = "feat_channels"
      case convolutions = "num_convs"
      case anchorGenerator = "anchor_generator"
      case boxCoder = "bbox_coder"
      case classificationLoss = "loss_cls"
      case boxLoss = "loss_bbox"
      case learnsDecodedBoxes = "reg_decoded_bbox"
      case training = "train_cfg"
      case testing = "test_cfg"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      inputChannels = try keys.decode(Int.self, forKey: .inputChannels, in: 1...65_536)
      featureChannels = try keys.decodeIfPresent(Int.self, forKey: .featureChannels, in: 1...65_536) ?? 256
      convolutions = try keys.decodeIfPresent(Int.self, forKey: .convolutions, in: 1...64) ?? 1
      anchorGenerator = try keys.decode(AnchorGenerator.self, forKey: .anchorGenerator)
      boxCoder = try keys.decode(DeltaXYWHBBoxCoder.self, forKey: .boxCoder)
      classificationLoss = try keys.decode(ComponentConfiguration.self, forKey: .classificationLoss)
      boxLoss = try keys.decode(ComponentConfiguration.self, forKey: .boxLoss)
      learnsDecodedBoxes = try keys.decodeIfPresent(Bool.self, forKey: .learnsDecodedBoxes) ?? false
      training = try keys.decodeIfPresent(ProposalTraining.self, forKey: .training)
      testing = try keys.decodeIfPresent(ProposalSelection.self, forKey: .testing)
    }
  }

  private let convolutions: [ConvModule]
  private let scores: Conv2d
  private let deltas: Conv2d
  private let anchorGenerator: AnchorGenerator
  private let classificationLoss: any ClassificationLoss
  private let boxRegression: BoxRegression
  private var boxCoder: DeltaXYWHBBoxCoder { boxRegression.coder }

  private let inputChannels: Int

  /// What does not fit to a pyramid of `levels` maps of `channels` channels.
  public func misfits(channels: Int, levels: Int) -> [(keyPath: String, message: String)] {
    var misfits: [(keyPath: String, message: String)] = []
    if inputChannels != channels {
      misfits.append(("in_channels", "\(inputChannels), but the neck's out_channels is \(channels)"))
    }
    let strides = anchorGenerator.strides.count
    if strides != levels {
      misfits.append(
        ("anchor_generator.strides", "anchors for \(strides) levels, but the neck has \(levels)"))
    }
    return misfits
  }

  /// A head with mmdetection's initial values.
  ///
  /// - Throws: `ConfigurationError` about `loss_cls` and `loss_bbox`.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    let anchors = configuration.anchorGenerator.anchorsPerCell
    let width = configuration.featureChannels
    inputChannels = configuration.inputChannels
    let normal = Initializer.normal(deviation: 0.01)
    convolutions = (0..<configuration.convolutions).map {
      ConvModule(
        $0 == 0 ? configuration.inputChannels : width, width, kernel: 3, padding: 1, initializer: normal)
    }
    scores = Conv2d(width, anchors, kernel: 1, initializer: normal)
    deltas = Conv2d(width, 4 * anchors, kernel: 1, initializer: normal)
    anchorGenerator = configuration.anchorGenerator
    classificationLoss = try context.classificationLoss(
      configuration.classificationLoss, channels: 1, advice: "needs use_sigmoid: true"
    ) { $0.usesSigmoid }
    boxRegression = try BoxRegression(
      configuration.boxLoss, coder: configuration.boxCoder,
      learnsDecodedBoxes: configuration.learnsDecodedBoxes, in: context)
  }

  /// Weights under mmdetection's names: a single convolution has no number.
  public var tree: ParameterTree {
    let alone = convolutions.count == 1 ? convolutions.first : nil
    let shared = alone.map { $0.tree(convolution: "rpn_conv", norm: "") }
    return (shared ?? ["rpn_conv": .layers(convolutions)])
      + ["rpn_cls": .layer(scores), "rpn_reg": .layer(deltas)]
  }

  /// What the head says of each level: scores `[B, h, w, A]` before the sigmoid, deltas `[B, h, w, 4 A]`.
  public struct Output {
    var scores: [Tensor]
    var deltas: [Tensor]
  }

  /// Maps `[B, h, w, C]`, the finest first.
  public func callAsFunction(_ features: [Tensor]) -> Output {
    let shared = features.map { map in convolutions.reduce(map) { $1($0) } }
    return Output(scores: shared.map { scores($0) }, deltas: shared.map { deltas($0) })
  }

  /// `loss_rpn_cls` of each level, then `loss_rpn_bbox` of each.
  public func losses(
    _ output: Output, geometry: [ImageGeometry], truths: [Instances], training: ProposalTraining
  ) -> [LossTerm] {
    let anchors = anchors(of: output, for: geometry)
    var targets = anchors.map { _ in LevelTargets() }
    var averagingFactor: Float = 0
    let generators = ForwardMode.current.training?.generators(for: .sampling(stage: 0))
    for (image, truth) in truths.enumerated() {
      var generator =
        generators?[image] ?? RandomGenerator(seed: 0, sample: image, purpose: .sampling(stage: 0))
      let valid = validAnchors(output, for: geometry[image])
      averagingFactor += assign(
        anchors, valid, to: truth, image: image, sampling: training.sampling, &targets, &generator)
    }
    averagingFactor = ForwardMode.lossCount(averagingFactor)
    var losses: (classification: [LossTerm], boxes: [LossTerm]) = ([], [])
    for (level, target) in targets.enumerated() {
      let logits = output.scores[level].reshaped([-1]).rows(target.positives + target.negatives)
      let labels =
        [Float](repeating: 1, count: target.positives.count)
        + [Float](repeating: 0, count: target.negatives.count)
      losses.classification.append(
        .loss(
          "loss_rpn_cls",
          classificationLoss(
            logits, targets: Tensor(labels, shape: [labels.count]), weights: nil,
            averagingFactor: averagingFactor)))
      losses.boxes.append(
        .loss(
          "loss_rpn_bbox",
          boxRegression.loss(
            output.deltas[level].reshaped([-1, 4]).rows(target.positives), of: target.boxes,
            targets: target.boxTargets, averagingFactor: averagingFactor)))
    }
    return losses.classification + losses.boxes
  }

  /// The anchors of each level.
  private func anchors(of output: Output, for geometry: [ImageGeometry]) -> [Boxes] {
    let sizes = geometry.map(\.paddedSize)
    let image = ImageSize(
      height: sizes.map(\.height).max() ?? 0, width: sizes.map(\.width).max() ?? 0)
    return anchorGenerator.anchors(for: output.scores.map { mapSize($0) }, image: image)
  }

  /// Which anchors of a level are in the loss: numbers among all of the batch, cell by cell.
  private struct LevelTargets {
    var positives: [Int] = []
    var negatives: [Int] = []
    /// The positive anchors themselves.
    var boxes = Boxes()
    /// What their deltas, or the boxes decoded from them, should be.
    var boxTargets: [Float] = []
  }

  /// The numbers of the anchors whose cells lie in the image's own padded size, by level.
  private func validAnchors(_ output: Output, for geometry: ImageGeometry) -> [[Int]] {
    let perCell = anchorGenerator.anchorsPerCell
    return zip(output.scores, anchorGenerator.strides).map { scores, stride in
      let size = mapSize(scores)
      let rows = min(size.height, (geometry.paddedSize.height + stride - 1) / stride)
      let columns = min(size.width, (geometry.paddedSize.width + stride - 1) / stride)
      return (0..<rows).flatMap { row in
        (row * size.width * perCell)..<((row * size.width + columns) * perCell)
      }
    }
  }

  /// Assigns and samples the anchors of all levels of one image together; answers the image's share of the average.
  private func assign(
    _ anchors: [Boxes], _ valid: [[Int]], to truth: Instances, image: Int, sampling: TargetSampling,
    _ targets: inout [LevelTargets], _ generator: inout RandomGenerator
  ) -> Float {
    let candidates = zip(anchors, valid).reduce(into: Boxes()) { $0.append(contentsOf: $1.0[$1.1]) }
    let assignment = sampling.assigner.assign(candidates, to: truth)
    let sample = sampling.sampler.sample(assignment, using: &generator)
    var first = 0
    let sampled = (
      positives: sample.positives.sorted(), negatives: sample.negatives.sorted()
    )
    for level in anchors.indices {
      let range = first..<first + valid[level].count
      func numbers(_ indices: [Int]) -> [Int] {
        indices.filter(range.contains).map { image * anchors[level].count + valid[level][$0 - first] }
      }
      let positives = sampled.positives.filter(range.contains)
      targets[level].positives += numbers(sampled.positives)
      targets[level].negatives += numbers(sampled.negatives)
      let boxes = candidates[positives]
      targets[level].boxes.append(contentsOf: boxes)
      targets[level].boxTargets += boxRegression.targets(
        of: boxes, truths: truth.boxes[positives.map { assignment.truth(of: $0) }])
      first = range.upperBound
    }
    return Float(max(1, sampled.positives.count) + max(1, sampled.negatives.count))
  }

  /// The best boxes of each image (mmdetection's `RPNHead._predict_by_feat_single`).
  public func proposals(
    _ output: Output, geometry: [ImageGeometry], selection: ProposalSelection
  ) -> [Proposals] {
    let anchors = anchors(of: output, for: geometry)
    let levels = zip(output.scores, output.deltas).map { scores, deltas in
      (scores: withoutGradients { scores.sigmoid() }.values, deltas: deltas.values)
    }
    return geometry.enumerated().map { image, geometry in
      var candidates = (boxes: Boxes(), scores: [Float](), levels: [Int]())
      for (level, output) in levels.enumerated() {
        let count = anchors[level].count
        let scores = output.scores[(image * count)..<((image + 1) * count)]
        let best = indicesOfBest(selection.candidatesPerLevel, of: Array(scores))
        let deltas = best.flatMap {
          output.deltas[(4 * (image * count + $0))..<(4 * (image * count + $0) + 4)]
        }
        candidates.boxes.append(
          contentsOf:
            boxCoder.decode(anchors[level][best], deltas: deltas, clippedTo: geometry.size))
        candidates.scores += best.map { scores[image * count + $0] }
        candidates.levels += [Int](repeating: level, count: best.count)
      }
      let large = (0..<candidates.boxes.count).filter {
        let box = candidates.boxes[$0]
        return box[2] - box[0] > selection.minimumSide && box[3] - box[1] > selection.minimumSide
      }
      let boxes = candidates.boxes[large]
      let scores = large.map { candidates.scores[$0] }
      let kept = selection.nms.batched(boxes, scores: scores, groups: large.map { candidates.levels[$0] })
        .prefix(selection.limit)
      return Proposals(boxes: boxes[Array(kept)], scores: kept.map { scores[$0] })
    }
  }
}

/// The positions of the largest numbers, the largest first, equal ones in their order; all when there are fewer.
func indicesOfBest(_ limit: Int, of scores: [Float]) -> [Int] {
  let order = scores.indices.sorted { scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1) }
  return Array(order.prefix(limit))
}

/// The height and width of a map `[B, H, W, C]`.
private func mapSize(_ map: Tensor) -> ImageSize { ImageSize(height: map.shape[1], width: map.shape[2]) }
