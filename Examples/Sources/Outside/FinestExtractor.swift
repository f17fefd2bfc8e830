import Configuration
import Modeling
import Tensors

/// Cuts every region out of the finest map.
public struct FinestExtractor: RoIExtractor {
  /// Its keys.
  struct Settings: Decodable, Sendable {
    let channels: Int
    let stride: Int
    let outputSize: Int

    enum CodingKeys: String, CodingKey {
      case stride
      case channels = "out_channels"
      case outputSize = "output_size"
    }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      channels = try keys.decode(Int.self, forKey: .channels, in: 1...64)
      stride = try keys.decodeIfPresent(Int.self, forKey: .stride, in: 1...64) ?? 4
      outputSize = try keys.decodeIfPresent(Int.self, forKey: .outputSize, in: 1...64) ?? 4
    }
  }

  private let settings: Settings

  init(_ settings: Settings) { self.settings = settings }

  /// Channels of the map.
  public var channels: Int { settings.channels }
  /// One.
  public let levels = 1
  /// Side of what it cuts out.
  public var outputSize: Int { settings.outputSize }

  /// Maps `[B, h, w, C]` to `[R, outputSize, outputSize, C]`.
  public func callAsFunction(_ features: [Tensor], _ regions: RegionsOfInterest) -> Tensor {
    roiAlign(
      features[0], boxes: regions.boxes.values, batchIndices: regions.images,
      outputSize: (outputSize, outputSize), spatialScale: 1 / Float(settings.stride), samplingRatio: 1)
  }
}
