import Configuration
import Foundation
import Layers
import Masks
import Modeling
import Tensors

/// Cuts each region out of the pyramid's level that fits its size (mmdetection's `SingleRoIExtractor`).
///
/// Level = floor(log2(sqrt(area) / 56 + 1e-6)), Lin et al., arXiv:1612.03144, equation 1.
public struct SingleRoIExtractor: RoIExtractor {
  /// mmdetection's keys.
  public struct Configuration: Decodable, Sendable {
    var channels: Int
    var strides: [Int]
    var align: Align
    var finestScale: Float

    /// `roi_layer`.
    struct Align: Decodable, Sendable {
      enum Kind: String, Decodable, CaseIterable, Sendable { case roiAlign = "RoIAlign" }
      var kind: Kind
      var outputSize: Int
      var samplingRatio: Int
      var isAligned: Bool

      enum CodingKeys: String, CodingKey {
        case kind = "type"
        case outputSize = "output_size"
        case samplingRatio = "sampling_ratio"
        case isAligned = "aligned"
      }

      init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        kind = try keys.decode(Kind.self, forKey: .kind)
        outputSize = try keys.decode(Int.self, forKey: .outputSize, in: 1...256)
        // -1 and 0: as many samples as fit, as in mmcv and torchvision.
        samplingRatio = try keys.decodeIfPresent(Int.self, forKey: .samplingRatio, in: -1...1024) ?? 0
        isAligned = try keys.decodeIfPresent(Bool.self, forKey: .isAligned) ?? true
      }
    }

    enum CodingKeys: String, CodingKey {
      case channels = "out_channels"
      case strides = "featmap_strides"
      case align = "roi_layer"
      case finestScale = "finest_scale"
    }

    /// Decodes mmdetection's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      channels = try keys.decode(Int.self, forKey: .channels, in: 1...65_536)
      strides = try keys.decode([Int].self, forKey: .strides)
      align = try keys.decode(Align.self, forKey: .align)
      finestScale = try keys.decodeIfPresent(Float.self, forKey: .finestScale, in: 1e-3...1e6) ?? 56
      guard !strides.isEmpty, strides.allSatisfy({ (1...65_536).contains($0) }) else {
        throw keys.refusal("\(strides) is not a list of strides in 1...65536", forKey: .strides)
      }
    }
  }

  private let configuration: Configuration

  /// An extractor.
  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Side of what it cuts out.
  public var outputSize: Int { configuration.align.outputSize }
  /// Channels of the maps it cuts from.
  public var channels: Int { configuration.channels }
  /// How many of the pyramid's levels it uses.
  public var levels: Int { configuration.strides.count }

  /// Maps `[B, h, w, C]`, the finest first, to `[R, side, side, C]`.
  public func callAsFunction(_ features: [Tensor], _ regions: RegionsOfInterest) -> Tensor {
    let members = assignLevels(regions.boxes)
    var parts: [Tensor] = []
    for (level, indices) in members.enumerated() where !indices.isEmpty {
      parts.append(
        roiAlign(
          features[level], boxes: regions.boxes[indices].values,
          batchIndices: indices.map { regions.images[$0] }, outputSize: (outputSize, outputSize),
          spatialScale: 1 / Float(configuration.strides[level]),
          samplingRatio: configuration.align.samplingRatio, isAligned: configuration.align.isAligned))
    }
    guard !parts.isEmpty else { return .zeros([0, outputSize, outputSize, features[0].shape[3]]) }
    guard parts.count > 1 else { return parts[0] }
    var places = [Int](repeating: 0, count: regions.count)
    for (place, index) in members.joined().enumerated() { places[index] = place }
    return concatenated(parts, axis: 0).rows(places)
  }

  /// The regions of each level, in ascending order.
  private func assignLevels(_ boxes: Boxes) -> [[Int]] {
    var members = [[Int]](repeating: [], count: levels)
    for index in 0..<boxes.count {
      let box = boxes[index]
      let area = (box[2] - box[0]) * (box[3] - box[1])
      let level = floor(log2(area.squareRoot() / configuration.finestScale + 1e-6))
      // A box with a NaN has no level of its own; it takes the finest.
      members[level >= 0 ? min(levels - 1, Int(min(level, 64))) : 0].append(index)
    }
    return members
  }
}
