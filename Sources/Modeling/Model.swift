import Data
import Layers

/// A whole model: from samples to losses, and from samples to predictions.
public protocol Model: Layer {
  /// The fewest images of a batch that it can learn from: 2 where a norm would be left a single value a channel.
  var minimumBatch: Int { get }
  /// What samples have to carry in training: a run checks it before its first step.
  var requirements: AnnotationRequirements { get }
  /// Where the weights of a part of the config stand among those of the model.
  func weights(ofPart part: String) -> PartWeights
  /// What is odd about a batch, though it can be learnt from: nothing in it has a class.
  func warnings(about samples: [Sample]) -> [String]
  /// The losses of a batch; its samples went through a training pipeline.
  func losses(_ samples: [Sample]) throws -> Losses
  /// A prediction for each sample.
  func predict(_ samples: [Sample]) throws -> [Prediction]
}

extension Model {
  /// One, unless a model says otherwise.
  public var minimumBatch: Int { 1 }
  /// Nothing.
  public var requirements: AnnotationRequirements { .none }

  /// Below the part's own name.
  public func weights(ofPart part: String) -> PartWeights { PartWeights(path: part) }

  /// None, unless a model says otherwise.
  public func warnings(about samples: [Sample]) -> [String] { [] }
}

/// Where the weights of a part of a model stand among all of them.
public struct PartWeights: Sendable, Equatable {
  /// The beginning of their names; empty where they stand at the root.
  public var path: String
  /// Names below `path` that are of other parts.
  public var others: [String]

  /// Names that begin with a path, without some of them.
  public init(path: String, others: [String] = []) { (self.path, self.others) = (path, others) }
}

/// A model that predicts in two steps: scores, which can be averaged and merged over variants and tiles of an image, and a
/// decision from them.
public protocol ScoringModel<Scores>: Model {
  /// What is known of one image before anything is decided: logits a pixel; boxes, scores and mask probabilities.
  associatedtype Scores
  /// The scores of each sample.
  func scores(_ samples: [Sample]) throws -> [Scores]
  /// The prediction for one sample, in pixels of its file.
  func decide(_ scores: Scores, for sample: Sample) throws -> Prediction
}

extension ScoringModel {
  /// Scores, then a decision for each sample.
  public func predict(_ samples: [Sample]) throws -> [Prediction] {
    try zip(scores(samples), samples).map { try decide($0, for: $1) }
  }
}
