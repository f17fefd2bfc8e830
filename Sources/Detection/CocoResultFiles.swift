import Coco
import Data
import Files
import Foundation
import Masks
import Modeling

/// A compressed run-length mask as COCO's JSON has it.
package struct CocoRunLengths: Codable, Sendable, Equatable {
  let size: [Int]
  let counts: String

  /// The JSON form of a mask.
  package init(_ mask: RunLengthMask) { (size, counts) = ([mask.height, mask.width], mask.compressed) }
}

/// Result files that pycocotools reads: `STEM.bbox.json`, and `STEM.segm.json` when there are masks.
package struct CocoResultFiles {
  struct Row: Codable, Sendable, Equatable {
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

  /// What is to be written: it can be stored, and merged with that of other images.
  struct State: Codable, Sendable, Equatable {
    var boxes: [Row] = []
    var masks: [Row] = []
    var hasMasks = false
    /// The images, with how many rows each has.
    var images: [Image] = []

    struct Image: Codable, Sendable, Equatable {
      var number, boxes, masks: Int
    }
  }

  private let stem: String
  private let truth: InstanceTruth
  private(set) var state = State()

  /// Files beside each other, with the data set's numbers of images and categories: its annotation file's, but where
  /// parts of a `ConcatDataset` share numbers.
  ///
  /// - Returns: Nil for a data set that knows no objects.
  /// - Throws: Errors of the data set's parts.
  package init?(stem: String, dataset: any Dataset) throws {
    guard let truth = try (dataset as? any InstanceTruthSource)?.instanceTruth() else { return nil }
    (self.stem, self.truth) = (stem, truth)
  }

  init(stem: String, truth: InstanceTruth) { (self.stem, self.truth) = (stem, truth) }

  /// Takes in what is to be written of other images.
  mutating func merge(_ other: State) {
    state.boxes += other.boxes
    state.masks += other.masks
    state.hasMasks = state.hasMasks || other.hasMasks
  }

  /// The files that may be written.
  package var paths: [String] { ["\(stem).bbox.json", "\(stem).segm.json"] }

  /// Adds the objects of one image, once however often a data set repeats it.
  ///
  /// - Throws: `DataError` for samples and classes of another data set.
  package mutating func add(_ found: InstancePrediction, for sample: Sample) throws {
    guard let imageID = try truth.imageID(of: sample) else { return }
    let categories = try found.labels.map { try truth.categoryID(of: $0, in: sample) }
    let before = (state.boxes.count, state.masks.count)
    add(found, imageID: imageID, categories: categories)
    state.images.append(
      State.Image(
        number: sample.number, boxes: state.boxes.count - before.0, masks: state.masks.count - before.1))
  }

  /// Adds the objects of an image, with the category of each.
  mutating func add(_ found: InstancePrediction, imageID: Int, categories: [Int]) {
    for (index, category) in categories.enumerated() {
      let score = Double(found.scores[index])
      state.boxes.append(
        Row(imageID: imageID, categoryID: category, box: cornerForm(found.boxes[index]), score: score))
      // Without `bbox`: pycocotools would take the area from it.
      if let mask = found.masks?[index] {
        state.masks.append(
          Row(imageID: imageID, categoryID: category, score: score, segmentation: CocoRunLengths(mask)))
      }
    }
    state.hasMasks = state.hasMasks || found.masks != nil
  }

  /// What was added, for `merging`.
  package func stored() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(state)) }

  /// Files of what several have added, in the order of the images.
  package func merging(_ parts: [[UInt8]]) throws -> CocoResultFiles {
    var merged = self
    merged.state = State()
    var rows: [(number: Int, boxes: ArraySlice<Row>, masks: ArraySlice<Row>)] = []
    for part in parts {
      let other = try JSONDecoder().decode(State.self, from: Foundation.Data(part))
      merged.state.hasMasks = merged.state.hasMasks || other.hasMasks
      var (boxes, masks) = (other.boxes[...], other.masks[...])
      for image in other.images {
        rows.append((image.number, boxes.prefix(image.boxes), masks.prefix(image.masks)))
        (boxes, masks) = (boxes.dropFirst(image.boxes), masks.dropFirst(image.masks))
      }
    }
    for row in rows.sorted(by: { $0.number < $1.number }) {
      merged.state.boxes += row.boxes
      merged.state.masks += row.masks
    }
    return merged
  }

  /// Writes the files and answers their names.
  ///
  /// - Throws: `FileError` with the system's reason.
  package func write() throws -> [String] {
    let folder = Folder.split(stem).folder
    if !folder.isEmpty { try Folder.make(folder) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(state.boxes), to: paths[0])
    guard state.hasMasks else { return [paths[0]] }
    try AtomicFile.write(try encoder.encode(state.masks), to: paths[1])
    return paths
  }
}
