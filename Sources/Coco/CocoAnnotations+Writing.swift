import Files
import Masks

extension CocoAnnotations {
  /// The file's text: images, annotations and categories, in this order and in that of the lists. What it says reads back as
  /// the same numbers.
  public func encoded() -> [UInt8] {
    var text = "{\"images\": ["
    for (index, image) in images.enumerated() {
      text += index > 0 ? ",\n" : "\n"
      text += "{\"id\": \(image.id), \"file_name\": \((image.fileName ?? "").quotedJSON), "
      text += "\"height\": \(image.height), \"width\": \(image.width)}"
    }
    text += "],\n\"annotations\": ["
    for (index, annotation) in annotations.enumerated() {
      text += index > 0 ? ",\n" : "\n"
      let (x, y, width, height) = annotation.boundingBox
      text += "{\"id\": \(annotation.id), \"image_id\": \(annotation.imageID), "
      text += "\"category_id\": \(annotation.categoryID), \"bbox\": \(Self.list([x, y, width, height])), "
      text += "\"area\": \(Self.number(annotation.area)), \"iscrowd\": \(annotation.isCrowd ? 1 : 0)"
      if annotation.ignore { text += ", \"ignore\": 1" }
      switch annotation.segmentation {
      case .polygons(let parts)?:
        text += ", \"segmentation\": [" + parts.map(Self.list).joined(separator: ", ") + "]"
      case .runLengths(let counts, let height, let width)?:
        text += ", \"segmentation\": {\"size\": [\(height), \(width)], \"counts\": \(counts)}"
      case .compressed(let counts, let height, let width)?:
        text += ", \"segmentation\": {\"size\": [\(height), \(width)], \"counts\": \(counts.quotedJSON)}"
      case nil: text += ", \"segmentation\": []"
      }
      text += "}"
    }
    text += "],\n\"categories\": ["
    for (index, category) in categories.enumerated() {
      text += (index > 0 ? ",\n" : "\n") + "{\"id\": \(category.id), \"name\": \(category.name.quotedJSON)}"
    }
    return Array((text + "]}\n").utf8)
  }

  private static func list(_ numbers: [Double]) -> String {
    "[" + numbers.map(number).joined(separator: ", ") + "]"
  }

  /// The shortest text of a number; whole ones without a point.
  private static func number(_ value: Double) -> String {
    abs(value) < 1e15 && value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
