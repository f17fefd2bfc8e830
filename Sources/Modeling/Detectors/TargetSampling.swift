import Configuration
import Data
import Masks

/// How a stage of a detector learns: which boxes are which objects, and which of them its losses look at. The keys of
/// `train_cfg.rpn` and `train_cfg.rcnn` that both have.
public struct TargetSampling: Decodable, Sendable {
  /// Gives boxes to objects.
  public var assigner: MaxIoUAssigner
  /// Draws the boxes of the losses.
  public var sampler: RandomSampler

  enum CodingKeys: String, CodingKey {
    case assigner, sampler, debug
    case positiveWeight = "pos_weight"
  }

  /// An assigner and a sampler.
  public init(assigner: MaxIoUAssigner, sampler: RandomSampler) {
    (self.assigner, self.sampler) = (assigner, sampler)
  }

  /// Decodes mmdetection's keys; `pos_weight` can only be -1: all weights are 1.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    assigner = try keys.decode(MaxIoUAssigner.self, forKey: .assigner)
    sampler = try keys.decode(RandomSampler.self, forKey: .sampler)
    _ = try keys.decodeIfPresent(Bool.self, forKey: .debug)
    let weight = try keys.decodeIfPresent(Float.self, forKey: .positiveWeight) ?? -1
    guard weight <= 0 else {
      throw keys.refusal("only -1 is known: all weights are 1", forKey: .positiveWeight)
    }
  }
}
