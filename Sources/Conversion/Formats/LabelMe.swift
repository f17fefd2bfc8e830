import Data
import Files
import Foundation
import Imaging
import Masks

/// LabelMe: a JSON file a picture. Shapes of one class and group are parts of one object.
enum LabelMe {
  private struct File: Decodable {
    struct Shape: Decodable {
      var label: String?
      var points: [[Double]]
      var shape_type: String?
      var group_id: Int?
      var mask: String?
    }
    var shapes: [Shape]
    var imagePath: String?
    var imageHeight: Double?
    var imageWidth: Double?
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      let folder = Folder.isFolder(input) ? input : Folder.split(input).folder
      let index = try PictureIndex(collector.options.images ?? folder)
      for file in try files(input, ending: "json", wanted: "LabelMe writes one a picture") {
        collector.reading(file) { collector in
          collector.source(file)
          try read(try json(File.self, file: file), file, index, &collector)
        }
      }
    }
  }

  private static func read(
    _ content: File, _ file: String, _ index: PictureIndex, _ collector: inout AnnotationCollector
  ) throws {
    let named = content.imagePath ?? ""
    let stem = Folder.splitExtension(relative(file, to: index.folder)).stem
    // The name is that of the machine where it was drawn.
    guard
      let picture = index.path(named: named) ?? index.path(stem: stem)
        ?? index.path(stem: Folder.split(stem).name)
    else {
      throw DataError(file: file, "there is no picture \(named.isEmpty ? stem : named) in \(index.folder)")
    }
    let stated = content.imageHeight.flatMap(Int.init(exactly:)).flatMap { height in
      content.imageWidth.flatMap(Int.init(exactly:)).map { ImageSize(height: height, width: $0) }
    }
    collector.add(picture, stated: stated, from: file) { size, collector in
      var objects: [AnnotatedSet.Object] = []
      var groups: [String: Int] = [:]
      for (number, shape) in content.shapes.enumerated() {
        let name = shape.label ?? ""
        var object: AnnotatedSet.Object
        do throws(DataError) { object = try self.object(shape, name, size) } catch {
          collector.lose(file, "unknown_shape", "\(name): \(error.message)", id: number + 1)
          continue
        }
        object.id = number + 1
        if let group = shape.group_id {
          if let place = groups["\(group) \(name)"] {
            if let joined = objects[place].joined(with: object) {
              objects[place] = joined
              continue
            }
            collector.note(
              file, "unlike_group",
              "\(name): the parts of group \(group) are of several kinds, and stay apart",
              id: number + 1)
          } else {
            groups["\(group) \(name)"] = objects.count
          }
        }
        objects.append(object)
      }
      return objects
    }
  }

  private static func object(
    _ shape: File.Shape, _ name: String, _ size: ImageSize
  ) throws(DataError) -> AnnotatedSet.Object {
    let points = shape.points
    guard points.allSatisfy({ $0.count == 2 }) else {
      throw DataError(file: nil, "points of x and y are wanted")
    }
    let kind = shape.shape_type ?? "polygon"
    switch kind {
    case "polygon": return AnnotatedSet.Object(className: name, outlines: [points.flatMap { $0 }])
    case "rectangle":
      guard points.count >= 2, let left = points.map({ $0[0] }).min(),
        let right = points.map({ $0[0] }).max(),
        let top = points.map({ $0[1] }).min(), let bottom = points.map({ $0[1] }).max()
      else { throw DataError(file: nil, "a rectangle has two corners") }
      return AnnotatedSet.Object(className: name, box: (left, top, right - left, bottom - top))
    case "circle":
      guard points.count == 2 else {
        throw DataError(file: nil, "a circle has a centre and a point of its rim")
      }
      let radius = hypot(points[1][0] - points[0][0], points[1][1] - points[0][1])
      return AnnotatedSet.Object(
        className: name, outlines: [ellipse(x: points[0][0], y: points[0][1], radii: (radius, radius))])
    case "mask":
      guard let text = shape.mask, let bytes = Foundation.Data(base64Encoded: text), let corner = points.first
      else {
        throw DataError(file: nil, "a mask has its corner and a PNG in base64")
      }
      do {
        let map = try LabelMap.read(Array(bytes), file: "mask")
        let window = Bitmap(height: map.height, width: map.width, pixels: map.pixels.map { $0 == 0 ? 0 : 1 })
        let mask = try RunLengthMask(window).placed(
          row: Int(corner[1].rounded()), column: Int(corner[0].rounded()), height: size.height,
          width: size.width)
        return AnnotatedSet.Object(className: name, mask: mask)
      } catch { throw DataError(file: nil, "\(error)") }
    default: throw DataError(file: nil, "the shape '\(kind)' encloses nothing that could be an object")
    }
  }
}
