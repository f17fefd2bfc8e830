import Layers
import Tensors

/// From a backbone's maps to maps of one width.
public protocol Neck: Layer {
  /// Channels of every map it returns.
  var channels: Int { get }
  /// How many maps it returns.
  var levels: Int { get }
  /// Channels of the maps it takes.
  var inputChannels: [Int] { get }
  /// `[B, H, W, C]` maps, the finest first.
  func callAsFunction(_ features: [Tensor]) -> [Tensor]
}
