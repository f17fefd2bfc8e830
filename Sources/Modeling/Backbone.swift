import Layers
import Tensors

/// What a neck or head needs to know of a feature map.
public struct FeatureMap: Hashable, Sendable {
  /// Width of its vectors.
  public let channels: Int
  /// Pixels of the image a step.
  public let stride: Int

  /// A map of so many channels, a step every so many pixels.
  public init(channels: Int, stride: Int) {
    self.channels = channels
    self.stride = stride
  }
}

/// Images to feature maps.
public protocol Backbone: Layer {
  /// Channels and stride of each map that is returned, the finest first.
  var outputs: [FeatureMap] { get }
  /// `[B, H, W, 3]` to one map `[B, h, w, C]` each.
  func callAsFunction(_ images: Tensor) -> [Tensor]
  /// `[B, H, W, 3]` to the map `[B, h, w, C]` of each stage as its blocks leave it: before the norm with which it may be
  /// returned, and before it is made smaller for the next. The last is what an effective receptive field is taken of.
  func stages(_ images: Tensor) -> [Tensor]
  /// The weights of a classifier, this backbone with a linear layer behind it, under the names that the release of this
  /// model gives them.
  ///
  /// - Parameter head: `weight` and `bias` of the linear layer.
  func classifierTree(head: ParameterTree) -> ParameterTree
  /// The backbone as a classifier runs it, with the same weights; itself where there is no difference.
  var inClassifier: any Backbone { get }
}

extension Backbone {
  /// Itself.
  public var inClassifier: any Backbone { self }

  /// The returned maps, where no norm stands between a stage and its map.
  public func stages(_ images: Tensor) -> [Tensor] { self(images) }

  /// mmpretrain's names: `backbone...`, `head.fc`.
  public func classifierTree(head: ParameterTree) -> ParameterTree {
    ["backbone": .layer(self), "head": .tree(["fc": .tree(head)])]
  }
}
