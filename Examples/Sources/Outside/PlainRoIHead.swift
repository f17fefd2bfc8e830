import Configuration
import Data
import Detection
import Layers
import Masks
import Modeling
import Tensors

/// A second stage that learns from all proposals and all objects, without sampling, and cuts regions out once for boxes
/// and masks.
public struct PlainRoIHead: RoIHead {
  /// Its keys: the parts, opened by their registries.
  struct Settings: Decodable, Sendable {
    let extractor: ComponentConfiguration
    let boxHead: ComponentConfiguration
    let maskHead: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case extractor = "bbox_roi_extractor"
      case boxHead = "bbox_head"
      case maskHead = "mask_head"
    }
  }

  private let extractor: any RoIExtractor
  private let boxHead: any BoxHead
  private let maskHead: any MaskHead

  init(_ settings: Settings, in context: ModelContext) throws {
    let (components, scope) = (context.components, context.scope)
    extractor = try components.roiExtractors.build(settings.extractor, scope: scope, in: context)
    boxHead = try components.boxHeads.build(settings.boxHead, scope: scope, in: context)
    maskHead = try components.maskHeads.build(settings.maskHead, scope: scope, in: context)
  }

  /// Always.
  public let learnsMasks = true

  /// Weights of both heads.
  public var tree: ParameterTree { ["bbox_head": .layer(boxHead), "mask_head": .layer(maskHead)] }

  /// Widths and sides have to be the same everywhere.
  public func misfits(
    channels: Int, levels: Int, training: RoITraining
  ) -> [(keyPath: String, message: String)] {
    let found = [
      ("bbox_roi_extractor.out_channels", extractor.channels, channels),
      ("bbox_head.in_channels", boxHead.inputChannels, channels),
      ("bbox_head.roi_feat_size", boxHead.inputSide, extractor.outputSize),
      ("mask_head.in_channels", maskHead.inputChannels, channels),
      ("bbox_roi_extractor.output_size", maskHead.enlargement * extractor.outputSize, training.maskSize),
    ]
    return found.filter { $0.1 != $0.2 }.map { (keyPath: $0.0, message: "\($0.1), but \($0.2) is needed") }
  }

  /// `loss_cls`, `loss_bbox` and `loss_mask`.
  public func losses(
    _ features: [Tensor], proposals: [Proposals], truths: [Instances], training: RoITraining
  ) -> [LossTerm] {
    var targets = RegionTargets()
    var regions: [Boxes] = []
    var masks: [Float] = []
    for (proposals, truth) in zip(proposals, truths) {
      var boxes = truth.boxes
      boxes.append(contentsOf: proposals.boxes)
      let assignment = training.sampling.assigner.assign(proposals.boxes, to: truth).prependingTruths(truth)
      let positives = assignment.numbers.indices.filter { assignment.numbers[$0] > 0 }
      let objects = positives.map { assignment.truth(of: $0) }
      targets.positives += positives.map { targets.labels.count + $0 }
      targets.labels += assignment.numbers.map {
        Int32($0 > 0 ? truth.labels[Int($0) - 1] : boxHead.classes)
      }
      targets.regions.append(contentsOf: boxes[positives])
      targets.truths.append(contentsOf: truth.boxes[objects])
      masks += maskTargets(
        for: boxes[positives], masks: truth.masks ?? [], assigned: objects, size: training.maskSize)
      regions.append(boxes)
    }
    let pixels = extractor(features, RegionsOfInterest(regions))
    return boxHead.losses(boxHead(pixels), targets)
      + maskHead.losses(
        maskHead(pixels.rows(targets.positives)), targets: masks,
        labels: targets.positives.map { Int(targets.labels[$0]) })
  }

  /// The objects of each image, in pixels of its file.
  public func scores(
    _ features: [Tensor], proposals: [Proposals], geometry: [ImageGeometry], selection: RoISelection
  ) -> [InstanceScores] {
    let boxes = proposals.map(\.boxes)
    let output = boxHead(extractor(features, RegionsOfInterest(boxes)))
    let images = boxHead.decode(output, regions: boxes, sizes: geometry.map(\.size))
    return images.enumerated().map { image, scores in
      let found = multiclassNMS(
        scores.boxes, scores: scores.scores, classes: boxHead.classes,
        scoreThreshold: selection.scoreThreshold, nms: selection.nms, limit: selection.limit)
      let regions = RegionsOfInterest(
        boxes: found.boxes, images: found.labels.map { _ in image })
      let masks = maskHead.probabilities(maskHead(extractor(features, regions)), labels: found.labels)
      let scale = geometry[image].scale
      return InstanceScores(
        boxes: found.boxes.scaled(x: 1 / scale.width, y: 1 / scale.height), scores: found.scores,
        labels: found.labels, masks: SoftMasks(side: masks.shape[1], probabilities: masks.values))
    }
  }
}
