import CSimdJSON
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
    /// Where the mask is kept.
    fileprivate var maskPlace: Int32 = -1
    fileprivate var store: SegmentationStore?

    /// A detection by its box.
    public init(imageID: Int, categoryID: Int, score: Double, boundingBox: CornerBox) {
      (self.imageID, self.categoryID, self.score) = (imageID, categoryID, score)
      self.boundingBox = boundingBox
    }

    /// The mask.
    public var segmentation: CocoSegmentation? { maskPlace < 0 ? nil : store?[Int(maskPlace)] }
    /// Adds the mask, which there must be, to others of its image.
    func addMask(to table: inout RunTable) throws(MaskError) { try store?.add(Int(maskPlace), to: &table) }
    /// Whether there is a mask.
    var hasSegmentation: Bool { maskPlace >= 0 }
    /// Whether parts of its polygons are left out, since they have no three corners.
    fileprivate var hasBadParts: Bool {
      maskPlace >= 0 && store?.parts(at: Int(maskPlace)).areCut ?? false
    }
  }

  /// The file, as errors name it.
  public let file: String
  /// The detections, in the order of the file.
  public let rows: [Row]

  /// Reads a result file.
  ///
  /// - Throws: `CocoError` when the file cannot be read or is not of COCO's form.
  public init(contentsOf path: String) throws(CocoError) {
    self = try Self.read(try JSONPieces(contentsOf: path))
  }

  /// Detections that are at hand; `file` is what errors call them.
  public init(file: String, rows: [Row]) {
    self.file = file
    self.rows = rows
  }

  /// Reads the bytes of a result file.
  ///
  /// - Throws: `CocoError` with line and column for bad JSON, and with the number of a bad row.
  public static func parse(_ data: Data, file: String) throws(CocoError) -> CocoResults {
    try read(try JSONPieces(data, file: file))
  }

  private static func read(_ pieces: JSONPieces) throws(CocoError) -> CocoResults {
    guard try pieces.peek() == UInt8(ascii: "[") else {
      throw pieces.error(
        "results are a list of objects with image_id, category_id, score, and bbox or segmentation")
    }
    var rows: [Row] = []
    try pieces.list(
      DP_COCO_RESULTS, nesting: 0, read: Self.rows, again: Self.rows,
      add: { part in
        // As many as the file will have, if it goes on like this: growing would hold them twice for a moment.
        if rows.isEmpty { rows.reserveCapacity(part.count * (pieces.count / JSONPieces.pieceSize + 1)) }
        rows += part
      })
    if try pieces.peek() != nil { throw pieces.unexpected("the end of the file") }
    return CocoResults(file: pieces.file, rows: rows)
  }

  @Sendable private static func rows(of read: CocoRows) throws(CocoError) -> [Row] {
    guard let first = read.rows.baseAddress else { return [] }
    var masks = SegmentationTable(of: read)
    var rows: [Row] = []
    rows.reserveCapacity(read.rows.count)
    for index in read.rows.indices {
      rows.append(try Row(first + index, of: read, number: read.firstRow + index, &masks))
    }
    let store = SegmentationStore(masks)
    for index in rows.indices where rows[index].hasSegmentation { rows[index].store = store }
    return rows
  }

  /// The class ids that are not in the annotation file, rising; pycocotools leaves such rows out without a word.
  public func unknownCategoryIDs(in annotations: CocoAnnotations) -> [Int] {
    distinct(\.categoryID).subtracting(annotations.categories.map(\.id)).sorted()
  }

  private func distinct(_ id: (Row) -> Int) -> Set<Int> {
    var ids = Set<Int>()
    var last: Int?
    for row in rows where id(row) != last {
      last = id(row)
      ids.insert(id(row))
    }
    return ids
  }

  /// A sentence about parts of polygons that are left out; nil when there are none.
  public var faultSummary: String? {
    let bad = rows.indices.filter { rows[$0].hasBadParts }
    guard !bad.isEmpty else { return nil }
    return
      "\(file): parts of polygons that are not x, y of three or more corners are left out, of the results, from 0, "
      + CocoError.list(bad)
  }

  /// Checks that every row belongs to a picture of the annotation file.
  ///
  /// - Throws: `CocoError` that lists the ids which do not.
  public func checkImages(in annotations: CocoAnnotations) throws(CocoError) {
    let unknown = distinct(\.imageID).subtracting(annotations.images.map(\.id)).sorted()
    guard !unknown.isEmpty else { return }
    throw CocoError(
      "results for images that \(annotations.file) does not have: image_id \(CocoError.list(unknown))",
      file: file)
  }
}

extension CocoResults.Row {
  private static let needs = dp_coco_row.keys([.imageID, .categoryID, .score])

  fileprivate init(
    _ row: UnsafePointer<dp_coco_row>, of rows: CocoRows, number: Int, _ masks: inout SegmentationTable
  ) throws(CocoError) {
    if row.pointee.fault != DP_COCO_SOUND || row.pointee.keys & Self.needs != Self.needs
      || !(row.pointee.has(.box) || row.pointee.has(.segmentation))
    {
      throw try Self.fault(row.pointee, of: rows, "result \(number), from 0,")
    }
    imageID = Int(row.pointee.image_id)
    categoryID = Int(row.pointee.category_id)
    score = row.pointee.score
    boundingBox = row.pointee.has(.box) ? row.pointee.corners : nil
    if row.pointee.has(.segmentation) { maskPlace = Int32(masks.append(row)) }
  }

  /// What is wrong with a row.
  private static func fault(
    _ row: dp_coco_row, of rows: CocoRows, _ owner: String
  ) throws(CocoError) -> CocoError {
    if let error = try rows.fault(row, owner) { return error }
    if let missing = [CocoKey.imageID, .categoryID, .score].first(where: { !row.has($0) }) {
      return rows.error("\(owner) has no \"\(missing.name)\"", row)
    }
    return rows.error("\(owner) has neither \"bbox\" nor \"segmentation\"", row)
  }
}
