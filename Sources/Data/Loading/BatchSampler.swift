import Configuration

/// Which images may share a batch.
public protocol BatchSampler: Sendable {
  /// Whether a last batch of an epoch that is not full is left out.
  var dropsLast: Bool { get }
  /// The group of each image, numbered from 0: batches hold images of one group only.
  ///
  /// - Throws: An error that names the file of an image whose group is not known.
  func groups(of dataset: any Dataset) throws -> [Int]
}

/// Batches of upright or of wide images only, so that less is padded (mmdetection's `AspectRatioBatchSampler`).
///
/// A batch is given as soon as it is full. At the end of an epoch what is left comes together: first the upright
/// images, then the wide ones. Square images count as wide. mmdetection leaves out a last batch that is just full
/// under `drop_last`, contrary to its own count of batches; here it stays.
///
/// The size of every image has to be known before the first batch: of a COCO file that is no more than a look at its
/// list of images.
public struct AspectRatioBatchSampler: BatchSampler, Decodable {
  /// Whether a last batch of an epoch that is not full is left out.
  public let dropsLast: Bool

  enum CodingKeys: String, CodingKey { case dropsLast = "drop_last" }

  /// A sampler of batches.
  public init(dropsLast: Bool = false) { self.dropsLast = dropsLast }

  /// mmdetection's key.
  public init(from decoder: any Decoder) throws {
    dropsLast =
      try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Bool.self, forKey: .dropsLast) ?? false
  }

  /// 0 for images that are higher than wide, 1 for all others.
  public func groups(of dataset: any Dataset) throws -> [Int] {
    try (0..<dataset.count).map { index in
      let size = try dataset.size(at: index)
      guard size.height > 0, size.width > 0 else {
        throw DataError(
          file: try dataset.sample(at: index).imagePath,
          "its size is not known before it is loaded, as AspectRatioBatchSampler needs it: leave batch_sampler out"
        )
      }
      return size.width < size.height ? 0 : 1
    }
  }
}
