import Data
import Layers

/// A whole model: from samples to losses, and from samples to predictions.
public protocol Model: Layer {
  /// The fewest images of a batch that it can learn from: 2 where a norm would be left a single value a channel.
  var minimumBatch: Int { get }
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

  /// None, unless a model says otherwise.
  public func warnings(about samples: [Sample]) -> [String] { [] }
}

/// A model that predicts in two steps: scores, which can be averaged and merged over variants and tiles of an image, and a
/// decision from them.
public protocol ScoringModel: Model {
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
