import Configuration
import Imaging
import Tensors

/// The window in the middle (mmcv's and mmpretrain's `CenterCrop`).
///
/// An image that is smaller keeps its size, or is padded with zeros first. The corner is rounded, halves to even.
public struct CenterCrop: Transform, Decodable {
  /// True.
  public var movesPixels: Bool { true }

  /// What happens to an image that is smaller than the window.
  public enum Padding: Sendable {
    /// The window becomes smaller.
    case none
    /// Zeros on the right and below, as mmcv's `auto_pad`.
    case behind
    /// Zeros on all sides, the odd one on the right and below, as torchvision's `CenterCrop`.
    case around
  }

  private let window: ImageSize
  private let padding: Padding

  enum CodingKeys: String, CodingKey {
    case size = "crop_size"
    case pads = "auto_pad"
    case padding = "pad_cfg"
    case isEfficientNetStyle = "efficientnet_style"
    case clipsBoxes = "clip_object_border"
  }

  private struct PaddingKeys: Decodable {
    private enum Kind: String, Decodable, CaseIterable { case pad = "Pad" }
    private enum Mode: String, Decodable, CaseIterable { case constant }
    enum CodingKeys: String, CodingKey {
      case type
      case value = "pad_val"
      case mode = "padding_mode"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      _ = try keys.decodeIfPresent(Kind.self, forKey: .type)
      _ = try keys.decodeIfPresent(Mode.self, forKey: .mode)
      _ = try keys.decodeIfPresent(Int.self, forKey: .value, in: 0...0)
    }
  }

  /// A window of so many rows and columns.
  public init(_ window: ImageSize, padding: Padding = .none) {
    (self.window, self.padding) = (window, padding)
  }

  /// mmcv's keys; `crop_size` is one side, or (width, height).
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let (width, height) = try keys.decodeSides(forKey: .size)
    window = ImageSize(height: height, width: width)
    padding = try keys.decodeIfPresent(Bool.self, forKey: .pads) ?? false ? .behind : .none
    _ = try keys.decodeIfPresent(PaddingKeys.self, forKey: .padding)
    _ = try keys.decodeIfPresent(Bool.self, forKey: .clipsBoxes)
    if try keys.decodeIfPresent(Bool.self, forKey: .isEfficientNetStyle) ?? false {
      throw keys.refusal(
        "EfficientNet's crop is not there: take ResizeEdge and CenterCrop", forKey: .isEfficientNetStyle)
    }
  }

  /// The sample's window.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    var sample = sample
    if padding != .none, sample.size.height < window.height || sample.size.width < window.width {
      sample = padding == .behind ? padded(sample) : try surrounded(sample)
    }
    let (height, width) = (min(window.height, sample.size.height), min(window.width, sample.size.width))
    func corner(_ side: Int, _ part: Int) -> Int {
      Int((Double(side - part) / 2).rounded(.toNearestOrEven))
    }
    return sample.cropped(
      top: corner(sample.size.height, height), left: corner(sample.size.width, width), height: height,
      width: width)
  }

  private func padded(_ sample: Sample) -> Sample {
    sample.padded(
      to: ImageSize(
        height: max(window.height, sample.size.height), width: max(window.width, sample.size.width)),
      colour: [0, 0, 0])
  }

  /// Right and below by the motion's own step; left and above by flipping would move labels: images alone have it.
  private func surrounded(_ sample: Sample) throws -> Sample {
    guard let image = sample.image, sample.instances == nil, sample.labelMap == nil else {
      throw DataError(file: sample.imagePath, "only an image without annotations is padded on all sides")
    }
    let (rows, columns) = (max(0, window.height - image.height), max(0, window.width - image.width))
    var result = sample
    let grown = Image(
      height: image.height + rows, width: image.width + columns,
      colour: [UInt8](repeating: 0, count: image.channels))
    result.image = grown.pasting(image, top: rows / 2, left: columns / 2)
    result.size = grown.size
    return result
  }
}

extension KeyedDecodingContainer {
  /// One side, or two, each a possible one of an image.
  func decodeSides(forKey key: Key) throws -> (Int, Int) {
    // Without the key: fails, with the component's place.
    let sides = try decodePair(Int.self, forKey: key) ?? (try decode(Int.self, forKey: key), 0)
    let possible = 1...ImageLimits.side
    guard possible.contains(sides.0), possible.contains(sides.1) else {
      throw refusal("sides in \(possible) are wanted, not \(sides.0) and \(sides.1)", forKey: key)
    }
    return sides
  }
}
