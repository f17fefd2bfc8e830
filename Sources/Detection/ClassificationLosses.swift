import Configuration
import Modeling

extension ModelContext {
  /// Builds `loss_cls` or `loss_mask` of a detector's head.
  ///
  /// - Parameters:
  ///   - component: A bare name in it is mmdetection's where the config has no `default_scope`.
  ///   - channels: How many scores each position has.
  ///   - advice: The whole message for a loss that the head cannot use.
  ///   - isRight: Whether the head can use the loss.
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
