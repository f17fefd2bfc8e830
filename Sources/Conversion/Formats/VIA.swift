import Data
import Files
import Foundation
import Imaging

/// VGG Image Annotator, versions 1 and 2: one file for all pictures, as a JSON export, a project or a CSV export.
enum VIA {
  private struct Project: Decodable {
    var _via_img_metadata: [String: Picture]
  }

  private struct Picture: Decodable {
    var filename: String
    var regions: [Region]

    enum CodingKeys: CodingKey { case filename, regions }

    init(filename: String) { (self.filename, regions) = (filename, []) }

    init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      filename = try keys.decode(String.self, forKey: .filename)
      // The first version numbers its regions.
      if let numbered = try? keys.decodeIfPresent([String: Region].self, forKey: .regions) {
        regions = numbered.sorted { (Int($0.key) ?? 0, $0.key) < (Int($1.key) ?? 0, $1.key) }.map(\.value)
      } else {
        regions = try keys.decodeIfPresent([Region].self, forKey: .regions) ?? []
      }
    }
  }

  private struct Region: Decodable {
    struct Shape: Decodable {
      var name: String
      var x, y, width, height, cx, cy, r, rx, ry, theta: LooseNumber?
      var all_points_x, all_points_y: [LooseNumber]?
    }
    var shape_attributes: Shape
    var region_attributes: [String: Value]?
    /// Its number in its picture, from 1, where the file gives one.
    var number: Int?

    enum CodingKeys: CodingKey { case shape_attributes, region_attributes }
  }

  /// A text, a number, or the boxes that are ticked.
  private enum Value: Decodable {
    case text(String)
    case choices([String: Bool])

    init(from decoder: any Decoder) throws {
      let single = try decoder.singleValueContainer()
      if let text = try? single.decode(String.self) {
        self = .text(text)
      } else if let choices = try? single.decode([String: Bool].self) {
        self = .choices(choices)
      } else {
        let number = try single.decode(Double.self)
        self = .text(Int(exactly: number).map(String.init) ?? "\(number)")
      }
    }

    var name: String {
      switch self {
      case .text(let text): text
      case .choices(let choices): choices.filter(\.value).keys.sorted().joined(separator: "+")
      }
    }
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      for file in try files(
        input, ending: "json", or: "csv", wanted: "VGG Image Annotator's export or project")
      {
        let pictures = try pictures(of: file, &collector)
        let attribute = try attribute(of: pictures, file, collector.options)
        let index = try PictureIndex(collector.options.images ?? Folder.split(file).folder)
        collector.source(file)
        for picture in pictures {
          guard let path = index.path(named: picture.filename) else {
            collector.lose(
              file, "missing_image", "there is no picture \(picture.filename) in \(index.folder)")
            continue
          }
          collector.add(path, stated: nil, from: file) { _, collector in
            picture.regions.enumerated().compactMap { number, region in
              object(
                region, attribute, picture.filename, number: region.number ?? number + 1, file, &collector)
            }
          }
        }
      }
    }
  }

  /// The pictures of a file, in the order of their names.
  private static func pictures(of file: String, _ collector: inout AnnotationCollector) throws -> [Picture] {
    if Folder.splitExtension(Folder.split(file).name).extension.lowercased() == "csv" {
      return try table(file, &collector)
    }
    let pictures: [String: Picture]
    if let project = try? json(Project.self, file: file) {
      pictures = project._via_img_metadata
    } else {
      pictures = try json([String: Picture].self, file: file)
    }
    return pictures.sorted(by: { Folder.precedes($0.key, $1.key) }).map(\.value)
  }

  /// A CSV export: a row a region, or one for a picture without any.
  private static func table(_ file: String, _ collector: inout AnnotationCollector) throws -> [Picture] {
    let table = try CommaSeparated(contentsOf: file)
    guard let name = table.header.firstIndex(of: "filename"),
      let shape = table.header.firstIndex(of: "region_shape_attributes"),
      let attributes = table.header.firstIndex(of: "region_attributes")
    else {
      throw DataError(
        file: file,
        table.header.contains { $0.contains("spatial_coordinates") || $0.contains("SHAPE_ID") }
          ? "is of VGG Image Annotator 3; export the project as COCO, or as JSON of version 2"
          : "has the columns \(table.header.joined(separator: ", ").printed); an export of VGG Image Annotator has filename, "
            + "region_shape_attributes and region_attributes")
    }
    let place = table.header.firstIndex(of: "region_id")
    var pictures: [String: Picture] = [:]
    for row in table.rows {
      guard row.cells.count == table.header.count else {
        collector.lose(
          file, "illegal_line",
          "line \(row.line): \(row.cells.count) cells, where the header has \(table.header.count)",
          id: row.line)
        continue
      }
      let cells = row.cells
      pictures[cells[name], default: Picture(filename: cells[name])].regions += []
      // A picture without regions.
      if ["", "{}"].contains(cells[shape].trimming(while: \.isWhitespace)) { continue }
      do {
        var region = Region(
          shape_attributes: try JSONDecoder().decode(
            Region.Shape.self, from: Foundation.Data(cells[shape].utf8)),
          region_attributes: try cells[attributes].isEmpty
            ? nil : JSONDecoder().decode([String: Value].self, from: Foundation.Data(cells[attributes].utf8)))
        region.number = place.flatMap { Int(cells[$0]) }.flatMap { $0 < Int.max ? $0 + 1 : nil }
        pictures[cells[name]]?.regions.append(region)
      } catch {
        collector.lose(
          file, "illegal_line",
          "line \(row.line): the region of \(cells[name].printed) is no JSON of a shape",
          id: row.line)
      }
    }
    return pictures.values.sorted { Folder.precedes($0.filename, $1.filename) }
  }

  /// The attribute that holds the class; nil where regions have none at all: they are then of one class.
  private static func attribute(
    of pictures: [Picture], _ file: String, _ options: ReadingOptions
  ) throws -> String? {
    let names = Set(pictures.flatMap { $0.regions.flatMap { ($0.region_attributes ?? [:]).keys } })
    if let wanted = options.attribute {
      guard names.contains(wanted) else {
        throw DataError(
          file: file,
          "no region has the attribute \(wanted); there are: \(names.sorted().joined(separator: ", "))")
      }
      return wanted
    }
    guard names.count > 1 else { return names.first }
    throw DataError(
      file: file,
      "regions have several attributes: name the one that is the class by --attribute: "
        + names.sorted().joined(separator: ", "))
  }

  private static func object(
    _ region: Region, _ attribute: String?, _ picture: String, number: Int, _ file: String,
    _ collector: inout AnnotationCollector
  ) -> AnnotatedSet.Object? {
    let name = attribute.map { region.region_attributes?[$0]?.name ?? "" } ?? "object"
    let shape = region.shape_attributes
    var object: AnnotatedSet.Object
    switch shape.name {
    case "rect":
      guard let x = shape.x, let y = shape.y, let width = shape.width, let height = shape.height else {
        fallthrough
      }
      object = AnnotatedSet.Object(className: name, box: (x.value, y.value, width.value, height.value))
    case "circle", "ellipse":
      guard let x = shape.cx, let y = shape.cy, let horizontal = shape.rx ?? shape.r,
        let vertical = shape.ry ?? shape.r
      else { fallthrough }
      // The angle is in radians.
      object = AnnotatedSet.Object(
        className: name,
        outlines: [
          ellipse(
            x: x.value, y: y.value, radii: (horizontal.value, vertical.value),
            degrees: (shape.theta?.value ?? 0) * 180 / .pi)
        ])
    case "polygon":
      guard let xs = shape.all_points_x, let ys = shape.all_points_y, xs.count == ys.count else {
        fallthrough
      }
      object = AnnotatedSet.Object(className: name, outlines: [zip(xs, ys).flatMap { [$0.value, $1.value] }])
    default:
      collector.lose(
        file, "unknown_shape",
        "\(picture), region \(number): the shape '\(shape.name)' is none that encloses an object, or lacks its numbers",
        id: number)
      return nil
    }
    object.id = number
    return object
  }
}
