import CSimdJSON
import Foundation
import Masks

extension CocoAnnotations {
  /// Reads an annotation file, front to back and once; the masks are kept in a few arrays, so that memory stays below
  /// twice the file.
  ///
  /// - Throws: `CocoError` when the file cannot be read or is not of COCO's form.
  public init(contentsOf path: String) throws(CocoError) {
    self = try CocoTables(try JSONPieces(contentsOf: path)).checked()
  }

  /// Reads the bytes of an annotation file, which errors call `file`.
  ///
  /// - Throws: `CocoError` with line and column for bad JSON, and with the id for a bad image or annotation.
  public static func parse(_ data: Data, file: String) throws(CocoError) -> CocoAnnotations {
    try CocoTables(try JSONPieces(data, file: file)).checked()
  }
}

/// The lists of an annotation file, as they stand there.
struct CocoTables {
  /// A row that cannot be used.
  struct BadRow {
    /// The id, if the row gives one.
    var id: Int?
    /// One word for the kind of fault.
    var kind: String
    /// What is wrong, and where.
    var error: CocoError
  }

  let file: String
  private var part = Part()
  /// The lists, as they stand in the file.
  var images: [CocoAnnotations.Image] { part.images }
  var annotations: [CocoAnnotations.Annotation] { part.annotations }
  var categories: [CocoAnnotations.Category] { part.categories }
  /// Annotations, those that cannot be used included.
  var annotationCount: Int { part.annotationCount }

  /// Reads a file.
  ///
  /// - Parameter report: Takes rows that cannot be used; they are left out unless it throws.
  /// - Throws: `CocoError` when the file is no JSON, or has not the lists of an annotation file.
  init(
    _ pieces: JSONPieces,
    report: (BadRow) throws(CocoError) -> Void = { bad throws(CocoError) in throw bad.error }
  ) throws(CocoError) {
    file = pieces.file
    var lists = Set<String>()
    if try pieces.peek() == UInt8(ascii: "[") {
      throw pieces.error("a list, as result files are; annotations are an object with \"images\"")
    }
    guard try pieces.skip("{") else {
      throw pieces.unexpected("an object with \"images\", \"annotations\" and \"categories\"")
    }
    var isFirst = true
    while try !pieces.skip("}") {
      if !isFirst {
        guard try pieces.skip(",") else { throw pieces.unexpected("',' or '}'") }
        if try pieces.peek() == UInt8(ascii: "}") {
          throw pieces.error("a comma before '}'; JSON allows none there")
        }
      }
      isFirst = false
      guard try pieces.peek() == UInt8(ascii: "\"") else {
        throw pieces.unexpected("a key in quotation marks")
      }
      let keyPlace = pieces.position
      let rows = try pieces.value(DP_COCO_STRINGS, nesting: 1)
      let key = try rows.text(rows.rows[0])
      guard lists.insert(key).inserted else {
        throw pieces.error("the key \"\(key)\" occurs twice in one object", at: keyPlace)
      }
      guard try pieces.skip(":") else { throw pieces.unexpected("':'") }
      try readValue(of: key, pieces, report)
    }
    if try pieces.peek() != nil { throw pieces.unexpected("the end of the file") }
    guard lists.contains("images") else {
      throw CocoError("there is no \"images\" list in the file", file: file)
    }
  }

  private mutating func readValue(
    of key: String, _ pieces: JSONPieces, _ report: (BadRow) throws(CocoError) -> Void
  ) throws(CocoError) {
    let kinds = [
      "images": DP_COCO_IMAGES, "annotations": DP_COCO_ANNOTATIONS, "categories": DP_COCO_CATEGORIES,
    ]
    guard let first = try pieces.peek() else { throw pieces.unexpected("a value") }
    guard first == UInt8(ascii: "[") else {
      guard kinds[key] == nil else { throw pieces.unexpected("the list of \(key), beginning with '[',") }
      _ = try pieces.value(DP_COCO_VALUES, nesting: 1)
      return
    }
    let kind = kinds[key] ?? DP_COCO_VALUES
    try pieces.list(
      kind, nesting: 1,
      read: { rows throws(CocoError) in
        try Part(rows, kind) { bad throws(CocoError) in throw bad.error }
      },
      again: { rows throws(CocoError) in try Part(rows, kind, report) },
      add: { part.append($0) })
  }

  /// The tables as ground truth.
  ///
  /// - Throws: `CocoError` when an id occurs twice.
  func checked() throws(CocoError) -> CocoAnnotations {
    try CocoAnnotations(file: file, images: images, annotations: annotations, categories: categories)
  }
}

/// What is kept of a piece of a list, or of all lists.
private struct Part: Sendable {
  private(set) var images: [CocoAnnotations.Image] = []
  private(set) var annotations: [CocoAnnotations.Annotation] = []
  private(set) var categories: [CocoAnnotations.Category] = []
  private(set) var annotationCount = 0

  /// Nothing yet.
  init() {}

