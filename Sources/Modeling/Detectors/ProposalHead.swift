import Configuration
import Data
import Layers
import Tensors

/// The first stage of a detector: where objects may be (mmdetection's `rpn_head`).
public protocol ProposalHead: Layer {
  /// What the head says of all places of a batch, before anything is chosen.
  associatedtype Output

  /// What does not fit to a pyramid of `levels` maps of `channels` channels; empty where all is well. A key path is
  /// that of the head's own config.
  func misfits(channels: Int, levels: Int) -> [(keyPath: String, message: String)]

  /// Maps `[B, h, w, C]`, the finest first.
  func callAsFunction(_ features: [Tensor]) -> Output

  /// The losses of a batch, in mmdetection's names, such as `loss_rpn_cls` and `loss_rpn_bbox`. Several terms of one
  /// name, a level each, are added up.
  ///
  /// - Parameters:
  ///   - output: What the head says of the batch.
  ///   - geometry: Of each image of the batch.
  ///   - truths: The objects of each image, none of them ignored.
  ///   - training: `train_cfg.rpn`.
  func losses(
    _ output: Output, geometry: [ImageGeometry], truths: [Instances], training: ProposalTraining
  ) -> [LossTerm]

  /// The best boxes of each image; no gradient goes to them.
  ///
  /// - Parameters:
  ///   - output: What the head says of the batch.
  ///   - geometry: Of each image of the batch.
  ///   - selection: `train_cfg.rpn_proposal` in training, else `test_cfg.rpn`.
  func proposals(_ output: Output, geometry: [ImageGeometry], selection: ProposalSelection) -> [Proposals]
}

/// `train_cfg.rpn`.
public struct ProposalTraining: Decodable, Sendable {
  /// Which boxes are which objects, and which the losses look at.
  public var sampling: TargetSampling

  enum CodingKeys: String, CodingKey { case allowedBorder = "allowed_border" }

  /// Decodes mmdetection's keys; `allowed_border` can only be -1: anchors may cross the image's border.
  public init(from decoder: any Decoder) throws {
    sampling = try TargetSampling(from: decoder)
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let allowedBorder = try keys.decodeIfPresent(Int.self, forKey: .allowedBorder) ?? -1
    guard allowedBorder < 0 else {
      throw keys.refusal("only -1 is known: anchors may cross the border", forKey: .allowedBorder)
    }
  }
}

/// `train_cfg.rpn_proposal` and `test_cfg.rpn`.
public struct ProposalSelection: Decodable, Sendable {
  /// How many boxes of each level are looked at, the best ones (`nms_pre`).
  public var candidatesPerLevel: Int
  /// How many are kept of an image, at most (`max_per_img`).
  public var limit: Int
  /// Suppression within each level.
  public var nms: NMS
  /// Both sides have to be longer, in pixels of the network's image (`min_bbox_size`).
  public var minimumSide: Float

  enum CodingKeys: String, CodingKey {
    case nms
    case candidatesPerLevel = "nms_pre"
    case limit = "max_per_img"
    case minimumSide = "min_bbox_size"
  }

  /// Decodes mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    candidatesPerLevel =
      try keys.decodeIfPresent(Int.self, forKey: .candidatesPerLevel, in: 1...1_000_000) ?? 1000
    limit = try keys.decode(Int.self, forKey: .limit, in: 1...1_000_000)
    nms = try keys.decode(NMS.self, forKey: .nms)
    minimumSide = try keys.decodeIfPresent(Float.self, forKey: .minimumSide, in: -1...1e6) ?? 0
  }
}
