import Coco
import Data
import Files
import Imaging
import Masks

/// Pascal VOC: an XML file a picture, lists of pictures, and maps of numbered objects.
///
/// Boxes are mmdetection's (`XMLDataset`): 1 is taken from all four numbers, which count pixels from 1. What is marked
/// `difficult` becomes a crowd: training leaves it alone, and nobody has to find it.
package struct PascalVOC: Sendable {
  /// VOC's 20 classes, in mmdetection's order.
  package static let classes = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
    "dog", "horse",
    "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
  ]

  /// The folder of the pictures.
  package let images: String
  /// The folder of the XML files.
  package let annotations: String
  /// The folder of the maps of numbered objects; nil where there is none.
  let masks: String?
  private let index: PictureIndex

  /// - Throws: `FileError` where there is no folder of pictures.
  package init(images: String, annotations: String, masks: String? = nil) throws {
    (self.images, self.annotations, self.masks) = (images, annotations, masks)
    index = try PictureIndex(images)
  }

  /// The XML files' names without their ending, sorted.
  package func names() throws -> [String] {
    try Folder.files(below: annotations).filter { $0.hasSuffix(".xml") }.map { String($0.dropLast(4)) }
  }

  /// The XML file of a picture.
  package func file(of name: String) -> String { Folder.join(annotations, name + ".xml") }

  /// Reads pictures by their names.
  ///
  /// - Throws: `DataError` where there is none.
  package func reading(_ names: [String], options: ReadingOptions) throws -> AnnotationReading {
    var collector = AnnotationCollector(options)
    for name in names { read(name, split: nil, &collector) }
    return try collector.finished(annotations)
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      let inner = Folder.join(input, "Annotations")
      let hasLayout = Folder.isFolder(inner)
      let pictures = ["JPEGImages", "images", "Images"].map { Folder.join(input, $0) }.first(
        where: Folder.isFolder)
      let masks = Folder.join(input, "SegmentationObject")
      let voc = try PascalVOC(
        images: collector.options.images ?? pictures ?? input, annotations: hasLayout ? inner : input,
        masks: collector.options.readsMasks && Folder.isFolder(masks) ? masks : nil)
      let all = try voc.names()
      guard !all.isEmpty else {
        throw DataError(file: voc.annotations, "holds no .xml file: an XML file a picture is wanted")
      }
      var left = Set(all)
      for (split, names) in try lists(in: input) {
        for name in names {
          left.remove(name)
          voc.read(name, split: split, &collector)
        }
      }
      // Without lists there is one set; with them, what none names is told.
      guard left.count < all.count else {
        for name in all { voc.read(name, split: nil, &collector) }
        continue
      }
      for name in all where left.contains(name) {
        collector.lose(voc.file(of: name), "in_no_list", "is named by no list in ImageSets/Main")
      }
    }
  }

  /// The lists of a layout by their split: `trainval` only where there are not both of its parts.
  private static func lists(in root: String) throws -> [(split: String, names: [String])] {
    let folder = ["Main", "Segmentation"].map { Folder.join(root, "ImageSets/\($0)") }.first(
      where: Folder.isFolder)
    guard let folder else { return [] }
    let there = Set(try Folder.contents(of: folder).map(\.name))
    var wanted = ["train", "val", "test"].filter { there.contains("\($0).txt") }
    if there.contains("trainval.txt"), !(wanted.contains("train") && wanted.contains("val")) {
      wanted = ["trainval"] + wanted.filter { $0 == "test" }
    }
    return try wanted.map { split in
      (split == "trainval" ? "train" : split, try names(inList: Folder.join(folder, "\(split).txt")))
    }
  }

  /// The names that a list holds, a line each; lists of single classes have a second column.
  package static func names(inList path: String) throws -> [String] {
    let names = try lines(ofFile: path).map { String($0.prefix { !$0.isWhitespace }) }
    if let name = names.first(where: { $0.hasPrefix("/") || $0.split(separator: "/").contains("..") }) {
      throw DataError(file: path, "\(name) leaves the folder of annotations; names in it are wanted")
    }
    return names
  }

  private func read(_ name: String, split: String?, _ collector: inout AnnotationCollector) {
    let file = file(of: name)
    collector.reading(file) { collector in
      collector.source(file, split: split)
      try read(try XMLElement.read(file: file), name, file, split: split, &collector)
    }
  }

  private func read(
    _ root: XMLElement, _ name: String, _ file: String, split: String?, _ collector: inout AnnotationCollector
  ) throws {
    guard root.name == "annotation" else {
      throw DataError(file: file, "its element is <\(root.name)>, not VOC's <annotation>")
    }
    let named = root["filename"].map(\.text) ?? ""
    guard let picture = index.path(stem: name) ?? index.path(named: named) else {
      throw DataError(
        file: file, "there is no picture \(name).* in \(images)\(named.isEmpty ? "" : ", nor \(named)")")
    }
    var stated: ImageSize?
    if let size = root["size"], let height = size["height"]?.number, let width = size["width"]?.number {
      stated = Int(exactly: height).flatMap { height in
        Int(exactly: width).map { ImageSize(height: height, width: $0) }
      }
    }
    collector.add(picture, stated: stated, from: file, split: split) { size, collector in
      var objects: [AnnotatedSet.Object] = []
      for (number, element) in root.all("object").enumerated() {
        guard let object = Self.object(element, number: number + 1, file, &collector) else { continue }
        objects.append(object)
      }
      if let masks {
        addMasks(Folder.join(masks, name + ".png"), to: &objects, size: size, &collector)
      }
      return objects
    }
  }

  private static func object(
    _ element: XMLElement, number: Int, _ file: String, _ collector: inout AnnotationCollector
  ) -> AnnotatedSet.Object? {
    let name = element["name"]?.text ?? ""
    guard let box = element["bndbox"], let left = box["xmin"]?.number, let top = box["ymin"]?.number,
      let right = box["xmax"]?.number, let bottom = box["ymax"]?.number
    else {
      collector.lose(
        file, "no_box",
        "line \(element.line): \(name.isEmpty ? "an object" : name) has no bndbox of four numbers",
        id: number)
      return nil
    }
    var object = AnnotatedSet.Object(className: name, box: (left - 1, top - 1, right - left, bottom - top))
    object.isCrowd = (element["difficult"]?.number ?? 0) != 0
    object.id = number
    return object
  }

  /// Gives each object the pixels of the map whose box is most like its own.
  private func addMasks(
    _ file: String, to objects: inout [AnnotatedSet.Object], size: ImageSize,
    _ collector: inout AnnotationCollector
  ) {
    guard FileIdentity(file).exists else { return }
    collector.reading(file) { collector in
      let map = try LabelMap.read(file: file)
      guard map.size == size else {
        throw DataError(file: file, "has \(map.size) pixels, its picture \(size)")
      }
      // 255 is the seam around objects.
      for (value, mask) in map.regions(without: [0, 255]) {
        let overlaps = boxIoU(objects.map(\.box), [mask.boundingBox], isCrowd: [false])
        guard let best = overlaps.indices.max(by: { overlaps[$0] < overlaps[$1] }), overlaps[best] >= 0.5,
          objects[best].segmentation == nil
        else {
          collector.lose(
            file, "mask_without_box", "the region \(value) fits no box of its picture", id: Int(value))
          continue
        }
        objects[best].segmentation = .compressed(mask.compressed, height: size.height, width: size.width)
      }
    }
  }
}
