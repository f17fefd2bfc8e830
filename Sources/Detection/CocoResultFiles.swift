import Coco
import Data
import Files
import Foundation
import Masks
import Modeling

/// A compressed run-length mask as COCO's JSON has it.
package struct CocoRunLengths: Encodable, Sendable {
  let size: [Int]
  let counts: String

  /// The JSON form of a mask.
  package init(_ mask: RunLengthMask) { (size, counts) = ([mask.height, mask.width], mask.compressed) }
}

/// Result files that pycocotools reads: `STEM.bbox.json`, and `STEM.segm.json` when there are masks.
package struct CocoResultFiles {
  private struct Row: Encodable {
    var imageID: Int
    var categoryID: Int
    var box: [Double]?
    var score: Double
    var segmentation: CocoRunLengths?

    enum CodingKeys: String, CodingKey {
      case score, segmentation
      case imageID = "image_id"
      case categoryID = "category_id"
      case box = "bbox"
    }
  }

  private let stem: String
  private let truth: InstanceTruth
  private var boxes: [Row] = []
  private var masks: [Row] = []
  private var hasMasks = false

  /// Files beside each other, with the data set's numbers of images and categories: its annotation file's, but where
  /// parts of a `ConcatDataset` share numbers.
  ///
  /// - Returns: Nil for a data set that knows no objects.
  /// - Throws: Errors of the data set's parts.
  package init?(stem: String, dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else { return nil }
    (self.stem, self.truth) = (stem, truth)
  }

  /// The files that may be written.
  package var paths: [String] { ["\(stem).bbox.json", "\(stem).segm.json"] }

  /// Adds the objects of one image, once however often a data set repeats it.
  ///
  /// - Throws: `DataError` for samples and classes of another data set.
  package mutating func add(_ found: InstancePrediction, for sample: Sample) throws {
    guard let imageID = try truth.imageID(of: sample) else { return }
    for index in found.labels.indices {
      let category = try truth.categoryID(of: found.labels[index], in: sample)
      let score = Double(found.scores[index])
      boxes.append(
        Row(imageID: imageID, categoryID: category, box: cornerForm(found.boxes[index]), score: score))
      // Without `bbox`: pycocotools would take the area from it.
      if let mask = found.masks?[index] {
        masks.append(
          Row(imageID: imageID, categoryID: category, score: score, segmentation: CocoRunLengths(mask)))
      }
    }
    hasMasks = hasMasks || found.masks != nil
  }

  /// Writes the files and answers their names.
  ///
  /// - Throws: `FileError` with the system's reason.
  package func write() throws -> [String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(boxes), to: paths[0])
    guard hasMasks else { return [paths[0]] }
    try AtomicFile.write(try encoder.encode(masks), to: paths[1])
    return paths
  }
}
