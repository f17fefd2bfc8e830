import Configuration
import Data
import Imaging
import Layers
import Masks
import Tensors

/// The second stage: regions to classes, boxes and masks (mmdetection's `StandardRoIHead`).
public struct StandardRoIHead: Layer {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var boxExtractor: ComponentConfiguration
    var boxHead: ComponentConfiguration
    var maskExtractor: ComponentConfiguration
    var maskHead: ComponentConfiguration

    enum CodingKeys: String, CodingKey {
      case boxExtractor = "bbox_roi_extractor"
      case boxHead = "bbox_head"
      case maskExtractor = "mask_roi_extractor"
      case maskHead = "mask_head"
    }
  }

  /// `train_cfg.rcnn`.
  public struct Training: Decodable, Sendable {
    var assigner: MaxIoUAssigner
    var sampler: RandomSampler
    var maskSize: Int

    enum CodingKeys: String, CodingKey {
      case assigner, sampler, debug
      case maskSize = "mask_size"
      case positiveWeight = "pos_weight"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      assigner = try keys.decode(MaxIoUAssigner.self, forKey: .assigner)
      sampler = try keys.decode(RandomSampler.self, forKey: .sampler)
      maskSize = try keys.decodeIfPresent(Int.self, forKey: .maskSize, in: 1...1024) ?? 28
      _ = try keys.decodeIfPresent(Bool.self, forKey: .debug)
      let weight = try keys.decodeIfPresent(Float.self, forKey: .positiveWeight) ?? -1
      guard weight <= 0 else {
        throw keys.refusal("only -1 is known: all weights are 1", forKey: .positiveWeight)
      }
    }
  }

  /// `test_cfg.rcnn`.
  public struct Selection: Decodable, Sendable {
    package var scoreThreshold: Float
    package var nms: NMS
    package var limit: Int
    package var maskThreshold: Float

    enum CodingKeys: String, CodingKey {
      case nms
      case scoreThreshold = "score_thr"
      case limit = "max_per_img"
      case maskThreshold = "mask_thr_binary"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      scoreThreshold = try keys.decode(Float.self, forKey: .scoreThreshold, in: -1e6...1e6)
      nms = try keys.decode(NMS.self, forKey: .nms)
      limit = try keys.decode(Int.self, forKey: .limit, in: 1...1_000_000)
      maskThreshold = try keys.decodeIfPresent(Float.self, forKey: .maskThreshold, in: -1e6...1e6) ?? 0.5
    }
  }

  private let boxExtractor: SingleRoIExtractor
  private let boxHead: Shared2FCBBoxHead
  private let maskExtractor: SingleRoIExtractor
  private let maskHead: FCNMaskHead

  /// What does not fit: between the parts, and to a pyramid of `levels` maps of `channels` channels.
  func misfits(channels: Int, levels: Int, maskSize: Int) -> [(keyPath: String, message: String)] {
    var misfits: [(keyPath: String, message: String)] = []
    func require(_ found: Int, is wanted: Int, _ keyPath: String, _ what: String) {
      if found != wanted { misfits.append((keyPath, "\(found), but \(what) \(wanted)")) }
    }
    for (extractor, name) in [(boxExtractor, "bbox_roi_extractor"), (maskExtractor, "mask_roi_extractor")] {
      require(extractor.channels, is: channels, "\(name).out_channels", "the neck's out_channels is")
      if extractor.levels > levels {
        misfits.append(("\(name).featmap_strides", "\(extractor.levels) levels, but the neck has \(levels)"))
      }
    }
    require(boxHead.input.channels, is: channels, "bbox_head.in_channels", "the neck's out_channels is")
    require(
      boxHead.input.side, is: boxExtractor.outputSize, "bbox_head.roi_feat_size",
      "bbox_roi_extractor's output_size is")
    require(maskHead.inputChannels, is: channels, "mask_head.in_channels", "the neck's out_channels is")
    require(
      maskExtractor.outputSize * 2, is: maskSize, "mask_roi_extractor.roi_layer.output_size",
      "half of train_cfg.rcnn.mask_size is wanted: twice the side must be")
    return misfits
  }

  /// A second stage of its four parts.
  init(
    boxExtractor: SingleRoIExtractor, boxHead: Shared2FCBBoxHead, maskExtractor: SingleRoIExtractor,
    maskHead: FCNMaskHead
  ) {
    (self.boxExtractor, self.boxHead) = (boxExtractor, boxHead)
    (self.maskExtractor, self.maskHead) = (maskExtractor, maskHead)
  }

  /// Weights under mmdetection's names.
  public var tree: ParameterTree { ["bbox_head": .layer(boxHead), "mask_head": .layer(maskHead)] }

  /// `loss_cls`, `acc`, `loss_bbox`, `loss_mask`.
  ///
  /// - Parameters:
  ///   - features: Maps `[B, h, w, C]`, the finest first.
  ///   - proposals: Of each image; no gradient goes to them.
  ///   - truths: The objects of each image, with masks.
  func losses(
    _ features: [Tensor], proposals: [Proposals], truths: [Instances], training: Training
  ) -> [(name: String, value: Tensor)] {
    let samples = zip(proposals, truths).enumerated().map { image, pair in
      sample(pair.0.boxes, truth: pair.1, image: image, training: training)
    }
    return boxLosses(features, samples) + maskLosses(features, samples, truths, training)
  }

  /// The sampled regions of one image, and the object that each of the positive ones is.
  private struct SampledRegions {
    var objects: Boxes
    var backgrounds: Boxes
    var truths: [Int]
    var truthBoxes: Boxes
    var labels: [Int]
  }

  private func sample(_ proposals: Boxes, truth: Instances, image: Int, training: Training) -> SampledRegions
  {
    var generator =
      ForwardMode.current.training?.generators(for: .sampling(stage: 1))[image]
      ?? RandomGenerator(seed: 0, sample: image, purpose: .sampling(stage: 1))
    var assignment = training.assigner.assign(proposals, to: truth)
    var candidates = proposals
    if training.sampler.addsTruths {
      candidates = truth.boxes
      candidates.append(contentsOf: proposals)
      assignment = assignment.prependingTruths(truth)
    }
    let sample = training.sampler.sample(assignment, using: &generator)
    let truths = sample.positives.map { assignment.truth(of: $0) }
    return SampledRegions(
      objects: candidates[sample.positives], backgrounds: candidates[sample.negatives], truths: truths,
      truthBoxes: truth.boxes[truths], labels: truths.map { truth.labels[$0] })
  }

  private func boxLosses(_ features: [Tensor], _ samples: [SampledRegions]) -> [(name: String, value: Tensor)]
  {
    var targets = Shared2FCBBoxHead.Targets()
    var boxes: [Boxes] = []
    for sample in samples {
      boxHead.appendTargets(
        &targets, objects: sample.objects, truths: sample.truthBoxes, labels: sample.labels,
        backgrounds: sample.backgrounds.count)
      var both = sample.objects
      both.append(contentsOf: sample.backgrounds)
      boxes.append(both)
    }
    return boxHead.losses(boxHead(boxExtractor(features, RegionsOfInterest(boxes))), targets)
  }

  private func maskLosses(
    _ features: [Tensor], _ samples: [SampledRegions], _ truths: [Instances], _ training: Training
  ) -> [(name: String, value: Tensor)] {
    let regions = RegionsOfInterest(samples.map(\.objects))
    let logits = maskHead(maskExtractor(features, regions))
    let targets = zip(samples, truths).flatMap { sample, truth in
      maskTargets(
        for: sample.objects, masks: truth.masks ?? [], assigned: sample.truths, size: training.maskSize)
    }
    return maskHead.losses(logits, targets: targets, labels: samples.flatMap(\.labels))
  }

  /// The objects of each image, in pixels of its file.
  func predict(
    _ features: [Tensor], proposals: [Proposals], geometry: [ImageGeometry], selection: Selection
  ) -> [InstancePrediction] {
    let regions = RegionsOfInterest(proposals.map(\.boxes))
    let output = boxHead(boxExtractor(features, regions))
    var first = 0
    let found = zip(proposals, geometry).map { proposals, geometry in
      let rows = first..<first + proposals.boxes.count
      first = rows.upperBound
      let (boxes, scores) = boxHead.decode(output, regions: proposals.boxes, rows: rows, size: geometry.size)
      return multiclassNMS(
        boxes, scores: scores, classes: boxHead.classes, scoreThreshold: selection.scoreThreshold,
        nms: selection.nms, limit: selection.limit)
    }
    return masks(of: found, features, geometry, selection)
  }

  /// Masks of the boxes that were found, and the boxes themselves brought to the size of the file.
  private func masks(
    of found: [Detections], _ features: [Tensor], _ geometry: [ImageGeometry], _ selection: Selection
  ) -> [InstancePrediction] {
    let labels = found.flatMap(\.labels)
    let regions = RegionsOfInterest(found.map(\.boxes))
    let probabilities = maskHead.probabilities(maskHead(maskExtractor(features, regions)), labels: labels)
    let pixels = probabilities.shape[1] * probabilities.shape[2]
    let values = probabilities.values
    var first = 0
    return zip(found, geometry).map { found, geometry in
      let boxes = found.boxes.scaled(x: 1 / geometry.scale.width, y: 1 / geometry.scale.height)
      let masks = pasteMasks(
        Array(values[(first * pixels)..<((first + boxes.count) * pixels)]), side: probabilities.shape[1],
        boxes: boxes, into: geometry.originalSize, threshold: selection.maskThreshold)
      first += boxes.count
      return InstancePrediction(
        boxes: boxes, scores: found.scores, labels: found.labels, masks: masks.map { RunLengthMask($0) })
    }
  }
}
