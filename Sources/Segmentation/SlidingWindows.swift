import Configuration
import Data
import Imaging
import Layers
import Tensors

/// `test_cfg`: an image as a whole, or in windows over which the logits are averaged (mmsegmentation's
/// `slide_inference`).
public struct SegmentationTesting: Decodable, Sendable {
  private enum Mode: String, Decodable, CaseIterable { case whole, slide }

  /// Windows; nil: the image as a whole.
  let windows: WindowSize?

  /// How large windows are, and how far apart, in pixels.
  struct WindowSize: Sendable {
    var crop, stride: ImageSize
    /// Where `crop_size` stands, for errors.
    var place: ConfigurationNode?
  }

  enum CodingKeys: String, CodingKey {
    case mode, stride
    case crop = "crop_size"
  }

  /// The image as a whole.
  init() { windows = nil }

  /// mmsegmentation's keys; `crop_size` and `stride` are (height, width), and read in mode `slide` only.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    let mode = try keys.decodeIfPresent(Mode.self, forKey: .mode) ?? .whole
    func size(_ key: CodingKeys) throws -> ImageSize? {
      guard let pair = try keys.decodePair(Int.self, forKey: key) else { return nil }
      guard (1...ImageLimits.side).contains(pair.0), (1...ImageLimits.side).contains(pair.1) else {
        throw keys.refusal("[height, width], both positive, is wanted", forKey: key)
      }
      return ImageSize(height: pair.0, width: pair.1)
    }
    let (crop, stride) = (try size(.crop), try size(.stride))
    guard mode == .slide else {
      windows = nil
      return
    }
    guard let crop else { throw keys.refusal("mode: slide needs a window's [height, width]", forKey: .crop) }
    guard let stride else {
      throw keys.refusal("mode: slide needs the windows' distance, [height, width]", forKey: .stride)
    }
    guard stride.height <= crop.height, stride.width <= crop.width else {
      throw keys.refusal(
        "\(stride) is more than the windows' \(crop): pixels between them would have no class",
        forKey: .stride)
    }
    windows = WindowSize(
      crop: crop, stride: stride, place: try keys.decode(ConfigurationNode.self, forKey: .crop))
  }
}

/// Windows over one padded image, each of which is computed when it is needed.
struct SlidingWindows {
  /// Logits `[1, h, w, C]` of a window `[1, H, W, 3]`.
  typealias Segmentor = (_ window: Tensor) -> Tensor

  /// The first rows and columns of the windows.
  let rows, columns: [Int]
  /// Of every window: as large as the image where that is smaller.
  let window: ImageSize
  private let image: Tensor
  private let segmentor: Segmentor

  /// Windows over an image `[1, H, W, 3]`.
  init(over image: Tensor, _ size: SegmentationTesting.WindowSize, _ segmentor: @escaping Segmentor) {
    (self.image, self.segmentor) = (image, segmentor)
    let (height, width) = (image.shape[1], image.shape[2])
    rows = Self.starts(size: height, window: size.crop.height, stride: size.stride.height)
    columns = Self.starts(size: width, window: size.crop.width, stride: size.stride.width)
    window = ImageSize(height: min(size.crop.height, height), width: min(size.crop.width, width))
  }

  /// Where windows begin along an axis; the last ones are moved back inside.
  static func starts(size: Int, window: Int, stride: Int) -> [Int] {
    (0..<(max(size - window + stride - 1, 0) / stride + 1)).map { max(0, min($0 * stride, size - window)) }
  }

  /// The windows of one row that begin left of a column.
  func logits(row: Int, before width: Int) -> [Tensor] {
    let band = image.sliced(axis: 1, from: rows[row], to: rows[row] + window.height)
    return columns.filter { $0 < width }.map { column in
      ForwardMode.evaluation {
        segmentor(band.sliced(axis: 2, from: column, to: column + window.width))
      }
    }
  }

  /// How many windows lie over each place along an axis.
  static func cover(_ starts: [Int], window: Int, _ range: Range<Int>) -> [Float] {
    range.map { place in Float(starts.count { $0 <= place && place < $0 + window }) }
  }
}
