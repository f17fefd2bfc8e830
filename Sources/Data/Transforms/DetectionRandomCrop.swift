import Configuration
import Imaging
import Tensors

/// A random window of a detector's sample (mmdetection's `RandomCrop`).
///
/// The draws are this package's own, not numpy's: the same distribution, other numbers.
public struct DetectionRandomCrop: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }
  /// How large the window is; it never is larger than the image.
  private enum Extent: Sendable {
    case absolute(Scale)
    /// Height and width each drawn from the same range.
    case absoluteRange(ClosedRange<Int>)
    /// Of height and width.
    case relative(height: Double, width: Double)
    /// Shares of height and width are drawn between these and 1.
    case relativeRange(height: Double, width: Double)
  }

  private enum Kind: String, Decodable, CaseIterable {
    case absolute, relative
    case absoluteRange = "absolute_range"
    case relativeRange = "relative_range"
  }

  private let extent: Extent
  private let allowsEmpty: Bool
  private let takesBoxesFromMasks: Bool
  private let clipsBoxes: Bool

  enum CodingKeys: String, CodingKey {
    case size = "crop_size"
    case kind = "crop_type"
    case allowsEmpty = "allow_negative_crop"
    case takesBoxesFromMasks = "recompute_bbox"
    case clipsBoxes = "bbox_clip_border"
  }

  /// mmdetection's keys. `crop_size` is (width, height) for `absolute` and `relative`, (smallest, largest) for
  /// `absolute_range`, and (height, width) for `relative_range`, as mmdetection reads them.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try keys.decodeIfPresent(Kind.self, forKey: .kind) ?? .absolute
    func wholeSides() throws -> (Int, Int) {
      let sides = try keys.decode([Int].self, forKey: .size)
      guard sides.count == 2, sides.allSatisfy({ (1...ImageLimits.side).contains($0) }) else {
        throw keys.refusal(
          "two whole numbers in 1...\(ImageLimits.side) are wanted, not \(sides)", forKey: .size)
      }
      return (sides[0], sides[1])
    }
    func shares() throws -> (Double, Double) {
      let sides = try keys.decode([Double].self, forKey: .size)
      guard sides.count == 2, sides.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
        throw keys.refusal("two shares above 0, at most 1, are wanted, not \(sides)", forKey: .size)
      }
      return (sides[0], sides[1])
    }
    switch kind {
    case .absolute:
      let (width, height) = try wholeSides()
      extent = .absolute(Scale(width: width, height: height))
    case .absoluteRange:
      let (smallest, largest) = try wholeSides()
      guard smallest <= largest else {
        throw keys.refusal("[smallest, largest] is wanted, not [\(smallest), \(largest)]", forKey: .size)
      }
      extent = .absoluteRange(smallest...largest)
    case .relative:
      let (width, height) = try shares()
      extent = .relative(height: height, width: width)
    case .relativeRange:
      let (height, width) = try shares()
      extent = .relativeRange(height: height, width: width)
    }
    allowsEmpty = try keys.decodeIfPresent(Bool.self, forKey: .allowsEmpty) ?? false
    takesBoxesFromMasks = try keys.decodeIfPresent(Bool.self, forKey: .takesBoxesFromMasks) ?? false
    clipsBoxes = try keys.decodeIfPresent(Bool.self, forKey: .clipsBoxes) ?? true
  }

  /// The sample's window; nil when it holds no object and that is not allowed.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    let window = windowSize(in: sample.size, random: &random)
    let top = random.integer(below: sample.size.height - window.height + 1)
    let left = random.integer(below: sample.size.width - window.width + 1)
    return cropped(sample, top: top, left: left, to: window)
  }

  /// The window whose upper left corner is (top, left), by the rules of this crop.
  package func cropped(_ sample: Sample, top: Int, left: Int, to window: ImageSize) -> Sample? {
    let result = sample.cropped(
      top: top, left: left, height: window.height, width: window.width, clipsBoxes: clipsBoxes)
    if let instances = result.instances, instances.count == 0, !allowsEmpty { return nil }
    return takesBoxesFromMasks ? result.withBoxesOfMasks() : result
  }

  func windowSize(in size: ImageSize, random: inout RandomGenerator) -> ImageSize {
    func part(_ side: Int, _ share: Double) -> Int { max(1, min(side, Int(Double(side) * share + 0.5))) }
    switch extent {
    case .absolute(let scale):
      return ImageSize(height: min(scale.height, size.height), width: min(scale.width, size.width))
    case .absoluteRange(let range):
      func draw(_ side: Int) -> Int {
        .random(in: min(side, range.lowerBound)...min(side, range.upperBound), using: &random)
      }
      let height = draw(size.height)
      return ImageSize(height: height, width: draw(size.width))
    case .relative(let height, let width):
      return ImageSize(height: part(size.height, height), width: part(size.width, width))
    case .relativeRange(let height, let width):
      func draw(_ share: Double) -> Double { share + Double(random.uniform()) * (1 - share) }
      let (height, width) = (draw(height), draw(width))
      return ImageSize(height: part(size.height, height), width: part(size.width, width))
    }
  }
}
