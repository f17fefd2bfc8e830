import Imaging

/// A model that says beforehand how much memory a prediction takes.
public protocol MemoryEstimating: Model {
  /// The most that tensors take beside the weights while one image is predicted, worked out from shapes alone.
  ///
  /// - Parameter size: Of the image behind its pipeline, in pixels.
  /// - Returns: Bytes.
  func predictionMemory(of size: ImageSize) -> Int
  /// What needs less memory for an image, as a config says it; nil where nothing does.
  func thriftier(for size: ImageSize) -> (setting: String, bytes: Int)?
}
