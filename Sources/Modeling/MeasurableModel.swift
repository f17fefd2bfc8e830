import Configuration
import Layers
import Tensors

/// A model that says which of its parts an image goes through, one after the other: so that it can be counted and
/// measured by parts, without data.
///
/// What runs is what the field's tables count: everything up to logits; no target, loss or decision.
public protocol MeasurableModel: Model {
  /// Whether its kind is counted as it is built, in training: there batch norm works out statistics outside of frozen
  /// parts.
  var isMeasuredInTraining: Bool { get }
  /// The size of image that its kind is usually counted at, in pixels.
  var usualImageSize: (height: Int, width: Int) { get }
  /// The coarsest step of its maps in pixels: images have no smaller side.
  var coarsestStride: Int { get }
  /// Runs its parts on images `[B, H, W, 3]`. A part that plays no role is named too, for its weights.
  ///
  /// - Throws: `ConfigurationError` where a part does not say what it runs on, or cannot take such images.
  func run(_ images: Tensor, observedBy observer: any PartObserver) throws
}

extension MeasurableModel {
  /// In evaluation, unless a model says otherwise.
  public var isMeasuredInTraining: Bool { false }
}

/// Sees each part of a model run.
public protocol PartObserver: AnyObject {
  /// Runs a part.
  ///
  /// - Parameters:
  ///   - name: Its place in the model, such as `roi_head.bbox_head`.
  ///   - layer: Its weights; nil where it has none.
  ///   - body: The part's work, which has to be done once.
  func part<R>(_ name: String, _ layer: (any Layer)?, _ body: () throws -> R) rethrows -> R
}

extension PartObserver {
  /// Names a part that plays no role.
  public func idle(_ name: String, _ layer: (any Layer)?) {
    if let layer { part(name, layer) {} }
  }
}
