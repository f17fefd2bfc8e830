import Configuration
import Imaging
import Layers
import Tensors

/// Batches of a segmentor: normalised, images and labels padded right and below, labels by those of no class (mmsegmentation's
/// `SegDataPreProcessor`).
public struct SegDataPreProcessor: Decodable, Sendable {
  private enum Kind: String, Decodable, CaseIterable { case seg = "SegDataPreProcessor" }

  /// To what size a batch is padded.
  private struct Padding: Decodable, Sendable {
    /// A fixed size, or the largest of the batch.
    var size: ImageSize?
    var divisor = 1

    enum CodingKeys: String, CodingKey {
      case size
      case divisor = "size_divisor"
    }

    init() {}

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      if let pair = try keys.decodePair(Int.self, forKey: .size) {
        guard (1...ImageLimits.side).contains(pair.0), (1...ImageLimits.side).contains(pair.1) else {
          throw keys.refusal("size: [height, width], both positive, is wanted", forKey: .size)
        }
        size = ImageSize(height: pair.0, width: pair.1)
      }
      let divisor = try keys.decodeIfPresent(Int.self, forKey: .divisor, in: 1...ImageLimits.side)
      guard size == nil || divisor == nil else {
        throw keys.refusal("size and size_divisor exclude each other", forKey: .divisor)
      }
      self.divisor = divisor ?? 1
    }

    func size(for images: [ImageSize]) -> ImageSize {
      size
        ?? ImageSize(
          height: roundedUp(images.map(\.height).max() ?? 0, to: divisor),
          width: roundedUp(images.map(\.width).max() ?? 0, to: divisor))
    }
  }

  private let normalization: Normalization
  private let training: Padding
  private let testing: Padding
  private let padding: Float
  /// `seg_pad_val`, which has to be what the data set ignores.
  package let labelPadding: Located<Int>?

  enum CodingKeys: String, CodingKey {
    case type
    case padding = "pad_val"
    case labelPadding = "seg_pad_val"
    case testing = "test_cfg"
    case augmentations = "batch_augments"
  }

  /// mmsegmentation's keys; `size` is (height, width).
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    _ = try keys.decodeIfPresent(Kind.self, forKey: .type)
    normalization = try Normalization(from: decoder)
    training = try Padding(from: decoder)
    testing = try keys.decodeIfPresent(Padding.self, forKey: .testing) ?? Padding()
    padding = try keys.decodeIfPresent(Float.self, forKey: .padding) ?? 0
    labelPadding = try keys.decodeIfPresent(Located<Int>.self, forKey: .labelPadding)
    _ = try keys.decodeIfPresent(Nothing.self, forKey: .augmentations)
  }

  /// The fixed size of a batch in training (`size`); nil: as large as its images need.
  package var trainingSize: ImageSize? { training.size }

  /// The samples as one batch; with their labels in training, or as `hasLabels` says.
  ///
  /// - Throws: `DataError` for a sample whose image or label map is not loaded, or which is larger than `size`.
  public func batch(
    _ samples: [Sample], isTraining: Bool = ForwardMode.current.training != nil, hasLabels: Bool? = nil
  ) throws -> PreprocessedBatch {
    let images = try loadedImages(samples)
    let size = (isTraining ? training : testing).size(for: images.map(\.size))
    for (sample, image) in zip(samples, images) where image.height > size.height || image.width > size.width {
      throw DataError(
        file: sample.imagePath,
        "the image has \(image.size) pixels behind the pipeline, more than the preprocessor's size \(size): "
          + "crop it, or enlarge data_preprocessor.size")
    }
    return PreprocessedBatch(
      images: normalization.batch(images, height: size.height, width: size.width, padding: padding),
      paddedSizes: samples.map { _ in size }, instances: samples.map(\.instances),
      labels: hasLabels ?? isTraining ? try labels(samples, size) : [])
  }

  private func labels(_ samples: [Sample], _ size: ImageSize) throws -> [Int32] {
    var result: [Int32] = []
    result.reserveCapacity(samples.count * size.height * size.width)
    for sample in samples {
      guard let labels = sample.labelMap else {
        throw DataError(
          file: sample.imagePath, "was loaded without a label map: add LoadAnnotations to the pipeline")
      }
      guard labels.size == sample.size else {
        throw DataError(
          file: sample.imagePath,
          "the image has \(sample.size) pixels now, its label map \(labels.size): put LoadAnnotations before Resize"
        )
      }
      result += labels.padded(height: size.height, width: size.width, value: sample.labels.ignored).pixels
    }
    return result
  }
}
