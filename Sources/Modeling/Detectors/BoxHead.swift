import Imaging
import Layers
import Masks
import Tensors

/// From regions to classes and better boxes (mmdetection's `bbox_head`).
public protocol BoxHead: Layer {
  /// How many classes there are, without the background.
  var classes: Int { get }
  /// Channels of the regions it looks at.
  var inputChannels: Int { get }
  /// Side of the regions it looks at.
  var inputSide: Int { get }

  /// `[R, inputSide, inputSide, C]` regions.
  func callAsFunction(_ regions: Tensor) -> BoxHeadOutput

  /// The losses of the sampled regions, in mmdetection's names: `loss_cls`, `loss_bbox`, and `acc`.
  func losses(_ output: BoxHeadOutput, _ targets: RegionTargets) -> [LossTerm]

  /// What the output says of each image, before suppression.
  ///
  /// - Parameters:
  ///   - output: For the regions of all images, one image after the other.
  ///   - regions: The boxes of each image that were cut out, in the order of the output's rows.
  ///   - sizes: Of each image as the network sees it: boxes are cut to it.
  func decode(_ output: BoxHeadOutput, regions: [Boxes], sizes: [ImageSize]) -> [RegionScores]
}

/// What a box head says of `R` regions.
public struct BoxHeadOutput {
  /// Before the softmax, `[R, classes + 1]`, the background last.
  public var scores: Tensor
  /// Differences of boxes, coded: `[R, 4 * classes]`, or `[R, 4]` for all classes alike.
  public var deltas: Tensor

  /// Scores and deltas of the same regions.
  public init(scores: Tensor, deltas: Tensor) { (self.scores, self.deltas) = (scores, deltas) }
}

/// What the sampled regions of all images should have been.
public struct RegionTargets: Sendable {
  /// A class for each region; the number of classes is the background.
  public var labels: [Int32]
  /// The regions that are objects, rising.
  public var positives: [Int]
  /// The boxes of these regions.
  public var regions: Boxes
  /// The boxes of their objects.
  public var truths: Boxes

  /// Targets of regions; boxes are the positives', in their order.
  public init(
    labels: [Int32] = [], positives: [Int] = [], regions: Boxes = Boxes(), truths: Boxes = Boxes()
  ) {
    (self.labels, self.positives, self.regions, self.truths) = (labels, positives, regions, truths)
  }
}

/// Boxes and probabilities of one image's regions, before suppression.
public struct RegionScores: Sendable {
  /// In pixels of the network's image: for each region a box of each class, `[R * classes]`, or one for all, `[R]`.
  public var boxes: Boxes
  /// 0 ... 1, `[R, classes]`, without the background.
  public var scores: [Float]

  /// Boxes and scores of the same regions.
  public init(boxes: Boxes, scores: [Float]) { (self.boxes, self.scores) = (boxes, scores) }
}
