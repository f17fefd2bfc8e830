import Imaging
import Masks

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

/// What a model decides about one image. Who uses it takes the part that it needs, and says so where it is missing.
public struct Prediction: Sendable, Equatable {
  /// The objects, from a detector.
  public var instances: InstancePrediction?
  /// The class of every pixel of the image's file, from a segmentor.
  public var labelMap: LabelMap?

  /// The probability of each class, of the image as a whole, from a classifier.
  public var classScores: [Float]?

  /// What a model says; a part that it does not predict is nil.
  public init(
    instances: InstancePrediction? = nil, labelMap: LabelMap? = nil, classScores: [Float]? = nil
  ) {
    (self.instances, self.labelMap, self.classScores) = (instances, labelMap, classScores)
  }
}
