import Data
import Files
import Imaging
import Masks

/// COCO's panoptic annotations: a JSON file, and maps whose red, green and blue are the number of a segment.
enum Panoptic {
  private struct File: Decodable {
    struct Picture: Decodable {
      var id: Int
      var file_name: String
      var height, width: Int
    }
    struct Category: Decodable {
      var id: Int
      var name: String
      var isthing: Int?
    }
    struct Segment: Decodable {
      var id: Int
      var category_id: Int
      var iscrowd: Int?
    }
    struct Annotation: Decodable {
      var image_id: Int
      var file_name: String
      var segments_info: [Segment]
    }
    var images: [Picture]
    var annotations: [Annotation]
    var categories: [Category]
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      guard !Folder.isFolder(input) else {
        throw DataError(
          file: input, "is a folder; name its panoptic_*.json, beside which the folder of the maps lies")
      }
      let content = try json(File.self, file: input)
      let folder = Folder.splitExtension(input).stem
      guard Folder.isFolder(folder) else {
        throw DataError(file: input, "the folder of its maps, \(folder), is not there")
      }
      let index = try PictureIndex(collector.options.images ?? Folder.split(input).folder)
      collector.listedClasses = content.categories.map(\.name)
      for category in content.categories { collector.categoryIDs[category.name] = category.id }
      let categories = Dictionary(content.categories.map { ($0.id, $0) }) { first, _ in first }
      let pictures = Dictionary(content.images.map { ($0.id, $0) }) { first, _ in first }
      let name = Folder.split(input).name
      let split = name.contains("train") ? "train" : name.contains("val") ? "val" : nil
      collector.source(input, split: split)
      var described = Set<Int>()
      for annotation in content.annotations {
        let map = Folder.join(folder, annotation.file_name)
        described.insert(annotation.image_id)
        guard let picture = pictures[annotation.image_id], let path = index.path(named: picture.file_name)
        else {
          let name = pictures[annotation.image_id]?.file_name ?? "\(annotation.image_id)"
          collector.lose(
            input, "missing_image", "there is no picture \(name) in \(index.folder)", id: annotation.image_id)
          continue
        }
        collector.reading(map) { collector in
          collector.source(map, split: split)
          let numbers = try segments(ofFile: map)
          collector.add(path, stated: numbers.size, id: picture.id, from: map, split: split) { _, collector in
            objects(numbers, annotation.segments_info, categories, map, &collector)
          }
        }
      }
      for picture in content.images where !described.contains(picture.id) {
        collector.lose(input, "no_segments", "image \(picture.id) has no annotation", id: picture.id)
      }
    }
  }

  private static func segments(ofFile path: String) throws(ImagingError) -> LabelMap {
    let image = try Image.decode(file: path)
    let pixels = (0..<image.height * image.width).map { place -> Int32 in
      let (blue, green, red) = (
        image.pixels[3 * place], image.pixels[3 * place + 1], image.pixels[3 * place + 2]
      )
      return Int32(blue) << 16 | Int32(green) << 8 | Int32(red)
    }
    return LabelMap(height: image.height, width: image.width, pixels: pixels)
  }

  private static func objects(
    _ numbers: LabelMap, _ segments: [File.Segment], _ categories: [Int: File.Category], _ map: String,
    _ collector: inout AnnotationCollector
  ) -> [AnnotatedSet.Object] {
    let regions = Dictionary(numbers.regions(without: [0]).map { (Int($0.value), $0.mask) }) { first, _ in
      first
    }
    var listed = Set<Int>()
    var objects: [AnnotatedSet.Object] = []
    for segment in segments {
      listed.insert(segment.id)
      guard let mask = regions[segment.id], let category = categories[segment.category_id] else {
        collector.lose(
          map, "unknown_segment",
          "segment \(segment.id) \(regions[segment.id] == nil ? "has no pixel in the map" : "is of no listed category")",
          id: segment.id)
        continue
      }
      var object = AnnotatedSet.Object(className: category.name, mask: mask)
      object.isStuff = category.isthing == 0
      object.isCrowd = segment.iscrowd == 1
      // A segment's number is that of its picture alone.
      objects.append(object)
    }
    for number in regions.keys.sorted() where !listed.contains(number) {
      collector.lose(map, "unknown_segment", "the map's segment \(number) is not in the file", id: number)
    }
    return objects
  }
}
