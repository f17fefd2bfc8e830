import Configuration
import Data
import Layers
import Masks
import Modeling
import Tensors

/// The second stage: regions to classes and boxes, and to masks if it has a mask head (mmdetection's
/// `StandardRoIHead`).
public struct StandardRoIHead: RoIHead {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var boxExtractor: ComponentConfiguration
    var boxHead: ComponentConfiguration
    var maskExtractor: ComponentConfiguration?
    var maskHead: ComponentConfiguration?

    enum CodingKeys: String, CodingKey {
      case boxExtractor = "bbox_roi_extractor"
      case boxHead = "bbox_head"
      case maskExtractor = "mask_roi_extractor"
      case maskHead = "mask_head"
    }

    /// Decodes mmdetection's keys: `mask_head` and its extractor go together.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      boxExtractor = try keys.decode(ComponentConfiguration.self, forKey: .boxExtractor)
      boxHead = try keys.decode(ComponentConfiguration.self, forKey: .boxHead)
      maskExtractor = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .maskExtractor)
      maskHead = try keys.decodeIfPresent(ComponentConfiguration.self, forKey: .maskHead)
      if maskHead != nil, maskExtractor == nil {
        throw keys.refusal("needs mask_roi_extractor beside it", forKey: .maskHead)
      }
      if maskHead == nil, maskExtractor != nil {
        throw keys.refusal("needs mask_head beside it", forKey: .maskExtractor)
      }
    }
  }

  /// The parts that learn masks.
  private struct MaskBranch {
    let extractor: any RoIExtractor
    let head: any MaskHead
  }

  private let boxExtractor: any RoIExtractor
  private let boxHead: any BoxHead
  private let maskBranch: MaskBranch?

  /// Whether it has a mask head.
  public var learnsMasks: Bool { maskBranch != nil }

  /// A second stage of its parts.
  ///
  /// - Throws: `ConfigurationError` where a part is unknown or wrong.
  public init(_ configuration: Configuration, in context: ModelContext) throws {
    let (components, scope) = (context.components, context.scope)
    boxExtractor = try components.roiExtractors.build(configuration.boxExtractor, scope: scope, in: context)
    boxHead = try components.boxHeads.build(configuration.boxHead, scope: scope, in: context)
    guard let extractor = configuration.maskExtractor, let head = configuration.maskHead else {
      maskBranch = nil
      return
    }
    maskBranch = MaskBranch(
      extractor: try components.roiExtractors.build(extractor, scope: scope, in: context),
      head: try components.maskHeads.build(head, scope: scope, in: context))
  }

  /// What does not fit: between the parts, and to a pyramid of `levels` maps of `channels` channels.
  public func misfits(
    channels: Int, levels: Int, training: RoITraining
  ) -> [(keyPath: String, message: String)] {
    var misfits: [(keyPath: String, message: String)] = []
    func require(_ found: Int, is wanted: Int, _ keyPath: String, _ what: String) {
      if found != wanted { misfits.append((keyPath, "\(found), but \(what) \(wanted)")) }
    }
    for (extractor, name) in [
      (boxExtractor, "bbox_roi_extractor"), (maskBranch?.extractor, "mask_roi_extractor"),
    ] {
      guard let extractor else { continue }
      require(extractor.channels, is: channels, "\(name).out_channels", "the neck's out_channels is")
      if extractor.levels > levels {
        misfits.append(("\(name).featmap_strides", "\(extractor.levels) levels, but the neck has \(levels)"))
      }
    }
    require(boxHead.inputChannels, is: channels, "bbox_head.in_channels", "the neck's out_channels is")
    require(
      boxHead.inputSide, is: boxExtractor.outputSize, "bbox_head.roi_feat_size",
      "bbox_roi_extractor's output_size is")
    guard let mask = maskBranch else { return misfits }
    require(mask.head.inputChannels, is: channels, "mask_head.in_channels", "the neck's out_channels is")
    if mask.extractor.outputSize * mask.head.enlargement != training.maskSize {
      misfits.append(
        (
          "mask_roi_extractor.roi_layer.output_size",
          "\(mask.extractor.outputSize * mask.head.enlargement), but half of train_cfg.rcnn.mask_size is wanted: "
            + "twice the side must be \(training.maskSize)"
        ))
    }
    return misfits
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree {
    ["bbox_head": .layer(boxHead), "mask_head": .layer(maskBranch?.head)]
  }

  /// `loss_cls`, `acc`, `loss_bbox`, and `loss_mask` with a mask head.
  public func losses(
    _ features: [Tensor], proposals: [Proposals], truths: [Instances], training: RoITraining
  ) -> [LossTerm] {
    let samples = zip(proposals, truths).enumerated().map { image, pair in
      sample(pair.0.boxes, truth: pair.1, image: image, sampling: training.sampling)
    }
    let losses = boxLosses(features, samples)
    guard let maskBranch else { return losses }
    return losses + maskLosses(maskBranch, features, samples, truths, training)
  }

  /// The sampled regions of one image, and the object that each of the positive ones is.
  private struct SampledRegions {
    var objects: Boxes
    var backgrounds: Boxes
    var truths: [Int]
    var truthBoxes: Boxes
    var labels: [Int]
  }

  private func sample(
    _ proposals: Boxes, truth: Instances, image: Int, sampling: TargetSampling
  ) -> SampledRegions {
    var generator =
      ForwardMode.current.training?.generators(for: .sampling(stage: 1))[image]
      ?? RandomGenerator(seed: 0, sample: image, purpose: .sampling(stage: 1))
    var assignment = sampling.assigner.assign(proposals, to: truth)
    var candidates = proposals
    if sampling.sampler.addsTruths {
      candidates = truth.boxes
      candidates.append(contentsOf: proposals)
      assignment = assignment.prependingTruths(truth)
    }
    let sample = sampling.sampler.sample(assignment, using: &generator)
    let truths = sample.positives.map { assignment.truth(of: $0) }
    return SampledRegions(
      objects: candidates[sample.positives], backgrounds: candidates[sample.negatives], truths: truths,
      truthBoxes: truth.boxes[truths], labels: truths.map { truth.labels[$0] })
  }

  private func boxLosses(_ features: [Tensor], _ samples: [SampledRegions]) -> [LossTerm] {
    var targets = RegionTargets()
    var boxes: [Boxes] = []
    for sample in samples {
      let (first, backgrounds) = (targets.labels.count, sample.backgrounds.count)
      targets.positives += first..<first + sample.objects.count
      targets.labels += sample.labels.map { Int32($0) }
      targets.labels += [Int32](repeating: Int32(boxHead.classes), count: backgrounds)
      targets.regions.append(contentsOf: sample.objects)
      targets.truths.append(contentsOf: sample.truthBoxes)
      var both = sample.objects
      both.append(contentsOf: sample.backgrounds)
      boxes.append(both)
    }
    return boxHead.losses(boxHead(boxExtractor(features, RegionsOfInterest(boxes))), targets)
  }

  private func maskLosses(
    _ branch: MaskBranch, _ features: [Tensor], _ samples: [SampledRegions], _ truths: [Instances],
    _ training: RoITraining
  ) -> [LossTerm] {
    let regions = RegionsOfInterest(samples.map(\.objects))
    let logits = branch.head(branch.extractor(features, regions))
    let targets = zip(samples, truths).flatMap { sample, truth in
      maskTargets(
        for: sample.objects, masks: truth.masks ?? [], assigned: sample.truths, size: training.maskSize)
    }
    return branch.head.losses(logits, targets: targets, labels: samples.flatMap(\.labels))
  }

  /// The objects of each image with their soft masks, in pixels of its file.
  public func scores(
    _ features: [Tensor], proposals: [Proposals], geometry: [ImageGeometry], selection: RoISelection
  ) -> [InstanceScores] {
    let boxes = proposals.map(\.boxes)
    let output = boxHead(boxExtractor(features, RegionsOfInterest(boxes)))
    let found = boxHead.decode(output, regions: boxes, sizes: geometry.map(\.size)).map { image in
      multiclassNMS(
        image.boxes, scores: image.scores, classes: boxHead.classes, scoreThreshold: selection.scoreThreshold,
        nms: selection.nms, limit: selection.limit)
    }
    let masks = maskBranch.map { softMasks($0, of: found, features) }
    return zip(found, geometry).enumerated().map { image, pair in
      let (found, geometry) = pair
      return InstanceScores(
        boxes: found.boxes.scaled(x: 1 / geometry.scale.width, y: 1 / geometry.scale.height),
        scores: found.scores, labels: found.labels, masks: masks?[image])
    }
  }

  /// Runs the box head on all regions and the mask head on the first hundred, as mmdetection does.
  public func run(regions: Int, observedBy observer: any PartObserver) {
    func cut(_ count: Int, by extractor: any RoIExtractor) -> Tensor {
      .zeros([count, extractor.outputSize, extractor.outputSize, extractor.channels])
    }
    observer.part("roi_head.bbox_head", boxHead) { _ = boxHead(cut(regions, by: boxExtractor)) }
    guard let maskBranch else { return }
    observer.part("roi_head.mask_head", maskBranch.head) {
      _ = maskBranch.head(cut(min(100, regions), by: maskBranch.extractor))
    }
  }

  /// Mask probabilities of the boxes that were found in each image.
  private func softMasks(_ branch: MaskBranch, of found: [Detections], _ features: [Tensor]) -> [SoftMasks] {
    let regions = RegionsOfInterest(found.map(\.boxes))
    let probabilities = branch.head.probabilities(
      branch.head(branch.extractor(features, regions)), labels: found.flatMap(\.labels))
    let (side, values) = (probabilities.shape[1], probabilities.values)
    var first = 0
    return found.map { found in
      let end = first + found.boxes.count * side * side
      defer { first = end }
      return SoftMasks(side: side, probabilities: Array(values[first..<end]))
    }
  }
}
