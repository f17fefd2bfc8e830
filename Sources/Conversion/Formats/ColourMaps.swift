import Data
import Files
import Imaging
import Masks

/// Maps in which a colour is a class; a table says which. Each connected region of a class is an object.
enum ColourMaps {
  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    guard inputs.count == 2 else {
      throw DataError(
        file: inputs.first, "the pictures' folder and the folder of the coloured maps are wanted")
    }
    guard let file = collector.options.table else {
      throw DataError(
        file: inputs[1],
        "which colour is which class? Name a file of lines such as '64 128 64 Animal' by --table")
    }
    let table = try ColourTable(file: file)
    collector.listedClasses = table.classes
    let maps = try PictureIndex(inputs[1])
    let pictures = try PictureIndex(inputs[0])
    var used = Set<String>()
    for picture in pictures.all {
      let stem = Folder.splitExtension(picture).stem
      let map = [stem, stem + "_L", stem + "_mask", stem + "_label"].lazy.compactMap { maps.path(stem: $0) }
        .first
      guard let map else {
        collector.lose(Folder.join(inputs[0], picture), "no_map", "there is no map for it in \(inputs[1])")
        continue
      }
      used.insert(map)
      collector.reading(map) { collector in
        collector.source(map)
        let (labels, strays) = try table.labels(ofFile: map)
        if !strays.isEmpty {
          let listed = strays.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8).map {
            "[\($0.key >> 16), \($0.key >> 8 & 255), \($0.key & 255)] (\($0.value) pixels)"
          }
          collector.lose(
            map, "unlisted_colour",
            "holds \(strays.count) colours that \(file) does not list: \(listed.joined(separator: ", "))"
              + (strays.count > 8 ? ", ..." : "") + "; these pixels have no class")
        }
        collector.add(Folder.join(inputs[0], picture), stated: labels.size, from: map) { _, _ in
          let (parts, values) = labels.connectedParts()
          let nothing = Set(values.indices.filter { values[$0] < 0 }.map { Int32($0) })
          return parts.regions(without: nothing).map { part, mask in
            AnnotatedSet.Object(className: table.classes[Int(values[Int(part)])], mask: mask)
          }
        }
      }
    }
    for map in maps.all.map({ Folder.join(inputs[1], $0) }) where !used.contains(map) {
      collector.lose(map, "map_without_image", "there is no picture for it in \(inputs[0])")
    }
  }
}

extension ColourTable {
  /// The class of each pixel of a picture, -1 where its colour is none, and the pixels of such colours.
  func labels(ofFile path: String) throws(ImagingError) -> (labels: LabelMap, strays: [UInt32: Int]) {
    let image = try Image.decode(file: path)
    var strays: [UInt32: Int] = [:]
    var last = (colour: UInt32.max, label: Int32(-1))
    let pixels = (0..<image.height * image.width).map { place -> Int32 in
      let (blue, green, red) = (
        image.pixels[3 * place], image.pixels[3 * place + 1], image.pixels[3 * place + 2]
      )
      let colour = UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue)
      if colour != last.colour { last = (colour, places[colour] ?? -1) }
      if last.label < 0 { strays[colour, default: 0] += 1 }
      return last.label
    }
    return (LabelMap(height: image.height, width: image.width, pixels: pixels), strays)
  }
}
