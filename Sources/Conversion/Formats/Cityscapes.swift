import Coco
import Data
import Files
import Imaging
import Masks

/// Cityscapes: maps of instances (`*_gtFine_instanceIds.png`), numbers of which are a class, or a class times 1000 and a
/// count.
enum Cityscapes {
  /// The classes with their numbers (`labelId`), those with instances apart (cityscapesScripts' `labels.py`).
  private static let things = [
    24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train", 32: "motorcycle",
    33: "bicycle",
  ]
  private static let stuff = [
    7: "road", 8: "sidewalk", 11: "building", 12: "wall", 13: "fence", 17: "pole", 19: "traffic light",
    20: "traffic sign", 21: "vegetation", 22: "terrain", 23: "sky",
  ]
  private static let ending = "_gtFine_instanceIds.png"

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    let classes = (stuff.merging(things) { first, _ in first }).sorted { $0.key < $1.key }
    collector.listedClasses = classes.map(\.value)
    for (number, name) in classes { collector.categoryIDs[name] = number }
    for input in inputs {
      let root = Folder.isFolder(Folder.join(input, "gtFine")) ? Folder.join(input, "gtFine") : input
      let images = collector.options.images ?? Folder.join(Folder.split(root).folder, "leftImg8bit")
      let maps = try Folder.files(below: root).filter { $0.hasSuffix(ending) }
      guard !maps.isEmpty else { throw DataError(file: root, "holds no *\(ending)") }
      for map in maps {
        let file = Folder.join(root, map)
        let top = map.split(separator: "/").first.map(String.init) ?? ""
        let split = ["train", "val", "test"].contains(top) ? top : nil
        let picture = Folder.join(images, String(map.dropLast(ending.count)) + "_leftImg8bit.png")
        collector.reading(file) { collector in
          let labels = try LabelMap.read(file: file)
          collector.source(file, split: split)
          collector.add(picture, stated: labels.size, from: file, split: split) { _, _ in objects(labels) }
        }
      }
    }
  }

  private static func objects(_ map: LabelMap) -> [AnnotatedSet.Object] {
    map.regions(without: []).compactMap { value, mask in
      // Classes that are not judged, such as the car's own hood, are no class here either.
      let number = value >= 1000 ? Int(value) / 1000 : Int(value)
      guard let name = things[number] ?? stuff[number] else { return nil }
      var object = AnnotatedSet.Object(className: name, mask: mask)
      object.isStuff = stuff[number] != nil
      // Things without a count of their own are many together.
      object.isCrowd = !object.isStuff && value < 1000
      object.id = Int(value)
      return object
    }
  }
}
