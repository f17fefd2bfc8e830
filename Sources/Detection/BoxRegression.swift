import Configuration
import Masks
import Modeling
import Tensors

/// How a head learns boxes: the deltas that code them (mm's default), or the boxes that are decoded from these
/// (`reg_decoded_bbox`).
struct BoxRegression: Sendable {
  let coder: DeltaXYWHBBoxCoder
  private let loss: any BoxLoss
  private let learnsDecodedBoxes: Bool

  /// - Throws: `ConfigurationError` where `loss_bbox` is unknown, or needs boxes and gets deltas.
  init(
    _ loss: ComponentConfiguration, coder: DeltaXYWHBBoxCoder, learnsDecodedBoxes: Bool,
    in context: ModelContext
  ) throws {
    self.loss = try context.components.boxLosses.build(loss, scope: context.scope, in: context)
    (self.coder, self.learnsDecodedBoxes) = (coder, learnsDecodedBoxes)
    guard learnsDecodedBoxes || !self.loss.isOfBoxes else {
      throw ConfigurationError(
        location: loss.node.location, keyPath: loss.node.keyPath,
        message: "\(loss.type) is a loss of boxes, not of the deltas that code them",
        hint: "Set reg_decoded_bbox: true at the head.")
    }
  }

  /// What is to be learned of boxes that are objects: `[P, 4]`, deltas or boxes.
  func targets(of boxes: Boxes, truths: Boxes) -> [Float] {
    learnsDecodedBoxes ? truths.values : coder.encode(boxes, truths)
  }

  /// The loss of the deltas of such boxes.
  ///
  /// - Parameters:
  ///   - deltas: `[P, 4]`.
  ///   - targets: What `targets(of:truths:)` gave, `[P, 4]`.
  func loss(_ deltas: Tensor, of boxes: Boxes, targets: [Float], averagingFactor: Float) -> Tensor {
    loss(
      learnsDecodedBoxes ? coder.decode(boxes, deltas: deltas) : deltas,
      Tensor(targets, shape: deltas.shape), averagingFactor: averagingFactor)
  }
}
