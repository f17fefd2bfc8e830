import Configuration
import Modeling

extension ModelContext {
  /// Builds `loss_cls` or `loss_mask` of a detector's head.
  ///
  /// - Parameters:
  ///   - channels: How many scores each position has.
  ///   - isRight: Whether the head can use the loss; `advice` says what it needs.
  /// - Throws: `ConfigurationError` with the place of the loss.
  public func classificationLoss(
    _ component: ComponentConfiguration, channels: Int, advice: String,
    where isRight: (any ClassificationLoss) -> Bool
  ) throws -> any ClassificationLoss {
    let loss = try components.classificationLosses.build(
      component, scope: scope ?? "mmdet", in: ClassificationLossContext(channels: channels))
    guard isRight(loss) else {
      throw ConfigurationError(
        location: component.node.location, keyPath: component.node.keyPath, message: advice)
    }
    return loss
  }
}
