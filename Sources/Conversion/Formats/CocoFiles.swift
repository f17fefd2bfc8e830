import Coco
import Data
import Files
import Imaging

/// COCO's annotation files, and Roboflow's folders of them. Ids stay what they are.
enum CocoFiles {
  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      for file in try files(input, ending: "json", wanted: "COCO's annotation file") {
        try read(file, split: split(of: file), images: collector.options.images, &collector)
      }
    }
  }

  /// `train/_annotations.coco.json`, `valid/...`, `test/...`, each beside its pictures.
  static func readRoboflow(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      guard Folder.isFolder(input) else {
        try read(input, split: nil, images: nil, &collector)
        continue
      }
      let found = try Folder.files(below: input).filter { Folder.split($0).name == "_annotations.coco.json" }
      guard !found.isEmpty else {
        throw DataError(file: input, "holds no _annotations.coco.json: export the data as COCO")
      }
      for file in found {
        try read(
          Folder.join(input, file), split: split(of: Folder.split(file).folder), images: nil, &collector)
      }
    }
  }

  /// The split that a name tells.
  private static func split(of path: String) -> String? {
    let name = Folder.split(path).name.lowercased()
    return [("train", "train"), ("val", "val"), ("test", "test")].first { name.contains($0.0) }?.1
  }

  /// The folder of the pictures that a file lists: its own where they are not found, which every picture is told of then.
  private static func pictures(of annotations: CocoAnnotations, in file: String) throws(DataError) -> String {
    let search = PictureFolder(of: annotations.images.compactMap(\.fileName), around: file)
    if case .ambiguous = search {
      throw DataError(file: file, "\(search.explanation); name the right one by --images")
    }
    return search.path ?? Folder.split(file).folder
  }

  private static func read(
    _ file: String, split: String?, images: String?, _ collector: inout AnnotationCollector
  ) throws {
    let annotations = try CocoAnnotations(contentsOf: file)
    let folder = try images ?? pictures(of: annotations, in: file)
    // Some tools write the name of the group as a category of its own, without objects.
    let used = Set(annotations.annotations.map(\.categoryID))
    let names = annotations.categories.reduce(into: [String: Int]()) { $0[$1.name, default: 0] += 1 }
    let categories = annotations.categories.filter { used.contains($0.id) || names[$0.name] == 1 }
    var listed = collector.listedClasses ?? []
    for category in categories where !listed.contains(category.name) { listed.append(category.name) }
    collector.listedClasses = listed
    for category in categories where collector.categoryIDs[category.name] == nil {
      collector.categoryIDs[category.name] = category.id
    }
    let classes = Dictionary(annotations.categories.map { ($0.id, $0.name) }) { first, _ in first }
    collector.source(file, split: split)
    for fault in annotations.faults {
      collector.lose(
        file, fault.kind.rawValue,
        "annotation \(fault.annotationID) is of an image or category \(fault.missingID) that "
          + "the file does not list", id: fault.annotationID)
    }
    let objects = Dictionary(grouping: annotations.annotations, by: \.imageID)
    for image in annotations.images {
      guard let name = image.fileName, !name.isEmpty else {
        collector.lose(file, "file_name", "image \(image.id) has no file_name", id: image.id)
        continue
      }
      collector.add(
        DatasetSettings.path(name, below: folder),
        stated: ImageSize(height: image.height, width: image.width),
        id: image.id, from: file, split: split
      ) { _, _ in
        (objects[image.id] ?? []).map { annotation in
          var object = AnnotatedSet.Object(
            className: classes[annotation.categoryID] ?? "", box: annotation.boundingBox)
          (object.isCrowd, object.isIgnored) = (annotation.isCrowd, annotation.ignore)
          object.segmentation = annotation.hasMask ? annotation.segmentation : nil
          object.id = annotation.id
          return object
        }
      }
    }
  }
}
