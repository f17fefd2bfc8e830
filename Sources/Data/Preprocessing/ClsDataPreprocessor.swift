import Imaging
import Tensors

/// Batches of a classifier: normalised images of one size (mmpretrain's `ClsDataPreprocessor`).
public struct ClsDataPreprocessor: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case cls = "ClsDataPreprocessor" }

  private let normalization: Normalization
  /// `batch_augments`: what mixes the images of a training batch, if anything does.
  public let augmentation: BatchAugmentSettings?

  enum CodingKeys: String, CodingKey {
    case type
    case convertsToRGB = "to_rgb"
    case classes = "num_classes"
    case augmentation = "batch_augments"
  }

  /// Numbers as they are in the file, blue first.
  public init() { (normalization, augmentation) = (Normalization(), nil) }

  /// mmpretrain's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .type)
    _ = try keys.decodeIfPresent(Int.self, forKey: .classes)
    augmentation = try keys.decodeIfPresent(BatchAugmentSettings.self, forKey: .augmentation)
    normalization = try Normalization(
      from: decoder, swapsChannels: try keys.decodeIfPresent(Bool.self, forKey: .convertsToRGB) ?? false)
  }

  /// The images as one batch, `[B, H, W, 3]`.
  ///
  /// - Throws: `DataError` for a sample whose image is not loaded, or not of the size of the others.
  public func callAsFunction(_ samples: [Sample]) throws -> Tensor {
    let images = try loadedImages(samples)
    guard let first = images.first else { return Tensor.zeros([0, 0, 0, 3]) }
    for (image, sample) in zip(images, samples) where image.size != first.size {
      throw DataError(
        file: sample.imagePath,
        "\(image.size) pixels behind the pipeline, and \(first.size) of another image of the batch: end the pipeline with "
          + "CenterCrop or RandomResizedCrop")
    }
    return normalization.batch(images, height: first.height, width: first.width, padding: 0)
  }
}
