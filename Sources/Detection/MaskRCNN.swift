import Modeling
import Configuration
import Data
import Imaging
import Layers
import Masks
import Tensors

/// Mask R-CNN (He et al., arXiv:1703.06870, figure 1; mmdetection's `MaskRCNN`).
public struct MaskRCNN: Model {
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
    var rpn: RPNHead.Training
    var proposals: RPNHead.Selection
    var rcnn: StandardRoIHead.Training

    enum CodingKeys: String, CodingKey {
      case rpn, rcnn
      case proposals = "rpn_proposal"
    }
  }

  /// `test_cfg`.
  public struct Testing: Decodable, Sendable {
    var rpn: RPNHead.Selection
    var rcnn: StandardRoIHead.Selection
  }

  private let preprocessor: DetDataPreprocessor
  private let backbone: any Backbone
  private let neck: any Neck
  private let rpnHead: RPNHead
  private let roiHead: StandardRoIHead
  private let training: Training
  private let testing: Testing

  /// A detector whose parts fit together.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown, or its widths do not fit the part before it.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    let heads = DetectionHeads.standard
    preprocessor = try configuration.preprocessor.node.decode(DetDataPreprocessor.self)
    backbone = try context.components.backbones.build(
      configuration.backbone, scope: context.scope, in: context)
    neck = try heads.necks.build(configuration.neck, scope: context.scope, in: context)
    rpnHead = try heads.rpnHeads.build(configuration.rpnHead, scope: context.scope, in: context)
    roiHead = try heads.roiHeads.build(configuration.roiHead, scope: context.scope, in: context)
    (training, testing) = (configuration.training, configuration.testing)
    try checkWidths(configuration)
  }

  /// Whether each part takes what the part before it gives.
  private func checkWidths(_ configuration: Configuration) throws {
    func check(_ isRight: Bool, _ part: ComponentConfiguration, _ key: String, _ message: String) throws {
      guard !isRight else { return }
      let place = part.node.node(at: key) ?? part.node
      throw ConfigurationError(
        location: place.location, keyPath: "\(part.node.keyPath).\(key)", message: message)
    }
    let widths = backbone.outputs.map(\.channels)
    try check(
      neck.inputChannels == widths, configuration.neck, "in_channels",
      "\(neck.inputChannels), but the backbone's maps have \(widths) channels")
    try check(
      rpnHead.inputChannels == neck.channels, configuration.rpnHead, "in_channels",
      "\(rpnHead.inputChannels), but the neck's out_channels is \(neck.channels)")
    try check(
      rpnHead.levels == neck.levels, configuration.rpnHead, "anchor_generator.strides",
      "anchors for \(rpnHead.levels) levels, but the neck has \(neck.levels)")
    let misfits = roiHead.misfits(
      channels: neck.channels, levels: neck.levels, maskSize: training.rcnn.maskSize)
    if let first = misfits.first {
      try check(false, configuration.roiHead, first.keyPath, first.message)
    }
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree {
    [
      "backbone": .layer(backbone), "neck": .layer(neck), "rpn_head": .layer(rpnHead),
      "roi_head": .layer(roiHead),
    ]
  }

  /// The losses of a batch: `loss_rpn_cls`, `loss_rpn_bbox`, `loss_cls`, `acc`, `loss_bbox`, `loss_mask`.
  public func losses(_ samples: [Sample]) throws -> Losses {
    let batch = try preprocessor(samples)
    let truths = try zip(samples, batch.instances).map { sample, instances in
      guard let instances else {
        throw DataError(
          file: sample.imagePath, "was loaded without annotations: add LoadAnnotations to the pipeline")
      }
      return instances.withoutIgnored
    }
    return losses(batch.images, geometry: batch.geometry(of: samples), truths: truths)
  }

  /// The losses of a batch that is preprocessed already, `[B, H, W, 3]`.
  package func losses(_ images: Tensor, geometry: [ImageGeometry], truths: [Instances]) -> Losses {
    let (rpn, roi) = detailedLosses(images, geometry: geometry, truths: truths)
    return Losses(
      [.loss("loss_rpn_cls", sum(rpn.classification)), .loss("loss_rpn_bbox", sum(rpn.boxes))] + roi)
  }

  /// The same with the RPN's losses by level.
  package func detailedLosses(
    _ images: Tensor, geometry: [ImageGeometry], truths: [Instances]
  ) -> (rpn: (classification: [Tensor], boxes: [Tensor]), roi: [LossTerm]) {
    let features = neck(backbone(images))
    let anchors = rpnHead(features)
    let rpnLosses = rpnHead.losses(anchors, geometry: geometry, truths: truths, training: training.rpn)
    let proposals = rpnHead.proposals(anchors, geometry: geometry, selection: training.proposals)
    let roiLosses = roiHead.losses(features, proposals: proposals, truths: truths, training: training.rcnn)
    return (rpnLosses, roiLosses)
  }

  /// The objects of each image, in pixels of its file.
  public func predict(_ samples: [Sample]) throws -> [Prediction] {
    let batch = try preprocessor(samples)
    return predict(batch.images, geometry: batch.geometry(of: samples)).map { Prediction(instances: $0) }
  }

  /// The objects of a batch that is preprocessed already, `[B, H, W, 3]`.
  package func predict(_ images: Tensor, geometry: [ImageGeometry]) -> [InstancePrediction] {
    let features = neck(backbone(images))
    let proposals = rpnHead.proposals(rpnHead(features), geometry: geometry, selection: testing.rpn)
    return roiHead.predict(features, proposals: proposals, geometry: geometry, selection: testing.rcnn)
  }
}

/// Tensors of one number each, added up.
private func sum(_ losses: [Tensor]) -> Tensor { losses.dropFirst().reduce(losses[0]) { $0 + $1 } }

extension Instances {
  /// The objects that take part in training: a crowd plays none (mmdetection with `ignore_iof_thr: -1`).
  var withoutIgnored: Instances {
    let kept = labels.indices.filter { !isIgnored[$0] }
    return Instances(
      boxes: boxes[kept], labels: kept.map { labels[$0] },
      masks: masks.map { masks in kept.map { masks[$0] } },
      isIgnored: kept.map { _ in false })
  }
}

extension PreprocessedBatch {
  /// The geometry of each image.
  func geometry(of samples: [Sample]) -> [ImageGeometry] {
    zip(samples, paddedSizes).map { sample, padded in
      ImageGeometry(
        size: sample.size, paddedSize: padded, originalSize: sample.originalSize,
        scale: (sample.scaleFactor.width, sample.scaleFactor.height))
    }
  }
}
