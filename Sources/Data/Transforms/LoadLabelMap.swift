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

  /// The label map.
  public var loads: AnnotationKinds { .labelMap }

  /// The sample with its label map; where the data set says so, 0 becomes 255 and the others drop by one.
  ///
  /// - Throws: `DataError` when the map's size is not the image's, or the data set and this transform differ in
  ///   `reduce_zero_label`, or a number is no class; `ImagingError` when the file is no label map.
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
    let stored = try LabelMap.read(file: path)
    var labels = stored
    guard sample.originalSize.height == 0 || labels.size == sample.originalSize else {
      throw DataError(
        file: path,
        "the label map has \(labels.size) pixels, its image \(sample.imagePath) has \(sample.originalSize)")
    }
    if sample.reduceZeroLabel {
      labels.pixels.withUnsafeMutableBufferPointer { classes in
        dp_labels_reduce_zero(stored.pixels, Int64(classes.count), classes.baseAddress)
      }
    }
    try check(labels, stored, of: sample, path)
    var result = sample
    result.labelMap = labels
    return result
  }

  /// Stops at a number that is no class, before a loss or a metric meets it.
  private func check(_ labels: LabelMap, _ stored: LabelMap, of sample: Sample, _ path: String) throws {
    guard let classes = sample.classCount else { return }
    let place = Int(
      dp_labels_illegal(
        labels.pixels, Int64(labels.pixels.count), Int32(clamping: classes),
        Int32(clamping: sample.ignoreIndex)))
    guard place >= 0 else { return }
    let (row, column) = place.quotientAndRemainder(dividingBy: labels.width)
    throw DataError(
      file: path,
      "the number \(stored.pixels[place]) at row \(row), column \(column) is no class: there are \(classes) classes, "
        + (sample.reduceZeroLabel
          ? "stored as 1 ... \(classes) (reduce_zero_label)" : "stored as 0 ... \(classes - 1)")
        + ", and \(sample.ignoreIndex) is ignored")
  }
}
