import Configuration
import Imaging
import Tensors

/// Resamples the sample to a size, or as large as fits into it (mm's `Resize`).
///
/// mmcv's rules: with `keep_ratio`, factor = min(long side of scale / long side, short / short), and a side becomes
/// int(side · factor + 0.5).
public struct Resize: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  private enum Target: Sendable {
    /// Width and height.
    case scale(Int, Int)
    /// Factors of width and height.
    case factor(Double, Double)
  }

  /// What does not depend on the size: keys that `RandomResize` and `RandomChoiceResize` hand on.
  struct Settings: Decodable, Sendable {
    var keepsRatio = false
    var clipsBoxes = true
    var resampling = Resampling.openCV(.bilinear)

    enum CodingKeys: String, CodingKey {
      case keepsRatio = "keep_ratio"
      case clipsBoxes = "clip_object_border"
    }

    init(keepsRatio: Bool = false, resampling: Resampling = .openCV(.bilinear)) {
      self.keepsRatio = keepsRatio
      self.resampling = resampling
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      keepsRatio = try keys.decodeIfPresent(Bool.self, forKey: .keepsRatio) ?? false
      clipsBoxes = try keys.decodeIfPresent(Bool.self, forKey: .clipsBoxes) ?? true
      resampling = try ResamplingKeys(from: decoder).resampling
    }
  }

  private let target: Target
  private let settings: Settings

  enum CodingKeys: String, CodingKey {
    case scale
    case factor = "scale_factor"
  }

  /// To (width, height), or as large as fits into it.
  public init(
    width: Int, height: Int, keepsRatio: Bool = false, interpolation: Interpolation = .bilinear
  ) {
    self.init(
      width: width, height: height, Settings(keepsRatio: keepsRatio, resampling: .openCV(interpolation)))
  }

  /// To a size.
  public init(_ size: ImageSize, _ resampling: Resampling) {
    self.init(width: size.width, height: size.height, Settings(resampling: resampling))
  }

  init(width: Int, height: Int, _ settings: Settings) {
    target = .scale(width, height)
    self.settings = settings
  }

  /// mm's keys; `scale` is (width, height).
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let scale = try keys.decodePair(Int.self, forKey: .scale)
    let factor = try keys.decodePair(Double.self, forKey: .factor)
    switch (scale, factor) {
    case (let scale?, nil):
      let sides = 1...ImageLimits.side
      guard sides.contains(scale.0), sides.contains(scale.1) else {
        throw keys.refusal("width and height are in 1...\(ImageLimits.side)", forKey: .scale)
      }
      target = .scale(scale.0, scale.1)
    case (nil, let factor?):
      guard (0.001...1000).contains(factor.0), (0.001...1000).contains(factor.1) else {
        throw keys.refusal("factors are in 0.001...1000", forKey: .factor)
      }
      target = .factor(factor.0, factor.1)
    case (nil, nil):
      // Fails, with the component's place.
      let missing = try keys.decode([Int].self, forKey: .scale)
      throw keys.refusal("[width, height] is wanted, not \(missing)", forKey: .scale)
    case (_?, _?): throw keys.refusal("scale and scale_factor exclude each other", forKey: .factor)
    }
    settings = try Settings(from: decoder)
  }

  /// The sample in its new size.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let size = newSize(for: sample.size)
    try sample.requirePossible(size)
    return sample.resized(
      to: size, resampling: settings.resampling, clipsBoxes: settings.clipsBoxes)
  }

  /// What an image of a size becomes.
  package func newSize(for size: ImageSize) -> ImageSize {
    func scaled(_ x: Double, _ y: Double) -> ImageSize {
      ImageSize(height: Int(Double(size.height) * y + 0.5), width: Int(Double(size.width) * x + 0.5))
    }
    switch target {
    case .factor(let x, let y): return scaled(x, y)
    case .scale(let width, let height) where settings.keepsRatio:
      let long = Double(max(width, height)) / Double(max(1, max(size.height, size.width)))
      let short = Double(min(width, height)) / Double(max(1, min(size.height, size.width)))
      return scaled(min(long, short), min(long, short))
    case .scale(let width, let height): return ImageSize(height: height, width: width)
    }
  }
}
