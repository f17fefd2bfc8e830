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
  /// An object.
  package struct Row: Codable, Sendable, Equatable {
    var imageID: Int
    var categoryID: Int
    var box: [Double]?
    var score: Double
    var segmentation: CocoRunLengths?

    /// An object of an image; its box is x, y, width, height.
    package init(
      imageID: Int, categoryID: Int, box: [Double]? = nil, score: Double, segmentation: CocoRunLengths? = nil
    ) {
      (self.imageID, self.categoryID, self.box) = (imageID, categoryID, box)
      (self.score, self.segmentation) = (score, segmentation)
    }

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
    /// The images in the order in which they were added, with how many rows each has.
    var images: [Image] = []

    /// An image's rows.
    struct Image: Codable, Sendable, Equatable {
      var number, boxes, masks: Int
    }
  }

  private let stem: String
  private let truth: InstanceTruth
  private(set) var state = State()
  /// Whether others have added to it.
  private var isMerged = false

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
    isMerged = true
    state.boxes += other.boxes
    state.masks += other.masks
    state.images += other.images
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
    add(found, imageID: imageID, categories: categories, number: sample.number)
  }

  /// Adds the objects of an image, with the category of each.
  ///
  /// - Parameter number: Of the image among all, in whose order the files are written.
  mutating func add(_ found: InstancePrediction, imageID: Int, categories: [Int], number: Int) {
    let before = (boxes: state.boxes.count, masks: state.masks.count)
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
    state.images.append(
      State.Image(
        number: number, boxes: state.boxes.count - before.boxes, masks: state.masks.count - before.masks))
  }

  /// What was added, for `merging`.
  package func stored() throws -> [UInt8] { [UInt8](try JSONEncoder().encode(state)) }

  /// Files of what several have added.
  package func merging(_ parts: [[UInt8]]) throws -> CocoResultFiles {
    var merged = self
    merged.state = State()
    for part in parts { merged.merge(try JSONDecoder().decode(State.self, from: Foundation.Data(part))) }
    return merged
  }

  /// The rows in the order of the images, whoever added them.
  private var ordered: (boxes: [Row], masks: [Row]) {
    guard isMerged else { return (state.boxes, state.masks) }
    var (boxes, masks) = (state.boxes[...], state.masks[...])
    let images = state.images.map { image in
      defer { (boxes, masks) = (boxes.dropFirst(image.boxes), masks.dropFirst(image.masks)) }
      return (number: image.number, boxes: boxes.prefix(image.boxes), masks: masks.prefix(image.masks))
    }
    let sorted = images.enumerated().sorted {
      ($0.element.number, $0.offset) < ($1.element.number, $1.offset)
    }
    return (sorted.flatMap(\.element.boxes), sorted.flatMap(\.element.masks))
  }

  /// Writes the files and answers their names.
  ///
  /// - Throws: `FileError` with the system's reason.
  package func write() throws -> [String] {
    let folder = Folder.split(stem).folder
    if !folder.isEmpty { try Folder.make(folder) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(try encoder.encode(ordered.boxes), to: paths[0])
    guard state.hasMasks else { return [paths[0]] }
    try AtomicFile.write(try encoder.encode(ordered.masks), to: paths[1])
    return paths
  }
}
