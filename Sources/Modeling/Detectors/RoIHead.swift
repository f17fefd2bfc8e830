import Configuration
import Data
import Layers
import Tensors

/// The second stage of a detector: proposals to objects (mmdetection's `roi_head`).
public protocol RoIHead: Layer {
  /// Whether it learns masks: images in training need them then.
  var learnsMasks: Bool { get }

  /// What does not fit: between its parts, and to a pyramid of `levels` maps of `channels` channels; empty where all
  /// is well. A key path is that of the head's own config.
  func misfits(channels: Int, levels: Int, training: RoITraining) -> [(keyPath: String, message: String)]

  /// The losses of a batch, in mmdetection's names: `loss_cls`, `acc`, `loss_bbox`, `loss_mask`.
  ///
  /// - Parameters:
  ///   - features: Maps `[B, h, w, C]`, the finest first.
  ///   - proposals: Of each image; no gradient goes to them.
  ///   - truths: The objects of each image, none of them ignored; with masks where it learns them.
  ///   - training: `train_cfg.rcnn`.
  func losses(
    _ features: [Tensor], proposals: [Proposals], truths: [Instances], training: RoITraining
  ) -> [LossTerm]

  /// What is known of the objects of each image, with soft masks.
  ///
  /// - Parameters:
  ///   - features: Maps `[B, h, w, C]`, the finest first.
  ///   - proposals: Of each image.
  ///   - geometry: Of each image; its objects are given in the pixels of the file.
  ///   - selection: `test_cfg.rcnn`.
  func scores(
    _ features: [Tensor], proposals: [Proposals], geometry: [ImageGeometry], selection: RoISelection
  ) -> [InstanceScores]

  /// Runs its parts on as many regions as the first stage keeps, up to logits, to be measured: nothing is decided.
  ///
  /// - Throws: `ConfigurationError` where it does not say how.
  func run(regions: Int, observedBy observer: any PartObserver) throws
}

extension RoIHead {
  /// Throws: it does not say what it runs.
  public func run(regions: Int, observedBy observer: any PartObserver) throws {
    throw ConfigurationError(
      keyPath: "model.roi_head", message: "\(type(of: self)) does not say what of it is measured",
      hint: "A second stage of one's own implements run(regions:observedBy:).")
  }
}

/// `train_cfg.rcnn`.
public struct RoITraining: Decodable, Sendable {
  /// Which proposals are which objects, and which the losses look at.
  public var sampling: TargetSampling
  /// Side of the masks that are learned (`mask_size`).
  public var maskSize: Int

  enum CodingKeys: String, CodingKey { case maskSize = "mask_size" }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    sampling = try TargetSampling(from: decoder)
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    maskSize = try keys.decodeIfPresent(Int.self, forKey: .maskSize, in: 1...1024) ?? 28
  }
}

/// `test_cfg.rcnn`.
public struct RoISelection: Decodable, Sendable {
  /// Scores have to be larger (`score_thr`).
  public var scoreThreshold: Float
  /// Suppression within each class.
  public var nms: NMS
  /// How many objects of an image are kept, at most (`max_per_img`).
  public var limit: Int
  /// Mask probabilities from here on are inside (`mask_thr_binary`).
  public var maskThreshold: Float

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
