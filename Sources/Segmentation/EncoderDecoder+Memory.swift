import Data
import Imaging
import Layers
import Modeling
import Tensors

extension EncoderDecoder: MemoryEstimating {
  /// Of backbone and decode head over the image, or over a window; of the logits that are kept; and of the strips in
  /// which classes are decided.
  public func predictionMemory(of size: ImageSize) -> Int { predictionMemory(of: size, windows) }

  /// Windows of 512 pixels, or of what the model learns from, two thirds of that apart.
  public func thriftier(for size: ImageSize) -> (setting: String, bytes: Int)? {
    let crop = preprocessor.trainingSize ?? ImageSize(height: 512, width: 512)
    let stride = ImageSize(height: max(1, crop.height * 2 / 3), width: max(1, crop.width * 2 / 3))
    guard windows == nil, size.height > crop.height || size.width > crop.width else { return nil }
    let setting =
      "model.test_cfg: {mode: slide, crop_size: [\(crop.height), \(crop.width)], "
      + "stride: [\(stride.height), \(stride.width)]}"
    return (setting, predictionMemory(of: size, SegmentationTesting.WindowSize(crop: crop, stride: stride)))
  }

  private func predictionMemory(of size: ImageSize, _ windows: SegmentationTesting.WindowSize?) -> Int {
    // Two strips of the logits, and one of their sum.
    let strips = 3 * (32 << 20)
    guard let windows else { return networkMemory(height: size.height, width: size.width).peak + strips }
    let (rows, columns) = (
      SlidingWindows.starts(size: size.height, window: windows.crop.height, stride: windows.stride.height),
      SlidingWindows.starts(size: size.width, window: windows.crop.width, stride: windows.stride.width)
    )
    let network = networkMemory(
      height: min(windows.crop.height, size.height), width: min(windows.crop.width, size.width))
    // As many rows of windows as lie over one row of pixels.
    let over = rows.map { start in rows.count { (start..<start + windows.crop.height).contains($0) } }.max()
    let kept = (over ?? 1) * columns.count * network.logits
    return network.peak + kept + strips + 12 * size.height * size.width
  }

  /// What one pass over an image takes at most, and what its logits take.
  private func networkMemory(height: Int, width: Int) -> (peak: Int, logits: Int) {
    var logits = 0
    let stride = coarsestStride
    let peak = Computation.peakMemory {
      ForwardMode.evaluation {
        logits = 4 * self.logits(.zeros([1, max(stride, height), max(stride, width), 3])).count
      }
    }
    return (peak, logits)
  }

  /// Whether the logits of a batch fit into memory, for images so large that they may not.
  ///
  /// - Throws: `DataError` that says what would need less.
  func checkMemory(_ images: Tensor, _ samples: [Sample]) throws {
    let size = ImageSize(height: images.shape[1], width: images.shape[2])
    guard windows == nil, images.shape[0] * size.height * size.width > 1 << 20 else { return }
    let needed = images.shape[0] * predictionMemory(of: size)
    let free = ProcessMemory.current.limit - TensorMemory.current.live
    guard needed > free else { return }
    let proposal = thriftier(for: size).map {
      ": \($0.setting) takes about \(ProcessMemory.text($0.bytes)) an image"
    }
    throw DataError(
      file: samples.first?.imagePath,
      "\(size) pixels as a whole take about \(ProcessMemory.text(needed)), and \(ProcessMemory.text(max(0, free))) of "
        + "\(ProcessMemory.current.source) are left" + (proposal ?? ""))
  }
}
