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

  /// The label map.
  public var loads: AnnotationKinds { .labelMap }

  /// The sample with its label map: classes, and one number for all that is none, `LabelMeaning.ignored`.
  ///
  /// - Throws: `DataError` when the map's size is not the image's, or the data set and this transform differ in
  ///   `reduce_zero_label`, or a number is no class; `ImagingError` when the file is no label map.
  public func callAsFunction(_ sample: Sample, random: inout RandomGenerator) throws -> Sample? {
    guard let path = sample.labelMapPath else {
      throw DataError(
        file: sample.imagePath, "has no label map: set seg_map_path in the data set's data_prefix")
    }
    let meaning = sample.labels
    if let reduceZeroLabel, reduceZeroLabel != meaning.reducesZeroLabel {
      throw DataError(
        file: path,
        "reduce_zero_label is \(reduceZeroLabel) in LoadAnnotations and \(meaning.reducesZeroLabel) in the data set: "
          + "set it in the data set only")
    }
    let stored = try meaning.numbers(inFile: path)
    guard sample.originalSize.height == 0 || stored.size == sample.originalSize else {
      throw DataError(
        file: path,
        "the label map has \(stored.size) pixels, its image \(sample.imagePath) has \(sample.originalSize)")
    }
    var result = sample
    switch meaning.read(stored) {
    case .success(let labels): result.labelMap = labels
    case .failure(let stray): throw DataError(file: path, stray.description)
    }
    return result
  }
}
