import Configuration
import Imaging
import Tensors

/// Colour order, mean and deviation: the numbers that a pixel becomes.
struct Normalization: Sendable {
  /// Which channel of the image becomes which of the tensor.
  private let order: [Int]
  /// (v - mean) / std for each channel of the tensor and each 8-bit number v.
  private let table: [Float]

  enum CodingKeys: String, CodingKey {
    case mean
    case deviation = "std"
    case bgrToRGB = "bgr_to_rgb"
    case rgbToBGR = "rgb_to_bgr"
  }

  /// Numbers as they are.
  init() { (order, table) = ([0, 1, 2], (0..<3).flatMap { _ in (0..<256).map { Float($0) } }) }

  /// mm's keys; `mean` and `std` are in the order of the tensor's channels.
  ///
  /// - Parameter swapsChannels: Whether blue and red change places, where another key than those of here says so.
  init(from decoder: any Decoder, swapsChannels: Bool = false) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    func triple(_ key: CodingKeys, _ fallback: Float) throws -> [Float] {
      guard let numbers = try keys.decodeIfPresent([Float].self, forKey: key) else {
        return [Float](repeating: fallback, count: 3)
      }
      guard numbers.count == 3 else {
        throw keys.refusal("three numbers are wanted, not \(numbers.count)", forKey: key)
      }
      return numbers
    }
    let mean = try triple(.mean, 0)
    let deviation = try triple(.deviation, 1)
    guard keys.contains(.mean) == keys.contains(.deviation) else {
      throw keys.refusal("mean and std are given together or not at all", forKey: .deviation)
    }
    guard deviation.allSatisfy({ $0 > 0 }) else {
      throw keys.refusal("a standard deviation is positive", forKey: .deviation)
    }
    let swaps = try keys.decodeIfPresent(Bool.self, forKey: .bgrToRGB) ?? false
    let swapsBack = try keys.decodeIfPresent(Bool.self, forKey: .rgbToBGR) ?? false
    guard !(swaps && swapsBack) else {
      throw keys.refusal("bgr_to_rgb and rgb_to_bgr exclude each other", forKey: .rgbToBGR)
    }
    order = swapsChannels || swaps || swapsBack ? [2, 1, 0] : [0, 1, 2]
    table = (0..<3).flatMap { channel in
      (0..<256).map { (Float($0) - mean[channel]) / deviation[channel] }
    }
  }

  /// Images in the upper left corners of a batch, `[B, H, W, 3]`; the rest is padding.
  func batch(_ images: [Image], height: Int, width: Int, padding: Float) -> Tensor {
    Tensor.batch(
      images.map { BytePixels($0.pixels, height: $0.height, width: $0.width) }, height: height, width: width,
      table: table, order: order, padding: padding)
  }
}

/// The images of a batch, each of three channels.
///
/// - Throws: `DataError` for a sample without its image.
func loadedImages(_ samples: [Sample]) throws -> [Image] {
  try samples.map { sample in
    guard let image = sample.image, image.channels == 3 else {
      throw DataError(
        file: sample.imagePath, "the image is not loaded: begin the pipeline with {type: LoadImageFromFile}")
    }
    return image
  }
}

/// The smallest multiple that holds a side.
func roundedUp(_ side: Int, to divisor: Int) -> Int { (side + divisor - 1) / divisor * divisor }
