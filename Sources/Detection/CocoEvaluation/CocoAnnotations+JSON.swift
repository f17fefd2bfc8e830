import Foundation
import Masks

extension CocoAnnotations {
  /// Reads the bytes of an annotation file.
  ///
  /// - Parameter file: What errors call it.
  /// - Throws: `CocoError` with line and column for bad JSON, and with the id for a bad image or annotation.
  public static func parse(_ data: Data, file: String) throws(CocoError) -> CocoAnnotations {
    var images: [Image]?
    var annotations: [Annotation] = []
    var categories: [Category] = []
    try CocoFile.withReader(data, file: file) { reader throws(CocoError) in
      if try reader.kind() == .array {
        throw reader.error("a list, as result files are; annotations are an object with \"images\"")
      }
      var top = KeyCheck()
      var keys = KeyCheck()
      try reader.beginObject("an object with \"images\", \"annotations\" and \"categories\"")
      while let key = try reader.nextKey() {
        try top.note(key, reader)
        switch key {
        case "images":
          var list: [Image] = []
          try reader.beginArray("the list of images")
          while try reader.nextElement() { list.append(try Image(&reader, &keys, index: list.count)) }
          images = list
        case "annotations":
          try reader.beginArray("the list of annotations")
          while try reader.nextElement() {
            annotations.append(try Annotation(&reader, &keys, index: annotations.count))
          }
        case "categories":
          try reader.beginArray("the list of categories")
          while try reader.nextElement() {
            categories.append(try Category(&reader, &keys, index: categories.count))
          }
        default: try reader.skip()
        }
      }
      try reader.end()
    }
    guard let images else { throw CocoError("there is no \"images\" list in the file", file: file) }
    return try CocoAnnotations(file: file, images: images, annotations: annotations, categories: categories)
  }
}

/// A value that must be there; `owner` and its id name the object in the error.
private func required<Value>(
  _ value: Value?, _ key: String, _ owner: String, _ id: Int?, index: Int, _ reader: JSONReader
) throws(CocoError) -> Value {
  guard let value else {
    throw reader.error("\(owner) \(id.map { "\($0)" } ?? "number \(index), from 0,") has no \"\(key)\"")
  }
  return value
}

extension CocoAnnotations.Image {
  fileprivate init(_ reader: inout JSONReader, _ keys: inout KeyCheck, index: Int) throws(CocoError) {
    var id, height, width: Int?
    var fileName: String?
    keys.reset()
    try reader.beginObject("an image")
    while let key = try reader.nextKey() {
      try keys.note(key, reader)
      switch key {
      case "id": id = try reader.int("the id of an image")
      case "file_name": fileName = try reader.null() ? nil : reader.string("a file name in quotation marks")
      case "height": height = try reader.null() ? nil : reader.int("the height of an image")
      case "width": width = try reader.null() ? nil : reader.int("the width of an image")
      default: try reader.skip()
      }
    }
    self.id = try required(id, "id", "image", nil, index: index, reader)
    self.height = try required(height, "height", "image", id, index: index, reader)
    self.width = try required(width, "width", "image", id, index: index, reader)
    self.fileName = fileName
    let (area, overflow) = self.height.multipliedReportingOverflow(by: self.width)
    guard self.height > 0, self.width > 0, !overflow, area <= MaskError.pixelLimit else {
      throw reader.error(
        "image \(self.id) is said to have \(self.height) x \(self.width) pixels (height x width); "
          + "sides must be positive, and the area at most \(MaskError.pixelLimit)")
    }
  }
}

extension CocoAnnotations.Category {
  fileprivate init(_ reader: inout JSONReader, _ keys: inout KeyCheck, index: Int) throws(CocoError) {
    var id: Int?
    var name: String?
    keys.reset()
    try reader.beginObject("a category")
    while let key = try reader.nextKey() {
      try keys.note(key, reader)
      switch key {
      case "id": id = try reader.int("the id of a category")
      case "name": name = try reader.string("the name of a category")
      default: try reader.skip()
      }
    }
    self.id = try required(id, "id", "category", nil, index: index, reader)
    self.name = try required(name, "name", "category", id, index: index, reader)
  }
}

extension CocoAnnotations.Annotation {
  fileprivate init(_ reader: inout JSONReader, _ keys: inout KeyCheck, index: Int) throws(CocoError) {
    var id, imageID, categoryID: Int?
    var box: CornerBox?
    var area: Double?
    var isCrowd = false
    var ignore = false
    var segmentation: CocoSegmentation?
    /// The annotation as errors name it: the id may come last in its object.
    func owner() -> String { id.map { "annotation \($0)" } ?? "annotation number \(index), from 0," }
    keys.reset()
    try reader.beginObject("an annotation")
    while let key = try reader.nextKey() {
      try keys.note(key, reader)
      switch key {
      case "id": id = try reader.int("the id of an annotation")
      case "image_id": imageID = try reader.int("the image_id of \(owner())")
      case "category_id": categoryID = try reader.int("the category_id of \(owner())")
      case "bbox": box = try reader.cornerBox(owner())
      case "area": area = try reader.double("the area of \(owner())")
      case "iscrowd": isCrowd = try reader.flag("iscrowd of \(owner())")
      case "ignore": ignore = try reader.flag("ignore of \(owner())")
      case "segmentation":
        segmentation = try reader.null() ? nil : CocoSegmentation(&reader, owner: owner())
      default: try reader.skip()
      }
    }
    self.id = try required(id, "id", "annotation", nil, index: index, reader)
    self.imageID = try required(imageID, "image_id", "annotation", id, index: index, reader)
    self.categoryID = try required(categoryID, "category_id", "annotation", id, index: index, reader)
    self.boundingBox = try required(box, "bbox", "annotation", id, index: index, reader)
    self.area = try required(area, "area", "annotation", id, index: index, reader)
    self.isCrowd = isCrowd
    self.ignore = ignore
    self.segmentation = segmentation
  }
}

extension JSONReader {
  /// The four numbers (x, y, width, height) of a `bbox` key.
  mutating func cornerBox(_ owner: @autoclosure () -> String) throws(CocoError) -> CornerBox {
    guard let box = try cornerBox(owner(), orNone: false) else { throw error("a bbox is missing") }
    return box
  }

  /// The four numbers of a `bbox` key; an empty list is no box where `orNone` says so.
  mutating func cornerBox(_ owner: @autoclosure () -> String, orNone: Bool) throws(CocoError) -> CornerBox? {
    var sides = SIMD4<Double>.zero
    var count = 0
    try beginArray("a bbox")
    while try nextElement() {
      let side = try double("a number of a bbox")
      if count < 4 { sides[count] = side }
      count += 1
    }
    if orNone, count == 0 { return nil }
    guard count == 4 else {
      throw error("the bbox of \(owner()) has \(count) numbers; [x, y, width, height] are needed")
    }
    return (sides[0], sides[1], sides[2], sides[3])
  }
}
