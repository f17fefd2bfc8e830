import Imaging
import Layers
import Masks
import Tensors

/// What a training step yields, under mm's names: `loss_rpn_cls`, `acc`, `decode.loss_ce`, ...
public struct Losses {
  /// Losses and figures to be logged, in order.
  public var terms: [(name: String, value: Tensor)]

  /// Losses and figures.
  public init(_ terms: [(name: String, value: Tensor)]) { self.terms = terms }

  /// The sum of the terms whose name contains `loss`: what is minimised.
  public var total: Tensor {
    let losses = terms.filter { $0.name.contains("loss") }.map(\.value)
    guard let first = losses.first else { return Tensor(0) }
    return losses.dropFirst().reduce(first) { $0 + $1 }
  }
}

/// The objects found in one image.
public struct InstancePrediction: Sendable, Equatable {
  /// In pixels of the image's file.
  public var boxes: Boxes
  /// 0 ... 1, one an object.
  public var scores: [Float]
  /// Class numbers, from 0.
  public var labels: [Int]
  /// Of the size of the image's file; nil from a detector without masks.
  public var masks: [RunLengthMask]?

  /// Objects whose arrays have one length.
  public init(boxes: Boxes, scores: [Float], labels: [Int], masks: [RunLengthMask]? = nil) {
    self.boxes = boxes
    self.scores = scores
    self.labels = labels
    self.masks = masks
  }
}

/// What a model says of one image.
public enum Prediction: Sendable, Equatable {
  /// From a detector.
  case instances(InstancePrediction)
  /// From a segmentor, of the size of the image's file.
  case labelMap(LabelMap)
}

/// A whole model: from samples to losses, and from samples to predictions.
public protocol Model: Layer {
  /// The losses of a batch; its samples went through a training pipeline.
  func losses(_ samples: [Sample]) throws -> Losses
  /// A prediction for each sample.
  func predict(_ samples: [Sample]) throws -> [Prediction]
}