  /// What is kept of the rows of a list of a kind.
  init(
    _ rows: CocoRows, _ kind: Int, _ report: (CocoTables.BadRow) throws(CocoError) -> Void
  ) throws(CocoError) {
    switch kind {
    case DP_COCO_IMAGES: try addImages(rows, report)
    case DP_COCO_ANNOTATIONS: try addAnnotations(rows, report)
    case DP_COCO_CATEGORIES: try addCategories(rows, report)
    default: break
    }
  }

  /// Adds what comes next.
  mutating func append(_ next: Part) {
    images += next.images
    annotations += next.annotations
    categories += next.categories
    annotationCount += next.annotationCount
  }

  private mutating func addImages(
    _ rows: CocoRows, _ report: (CocoTables.BadRow) throws(CocoError) -> Void
  ) throws(CocoError) {
    for (index, row) in rows.rows.enumerated() {
      let owner = owner("image", row, rows.firstRow + index)
      guard try isSound(row, rows, owner, needs: [.id, .height, .width], report) else { continue }
      let (height, width) = (Int(row.height), Int(row.width))
      let (area, overflow) = height.multipliedReportingOverflow(by: width)
      guard height > 0, width > 0, !overflow, area <= MaskError.pixelLimit else {
        let error = rows.error(
          "image \(row.id) is said to have \(height) x \(width) pixels (height x width); "
            + "sides must be positive, and the area at most \(MaskError.pixelLimit)", row)
        try report(CocoTables.BadRow(id: Int(row.id), kind: "illegal_size", error: error))
        continue
      }
      images.append(
        CocoAnnotations.Image(
          id: Int(row.id), fileName: row.has(.fileName) ? try rows.text(row) : nil, height: height,
          width: width)
      )
    }
  }

  private mutating func addCategories(
    _ rows: CocoRows, _ report: (CocoTables.BadRow) throws(CocoError) -> Void
  ) throws(CocoError) {
    for (index, row) in rows.rows.enumerated() {
      let owner = owner("category", row, rows.firstRow + index)
      guard try isSound(row, rows, owner, needs: [.id, .name_], report) else { continue }
      categories.append(CocoAnnotations.Category(id: Int(row.id), name: try rows.text(row)))
    }
  }

  private mutating func addAnnotations(
    _ rows: CocoRows, _ report: (CocoTables.BadRow) throws(CocoError) -> Void
  ) throws(CocoError) {
    annotationCount += rows.rows.count
    guard let first = rows.rows.baseAddress else { return }
    var masks = SegmentationTable(of: rows)
    let needed: [CocoKey] = [.id, .imageID, .categoryID, .box, .area]
    let needs = dp_coco_row.keys(needed)
    annotations.reserveCapacity(rows.rows.count)
    for index in rows.rows.indices {
      let place = first + index
      // The name is made only where it is needed: there are a million annotations.
      if place.pointee.fault != DP_COCO_SOUND || place.pointee.keys & needs != needs {
        let row = place.pointee
        let owner = owner("annotation", row, rows.firstRow + index)
        guard try isSound(row, rows, owner, needs: needed, report) else { continue }
      }
      annotations.append(
        CocoAnnotations.Annotation(
          id: Int(place.pointee.id), imageID: Int(place.pointee.image_id),
          categoryID: Int(place.pointee.category_id), boundingBox: place.pointee.corners,
          area: place.pointee.area, isCrowd: place.pointee.is_crowd != 0,
          ignore: place.pointee.is_ignored != 0,
          maskPlace: place.pointee.has(.segmentation) ? masks.append(place) : nil))
    }
    let store = SegmentationStore(masks)
    for index in annotations.indices { annotations[index].keep(in: store) }
  }

  /// A row as errors name it: the id may come last in its object, or not at all.
  private func owner(_ kind: String, _ row: dp_coco_row, _ index: Int) -> String {
    row.has(.id) ? "\(kind) \(row.id)" : "\(kind) number \(index), from 0,"
  }

  private func isSound(
    _ row: dp_coco_row, _ rows: CocoRows, _ owner: String, needs keys: [CocoKey],
    _ report: (CocoTables.BadRow) throws(CocoError) -> Void
  ) throws(CocoError) -> Bool {
    var error = try rows.fault(row, owner)
    if error == nil, let missing = keys.first(where: { !row.has($0) }) {
      error = rows.error("\(owner) has no \"\(missing.name)\"", row)
    }
    guard let error else { return true }
    try report(CocoTables.BadRow(id: row.has(.id) ? Int(row.id) : nil, kind: "malformed_entry", error: error))
    return false
  }
}

extension dp_coco_row {
  /// (x, y, width, height).
  var corners: CornerBox { (box.0, box.1, box.2, box.3) }

  /// The bits of keys.
  static func keys(_ keys: [CocoKey]) -> UInt32 { keys.reduce(0) { $0 | 1 << UInt32($1.rawValue) } }
}
