import Coco

/// The objects that are to be found in the images of a data set: what metrics of detections compare with.
public struct InstanceTruth: Sendable {
  /// Images and objects; other images than the data set's may be among them.
  public let annotations: CocoAnnotations
  /// The id of each class among `annotations.categories`, by label.
  public let categoryIDs: [Int]
  /// The id among `annotations.images` of each image, by its place in the data set; nil where the image stands at an
  /// earlier place already: an object is to be found once.
  public let imageIDs: [Int?]

  /// Objects, the id of each class by label, and the id of each image by its place in the data set.
  public init(annotations: CocoAnnotations, categoryIDs: [Int], imageIDs: [Int]) {
    var seen = Set<Int>()
    self.init(
      annotations: annotations, categoryIDs: categoryIDs,
      places: imageIDs.map { seen.insert($0).inserted ? $0 : nil })
  }

  private init(annotations: CocoAnnotations, categoryIDs: [Int], places: [Int?]) {
    (self.annotations, self.categoryIDs, imageIDs) = (annotations, categoryIDs, places)
  }

  /// The id of a sample's image; nil for one that stands at an earlier place already, whose prediction does not count.
  ///
  /// - Throws: `DataError` for a sample of another data set.
  public func imageID(of sample: Sample) throws -> Int? {
    guard imageIDs.indices.contains(sample.index) else {
      throw DataError(
        file: sample.imagePath, "is image \(sample.index) of a data set of \(imageIDs.count): of another one")
    }
    return imageIDs[sample.index]
  }

  /// The file's id of a class.
  ///
  /// - Throws: `DataError` for a label that the data set has no class for.
  public func categoryID(of label: Int, in sample: Sample) throws -> Int {
    guard categoryIDs.indices.contains(label) else {
      throw DataError(
        file: sample.imagePath,
        "the model found an object of class \(label), from 0; the data set has \(categoryIDs.count) classes")
    }
    return categoryIDs[label]
  }
}

/// A data set that knows the objects to be found: `CocoMetric` and result files take any, wrappers and a program's own
/// included.
public protocol InstanceTruthSource {
  /// The objects; nil where the data set, or a part of it, has label maps only.
  ///
  /// - Throws: `CocoError` or `DataError` where the parts of a data set do not go together.
  func instanceTruth() throws -> InstanceTruth?
}

extension InstanceTruth {
  /// The same objects in a data set of so many images, all but the first of which repeat those.
  func padded(to count: Int) -> InstanceTruth {
    InstanceTruth(
      annotations: annotations, categoryIDs: categoryIDs,
      places: imageIDs + [Int?](repeating: nil, count: max(0, count - imageIDs.count)))
  }

  /// The objects of data sets that stand one behind the other and have the same classes.
  ///
  /// Ids of images and annotations stay as they are where no two parts share one; else they count from 1, in the
  /// order of the data sets. Classes have the ids of the first part.
  ///
  /// - Throws: `CocoError`.
  init(joining parts: [InstanceTruth]) throws {
    guard let first = parts.first else {
      try self.init(
        annotations: CocoAnnotations(file: "", images: [], annotations: [], categories: []), categoryIDs: [],
        places: [])
      return
    }
    guard parts.count > 1 else {
      self = first
      return
    }
    let ids = parts.flatMap { $0.imageIDs.compactMap { $0 } }
    let keepsImageIDs = Set(ids).count == ids.count
    var images: [CocoAnnotations.Image] = []
    var annotations: [CocoAnnotations.Annotation] = []
    var places: [Int?] = []
    for part in parts {
      let known = Dictionary(part.annotations.images.map { ($0.id, $0) }) { first, _ in first }
      let categories = Dictionary(zip(part.categoryIDs, first.categoryIDs)) { first, _ in first }
      var renamed: [Int: Int] = [:]
      for id in part.imageIDs {
        guard let id, var image = known[id] else {
          places.append(nil)
          continue
        }
        image.id = keepsImageIDs ? id : images.count + 1
        renamed[id] = image.id
        images.append(image)
        places.append(image.id)
      }
      for var annotation in part.annotations.annotations {
        guard let image = renamed[annotation.imageID], let category = categories[annotation.categoryID] else {
          continue
        }
        (annotation.imageID, annotation.categoryID) = (image, category)
        annotations.append(annotation)
      }
    }
    if Set(annotations.map(\.id)).count < annotations.count {
      for index in annotations.indices { annotations[index].id = index + 1 }
    }
    let wanted = Set(first.categoryIDs)
    try self.init(
      annotations: CocoAnnotations(
        file: Set(parts.map(\.annotations.file)).sorted().joined(separator: ", "), images: images,
        annotations: annotations, categories: first.annotations.categories.filter { wanted.contains($0.id) }),
      categoryIDs: first.categoryIDs, places: places)
  }
}
