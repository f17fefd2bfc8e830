import Configuration
import Foundation
import Imaging
import Tensors

/// A window of random area and shape, resized (mmpretrain's `RandomResizedCrop`; Szegedy et al. 2015).
///
/// Area and logarithm of width / height are drawn uniformly, up to `max_attempts` times, until the window fits into the
/// image; else it is the largest in the middle whose shape is in range.
public struct RandomResizedCrop: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }

  private let target: ImageSize
  private let areas: NumberRange
  private let ratios: NumberRange
  private let attempts: Int
  private let resampling: Resampling

  enum CodingKeys: String, CodingKey {
    case target = "scale"
    case areas = "crop_ratio_range"
    case ratios = "aspect_ratio_range"
    case attempts = "max_attempts"
    case isEfficientNetStyle = "efficientnet_style"
  }

  /// mmpretrain's keys; `scale` is one side, or (height, width).
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let (height, width) = try keys.decodeSides(forKey: .target)
    target = ImageSize(height: height, width: width)
    areas = try keys.decodeIfPresent(NumberRange.self, forKey: .areas) ?? NumberRange(0.08, 1)
    guard areas.low > 0, areas.high <= 1 else {
      throw keys.refusal("shares of the image in 0 ... 1 are wanted", forKey: .areas)
    }
    ratios = try keys.decodeIfPresent(NumberRange.self, forKey: .ratios) ?? NumberRange(3.0 / 4, 4.0 / 3)
    guard ratios.low >= 0.01, ratios.high <= 100 else {
      throw keys.refusal("width / height in 0.01 ... 100 is wanted", forKey: .ratios)
    }
    attempts = try keys.decodeIfPresent(Int.self, forKey: .attempts, in: 0...1000) ?? 10
    resampling = try ResamplingKeys(from: decoder).resampling
    if try keys.decodeIfPresent(Bool.self, forKey: .isEfficientNetStyle) ?? false {
      throw keys.refusal("EfficientNet's crop is not there", forKey: .isEfficientNetStyle)
    }
  }

  /// The sample's window in its new size.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard sample.size.height > 0, sample.size.width > 0 else {
      throw DataError(
        file: sample.imagePath, "the image is not loaded: begin the pipeline with {type: LoadImageFromFile}")
    }
    var window = Self.centre(of: sample.size, ratios: ratios.low...ratios.high)
    for _ in 0..<attempts {
      let draw = Draw(
        area: areas.low + (areas.high - areas.low) * Double(random.uniform()),
        logRatio: log(ratios.low) + (log(ratios.high) - log(ratios.low)) * Double(random.uniform()))
      guard let size = draw.size(in: sample.size) else { continue }
      window = PixelWindow(
        top: random.integer(below: sample.size.height - size.height + 1),
        left: random.integer(below: sample.size.width - size.width + 1), height: size.height,
        width: size.width)
      break
    }
    return
      sample
      .cropped(top: window.top, left: window.left, height: window.height, width: window.width)
      .resized(to: target, resampling: resampling)
  }

  /// What is drawn of a window before its place.
  package struct Draw: Sendable {
    let area: Double
    let logRatio: Double

    /// A share of the image's area, and the logarithm of width / height.
    package init(area: Double, logRatio: Double) { (self.area, self.logRatio) = (area, logRatio) }

    /// The window's size, where it fits into the image.
    package func size(in size: ImageSize) -> ImageSize? {
      let ratio = exp(logRatio)
      let pixels = area * Double(size.height * size.width)
      let width = Int((pixels * ratio).squareRoot().rounded(.toNearestOrEven))
      let height = Int((pixels / ratio).squareRoot().rounded(.toNearestOrEven))
      guard 0 < width, width <= size.width, 0 < height, height <= size.height else { return nil }
      return ImageSize(height: height, width: width)
    }
  }

  /// The largest window in the middle whose width / height is in range.
  package static func centre(of size: ImageSize, ratios: ClosedRange<Double>) -> PixelWindow {
    let ratio = Double(size.width) / Double(max(1, size.height))
    var (height, width) = (size.height, size.width)
    if ratio < ratios.lowerBound {
      height = Int((Double(width) / ratios.lowerBound).rounded(.toNearestOrEven))
    } else if ratio > ratios.upperBound {
      width = Int((Double(height) * ratios.upperBound).rounded(.toNearestOrEven))
    }
    (height, width) = (max(1, min(height, size.height)), max(1, min(width, size.width)))
    return PixelWindow(
      top: (size.height - height) / 2, left: (size.width - width) / 2, height: height, width: width)
  }
}
