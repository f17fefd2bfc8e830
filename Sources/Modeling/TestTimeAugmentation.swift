import Data

/// One prediction out of what a model makes of several variants of an image (mm's `tta_model`).
public protocol TestTimeAugmentation: Sendable {
  /// The prediction for the image, in pixels of its file.
  ///
  /// - Parameters:
  ///   - variants: One or more: the image resized and mirrored as each of them says, as `TestTimeAug` makes them.
  ///   - model: Called outside training.
  /// - Throws: `DataError` when the model is of a kind whose predictions do not merge; the model's own errors.
  func predict(_ variants: [Sample], by model: any Model) throws -> Prediction
}
