import Configuration
import Data
import Imaging
import Layers
import Masks
import Modeling
import Tensors

/// Proposals, then boxes and classes (Ren et al., arXiv:1506.01497, figure 2; mmdetection's `FasterRCNN`), and masks if
/// the second stage has them (He et al., arXiv:1703.06870, figure 1; `MaskRCNN`).
public struct TwoStageDetector: ScoringModel {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var preprocessor: ComponentConfiguration
    var backbone: ComponentConfiguration
    var neck: ComponentConfiguration
    var rpnHead: ComponentConfiguration
    var roiHead: ComponentConfiguration
    var training: Training
    var testing: Testing

    enum CodingKeys: String, CodingKey {
      case backbone, neck
      case preprocessor = "data_preprocessor"
      case rpnHead = "rpn_head"
      case roiHead = "roi_head"
      case training = "train_cfg"
      case testing = "test_cfg"
    }
  }

  /// `train_cfg`.
  public struct Training: Decodable, Sendable {
    var rpn: ProposalTraining
    var proposals: ProposalSelection
    var rcnn: RoITraining

    enum CodingKeys: String, CodingKey {
      case rpn, rcnn
      case proposals = "rpn_proposal"
    }
  }

  /// `test_cfg`.
  public struct Testing: Decodable, Sendable {
    var rpn: ProposalSelection
    var rcnn: RoISelection
  }

  let preprocessor: DetDataPreprocessor
  /// From images to maps.
  public let backbone: any Backbone
  let neck: any Neck
  let rpnHead: any ProposalHead
  let roiHead: any RoIHead
  private let training: Training
  let testing: Testing

  /// A detector whose parts fit together.
  ///
  /// - Parameters:
  ///   - configuration: The settings of `model`.
  ///   - learnsMasks: Whether its second stage has to learn masks, or must not.
  ///   - context: Where the types of its parts are looked up.
  /// - Throws: `ConfigurationError` where a part is unknown, its widths do not fit the part before it, or masks are
  ///   learned that were not wanted, or the other way round.
  public init(_ configuration: Configuration, learnsMasks: Bool, in context: ModelContext) throws {
    let (components, scope) = (context.components, context.scope)
    preprocessor = try configuration.preprocessor.node.decode(DetDataPreprocessor.self)
    backbone = try components.backbones.build(configuration.backbone, scope: scope, in: context)
    neck = try components.necks.build(configuration.neck, scope: scope, in: context)
    rpnHead = try components.rpnHeads.build(configuration.rpnHead, scope: scope, in: context)
    roiHead = try components.roiHeads.build(configuration.roiHead, scope: scope, in: context)
    (training, testing) = (configuration.training, configuration.testing)
    try checkMasks(of: configuration.roiHead.node, areWanted: learnsMasks)
    try checkWidths(configuration)
  }

  /// Whether the second stage learns masks where they are wanted, and only there; one of another's own may leave them.
  private func checkMasks(of stage: ConfigurationNode, areWanted: Bool) throws {
    guard roiHead.learnsMasks != areWanted, !areWanted || roiHead is StandardRoIHead else { return }
    let place = stage.node(at: "mask_head") ?? stage
    throw ConfigurationError(
      location: place.location, keyPath: "\(stage.keyPath).mask_head",
      message: areWanted ? "is missing: MaskRCNN learns masks" : "FasterRCNN learns boxes only",
      hint: areWanted
        ? "Give roi_head a mask_head and a mask_roi_extractor, or write model.type: FasterRCNN for boxes alone."
        : "Leave mask_head and mask_roi_extractor out (null in a config with _base_), or write model.type: MaskRCNN."
    )
  }

  /// Whether each part takes what the part before it gives.
  private func checkWidths(_ configuration: Configuration) throws {
    func check(_ misfits: [(keyPath: String, message: String)], of part: ComponentConfiguration) throws {
      guard let first = misfits.first else { return }
      let place = part.node.node(at: first.keyPath) ?? part.node
      throw ConfigurationError(
        location: place.location, keyPath: "\(part.node.keyPath).\(first.keyPath)", message: first.message)
    }
    let widths = backbone.outputs.map(\.channels)
    if neck.inputChannels != widths {
      let message = "\(neck.inputChannels), but the backbone's maps have \(widths) channels"
      try check([("in_channels", message)], of: configuration.neck)
    }
    try check(
      rpnHead.misfits(channels: neck.channels, levels: neck.levels), of: configuration.rpnHead)
    try check(
      roiHead.misfits(channels: neck.channels, levels: neck.levels, training: training.rcnn),
      of: configuration.roiHead)
  }

  /// Weights under mmdetection's names; torchvision's and detectron2's are known.
  public var tree: ParameterTree {
    let tree: ParameterTree = [
      "backbone": .layer(backbone), "neck": .layer(neck), "rpn_head": .layer(rpnHead),
      "roi_head": .layer(roiHead),
    ]
    return tree.named(by: TorchvisionDetectorNaming(), Detectron2Naming())
  }

  /// Boxes, and masks where the second stage learns them.
  public var requirements: AnnotationRequirements {
    AnnotationRequirements(
      roiHead.learnsMasks ? [.boxes, .masks] : .boxes,
      alternativeToMasks: "leave mask_head and mask_roi_extractor out of model.roi_head to learn boxes only")
  }

  /// The losses of a batch: `loss_rpn_cls`, `loss_rpn_bbox`, `loss_cls`, `acc`, `loss_bbox`, `loss_mask`.
  ///
  /// - Throws: `DataError` for a sample without the annotations that are required.
  public func losses(_ samples: [Sample]) throws -> Losses {
    let batch = try preprocessor(samples)
    let truths = try zip(samples, batch.instances).map { sample, instances in
      guard let instances else {
        throw DataError(
          file: sample.imagePath, "was loaded without annotations: add LoadAnnotations to the pipeline")
      }
      guard instances.masks != nil || !roiHead.learnsMasks else {
        throw DataError(
          file: sample.imagePath,
          "was loaded without masks, and the model learns from them\n  " + requirements.advice(about: .masks))
      }
      return instances.withoutIgnored
    }
    return losses(batch.images, geometry: batch.geometry(of: samples), truths: truths)
  }

  /// The losses of a batch that is preprocessed already, `[B, H, W, 3]`.
  package func losses(_ images: Tensor, geometry: [ImageGeometry], truths: [Instances]) -> Losses {
    let (rpn, roi) = detailedLosses(images, geometry: geometry, truths: truths)
    return Losses(rpn.addingUpLevels + roi)
  }

  /// The same with the RPN's losses by level.
  package func detailedLosses(
    _ images: Tensor, geometry: [ImageGeometry], truths: [Instances]
  ) -> (rpn: [LossTerm], roi: [LossTerm]) {
    let features = neck(backbone(images))
    func firstStage(_ head: some ProposalHead) -> (losses: [LossTerm], proposals: [Proposals]) {
      let output = head(features)
      return (
        head.losses(output, geometry: geometry, truths: truths, training: training.rpn),
        head.proposals(output, geometry: geometry, selection: training.proposals)
      )
    }
    let (rpnLosses, proposals) = firstStage(rpnHead)
    let roiLosses = roiHead.losses(features, proposals: proposals, truths: truths, training: training.rcnn)
    return (rpnLosses, roiLosses)
  }

  /// The objects of each image with their soft masks, in pixels of its file.
  public func scores(_ samples: [Sample]) throws -> [InstanceScores] {
    let batch = try preprocessor(samples)
    return scores(batch.images, geometry: batch.geometry(of: samples))
  }

  /// The objects of one image: masks are pasted into it, and cut at `mask_thr_binary`.
  public func decide(_ scores: InstanceScores, for sample: Sample) -> Prediction {
    Prediction(instances: decide(scores, size: sample.originalSize))
  }

  /// The scores of a batch that is preprocessed already, `[B, H, W, 3]`.
  package func scores(_ images: Tensor, geometry: [ImageGeometry]) -> [InstanceScores] {
    let features = neck(backbone(images))
    func firstStage(_ head: some ProposalHead) -> [Proposals] {
      head.proposals(head(features), geometry: geometry, selection: testing.rpn)
    }
    return roiHead.scores(
      features, proposals: firstStage(rpnHead), geometry: geometry, selection: testing.rcnn)
  }

  /// The objects of an image whose file has this size.
  package func decide(_ scores: InstanceScores, size: ImageSize) -> InstancePrediction {
    let masks = scores.masks.map { masks in
      pasteMasks(
        masks.probabilities, side: masks.side, boxes: scores.boxes, into: size,
        threshold: testing.rcnn.maskThreshold
      ).map { RunLengthMask($0) }
    }
    return InstancePrediction(boxes: scores.boxes, scores: scores.scores, labels: scores.labels, masks: masks)
  }
}

extension [LossTerm] {
  /// The terms of one name, a level each, as one.
  fileprivate var addingUpLevels: [LossTerm] {
    reduce(into: []) { sums, term in
      if let index = sums.firstIndex(where: { $0.name == term.name }) {
        sums[index].value = sums[index].value + term.value
      } else {
        sums.append(term)
      }
    }
  }
}

extension Instances {
  /// The objects that take part in training: a crowd plays none (mmdetection with `ignore_iof_thr: -1`), nor does a box
  /// without an area, which has no finite deltas.
  var withoutIgnored: Instances {
    let kept = labels.indices.filter { index in
      let box = boxes[index]
      return !isIgnored[index] && box[2] > box[0] && box[3] > box[1]
    }
    return Instances(
      boxes: boxes[kept], labels: kept.map { labels[$0] },
      masks: masks.map { masks in kept.map { masks[$0] } },
      isIgnored: kept.map { _ in false })
  }
}
