import Configuration
import Imaging
import Masks
import Tensors

/// Batches of a detector: normalised, padded right and below to a common multiple of the divisor (mmdetection's
/// `DetDataPreprocessor`).
public struct DetDataPreprocessor: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case det = "DetDataPreprocessor" }

  private let normalization: Normalization
  private let divisor: Int
  private let padding: Float
  private let padsMasks: Bool

  enum CodingKeys: String, CodingKey {
    case type
    case divisor = "pad_size_divisor"
    case padding = "pad_value"
    case padsMasks = "pad_mask"
    case maskPadding = "mask_pad_value"
    case padsLabels = "pad_seg"
    case labelPadding = "seg_pad_value"
    case convertsBoxes = "boxtype2tensor"
    case isNonBlocking = "non_blocking"
    case augmentations = "batch_augments"
  }

  /// mmdetection's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .type)
    normalization = try Normalization(from: decoder)
    divisor = try keys.decodeIfPresent(Int.self, forKey: .divisor, in: 1...ImageLimits.side) ?? 1
    padding = try keys.decodeIfPresent(Float.self, forKey: .padding) ?? 0
    padsMasks = try keys.decodeIfPresent(Bool.self, forKey: .padsMasks) ?? false
    for key in [CodingKeys.maskPadding, .labelPadding] { _ = try keys.decodeIfPresent(Int.self, forKey: key) }
    for key in [CodingKeys.padsLabels, .convertsBoxes, .isNonBlocking] {
      _ = try keys.decodeIfPresent(Bool.self, forKey: key)
    }
    _ = try keys.decodeIfPresent(Nothing.self, forKey: .augmentations)
  }

  /// The samples as one batch.
  ///
  /// - Throws: `DataError` for a sample whose image is not loaded.
  public func callAsFunction(_ samples: [Sample]) throws -> PreprocessedBatch {
    let images = try loadedImages(samples)
    let paddedSizes = images.map {
      ImageSize(height: roundedUp($0.height, to: divisor), width: roundedUp($0.width, to: divisor))
    }
    let height = paddedSizes.map(\.height).max() ?? 0
    let width = paddedSizes.map(\.width).max() ?? 0
    let instances = samples.map { sample -> Instances? in
      guard padsMasks, var instances = sample.instances, let masks = instances.masks else {
        return sample.instances
      }
      instances.masks = masks.map { $0.padded(height: height, width: width) }
      return instances
    }
    return PreprocessedBatch(
      images: normalization.batch(images, height: height, width: width, padding: padding),
      paddedSizes: paddedSizes, instances: instances, labels: [])
  }
}
