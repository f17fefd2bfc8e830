import CKernels
import Imaging
import Tensors

/// mm's names for the reader of label maps; the stored numbers are read in either case.
enum LabelMapBackend: String, Decodable, CaseIterable { case cv2, pillow }

/// The label map of a segmentor's sample (mmsegmentation's `LoadAnnotations`).
public struct LoadLabelMap: Transform, Decodable {
  private let reduceZeroLabel: Bool?

  enum CodingKeys: String, CodingKey {
    case reduceZeroLabel = "reduce_zero_label"
    case backend = "imdecode_backend"
  }

  /// Reads label maps.
  ///
  /// - Parameter reduceZeroLabel: Nil: as the data set says.
  public init(reduceZeroLabel: Bool? = nil) { self.reduceZeroLabel = reduceZeroLabel }

  /// mmsegmentation's keys.
  public init(from decoder: any Decoder) throws {
    let keys = try decoder.container(keyedBy: CodingKeys.self)
    reduceZeroLabel = try keys.decodeIfPresent(Bool.self, forKey: .reduceZeroLabel)
    _ = try keys.decodeIfPresent(LabelMapBackend.self, forKey: .backend)
  }

  /// The sample with its label map; where the data set says so, 0 becomes 255 and the others drop by one.
  ///
  /// - Throws: `DataError` when the map's size is not the image's, or the data set and this transform differ in
  ///   `reduce_zero_label`; `ImagingError` when the file is no label map.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard let path = sample.labelMapPath else {
      throw DataError(
        file: sample.imagePath, "has no label map: set seg_map_path in the data set's data_prefix")
    }
    if let reduceZeroLabel, reduceZeroLabel != sample.reduceZeroLabel {
      throw DataError(
        file: path,
        "reduce_zero_label is \(reduceZeroLabel) in LoadAnnotations and \(sample.reduceZeroLabel) in the data set: "
          + "set it in the data set only")
    }
    var labels = try LabelMap.read(file: path)
    guard sample.originalSize.height == 0 || labels.size == sample.originalSize else {
      throw DataError(
        file: path,
        "the label map has \(labels.size) pixels, its image \(sample.imagePath) has \(sample.originalSize)")
    }
    if sample.reduceZeroLabel {
      let stored = labels.pixels
      labels.pixels.withUnsafeMutableBufferPointer { classes in
        dp_labels_reduce_zero(stored, Int64(stored.count), classes.baseAddress)
      }
    }
    var result = sample
    result.labelMap = labels
    return result
  }
}
