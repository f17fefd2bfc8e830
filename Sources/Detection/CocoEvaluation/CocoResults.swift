import Foundation
import Masks

/// A list of results as pycocotools' `loadRes` takes it.
public struct CocoResults: Sendable {
  /// One detection.
  public struct Row: Sendable {
    /// The picture.
    public var imageID: Int
    /// The class, an id of the annotation file.
    public var categoryID: Int
    /// How sure the model is; only the order counts.
    public var score: Double
    /// (x, y, width, height), in pixels.
    public var boundingBox: CornerBox?
    /// The mask.
    public var segmentation: CocoSegmentation?
  }

  /// The file, as errors name it.
  public let file: String
  /// The detections, in the order of the file.
  public let rows: [Row]

  /// Reads a result file.
  ///
  /// - Throws: `CocoError` when the file cannot be read or is not of COCO's form.
  public init(contentsOf path: String) throws(CocoError) {
    self = try Self.parse(try CocoFile.read(path), file: path)
  }

  init(file: String, rows: [Row]) {
    self.file = file
    self.rows = rows
  }

  /// Reads the bytes of a result file.
  ///
  /// - Throws: `CocoError` with line and column for bad JSON, and with the number of a bad row.
  public static func parse(_ data: Data, file: String) throws(CocoError) -> CocoResults {
    var rows: [Row] = []
    try CocoFile.withReader(data, file: file) { reader throws(CocoError) in
      guard try reader.kind() == .array else {
        throw reader.error(
          "results are a list of objects with image_id, category_id, score, and bbox or segmentation")
      }
      var keys = KeyCheck()
      try reader.beginArray("a list of results")
      while try reader.nextElement() { rows.append(try Row(&reader, &keys, index: rows.count)) }
      try reader.end()
    }
    return CocoResults(file: file, rows: rows)
  }

  /// The class ids that are not in the annotation file, rising; pycocotools leaves such rows out without a word.
  public func unknownCategoryIDs(in annotations: CocoAnnotations) -> [Int] {
    Set(rows.map(\.categoryID)).subtracting(annotations.categories.map(\.id)).sorted()
  }

  /// Checks that every row belongs to a picture of the annotation file.
  ///
  /// - Throws: `CocoError` that lists the ids which do not.
  public func checkImages(in annotations: CocoAnnotations) throws(CocoError) {
    let unknown = Set(rows.map(\.imageID)).subtracting(annotations.images.map(\.id)).sorted()
    guard !unknown.isEmpty else { return }
    throw CocoError(
      "results for images that \(annotations.file) does not have: image_id \(CocoError.list(unknown))",
      file: file)
  }
}

extension CocoResults.Row {
  fileprivate init(_ reader: inout JSONReader, _ keys: inout KeyCheck, index: Int) throws(CocoError) {
    var imageID, categoryID: Int?
    var score: Double?
    func owner() -> String { "result \(index), from 0," }
    keys.reset()
    try reader.beginObject("a result")
    while let key = try reader.nextKey() {
      try keys.note(key, reader)
      switch key {
      case "image_id": imageID = try reader.int("the image_id of \(owner())")
      case "category_id": categoryID = try reader.int("the category_id of \(owner())")
      case "score":
        guard try reader.kind() == .number else {
          throw reader.error("the score of \(owner()) is not a number; a model that has diverged gives NaN")
        }
        score = try reader.double("a score")
      case "bbox":
        if try !reader.null() { boundingBox = try reader.cornerBox(owner(), orNone: true) }
      case "segmentation":
        if try !reader.null() { segmentation = try CocoSegmentation(&reader, owner: owner()) }
      default: try reader.skip()
      }
    }
    guard let imageID, let categoryID, let score else {
      let missing = imageID == nil ? "image_id" : categoryID == nil ? "category_id" : "score"
      throw reader.error("\(owner()) has no \"\(missing)\"")
    }
    guard boundingBox != nil || segmentation != nil else {
      throw reader.error("\(owner()) has neither \"bbox\" nor \"segmentation\"")
    }
    self.imageID = imageID
    self.categoryID = categoryID
    self.score = score
  }
}
