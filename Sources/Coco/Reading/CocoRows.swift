import CSimdJSON

/// Rows of a list that have just been read; valid until the file is read on.
struct CocoRows {
  let rows: UnsafeBufferPointer<dp_coco_row>
  /// How many rows of the list came before.
  let firstRow: Int
  private let tables: dp_coco_rows
  private let block: JSONBlock
  private let offset: Int

  /// Rows of the piece of a file that begins at `offset`.
  init(_ tables: dp_coco_rows, in block: JSONBlock, offset: Int, firstRow: Int) {
    rows = UnsafeBufferPointer(start: tables.rows, count: Int(tables.row_count))
    self.tables = tables
    self.block = block
    self.offset = offset
    self.firstRow = firstRow
  }

  /// The file name or name of a row, or the key that occurs twice.
  ///
  /// - Throws: `CocoError` for half a surrogate pair, which is no text.
  func text(_ row: dp_coco_row) throws(CocoError) -> String {
    let bytes = UnsafeRawBufferPointer(
      start: tables.text.map { $0 + Int(row.text_first) }, count: Int(row.text_end - row.text_first))
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw error("a string with half a surrogate pair", row)
    }
    return text
  }

  /// The whole table of coordinates, of the ends of polygons, of runs and of characters.
  var numbers: UnsafeBufferPointer<Double> {
    UnsafeBufferPointer(start: tables.numbers, count: Int(tables.number_count))
  }
  var partEnds: UnsafeBufferPointer<Int64> {
    UnsafeBufferPointer(start: tables.part_ends, count: Int(tables.part_count))
  }
  var runs: UnsafeBufferPointer<Int32> {
    UnsafeBufferPointer(start: tables.runs, count: Int(tables.run_count))
  }
  var characters: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: tables.text, count: Int(tables.text_count))
  }

  /// An error at the row's first byte.
  func error(_ message: String, _ row: dp_coco_row) -> CocoError {
    block.error(message, at: offset + Int(row.offset))
  }

  /// What is wrong with a row, if anything; `owner` names it: "annotation 5".
  func fault(_ row: dp_coco_row, _ owner: String) throws(CocoError) -> CocoError? {
    let place = offset + Int(row.fault_offset)
    let key = CocoKey(rawValue: Int(row.fault_key))
    let name = "the \(key?.name ?? "value") of \(owner)"
    switch Int(row.fault) {
    case DP_COCO_SOUND: return nil
    case DP_COCO_NOT_AN_OBJECT: return block.unexpected(described(owner, "an object"), at: place)
    case DP_COCO_WRONG_TYPE where key == .score:
      return block.error("\(name) is not a number; a model that has diverged gives NaN", at: place)
    case DP_COCO_WRONG_TYPE:
      return block.unexpected(described(name, key?.kind ?? "something else"), at: place)
    case DP_COCO_NOT_WHOLE:
      return block.error("\(name) is \(block.number(at: place)), not a whole number", at: place)
    case DP_COCO_WRONG_COUNT where key == .box:
      return block.error(
        "\(name) has \(row.fault_count) numbers; [x, y, width, height] are needed", at: place)
    case DP_COCO_WRONG_COUNT:
      return block.error(
        "the mask of \(owner) needs a \"size\" of [height, width], got \(row.fault_count) numbers", at: place)
    case DP_COCO_NO_COUNTS: return block.error("the mask of \(owner) has no \"counts\"", at: place)
    default:
      return block.error("the key \"\(try text(row))\" occurs twice in \(owner)", at: place)
    }
  }
}

/// A name and what it has to be, between commas; names of rows without an id end in one.
private func described(_ name: String, _ kind: String) -> String {
  name + (name.hasSuffix(",") ? " " : ", ") + kind + ","
}

/// The keys that are read, as the bridge numbers them.
enum CocoKey: Int {
  case id, imageID, categoryID, fileName, name_, height, width, box, area, score, isCrowd, ignore
  case segmentation, size, counts

  /// As files write it.
  var name: String {
    switch self {
    case .id: "id"
    case .imageID: "image_id"
    case .categoryID: "category_id"
    case .fileName: "file_name"
    case .name_: "name"
    case .height: "height"
    case .width: "width"
    case .box: "bbox"
    case .area: "area"
    case .score: "score"
    case .isCrowd: "iscrowd"
    case .ignore: "ignore"
    case .segmentation: "segmentation"
    case .size: "size"
    case .counts: "counts"
    }
  }

  /// What its value has to be.
  fileprivate var kind: String {
    switch self {
    case .fileName, .name_: "a string in quotation marks"
    case .box: "a list of four numbers"
    case .isCrowd, .ignore: "0 or 1"
    case .segmentation: "lists of numbers or an object with run lengths"
    case .size: "[height, width]"
    case .counts: "run lengths"
    case .id, .imageID, .categoryID, .height, .width, .area, .score: "a number"
    }
  }
}

extension dp_coco_row {
  /// Whether a key is there, and not null.
  func has(_ key: CocoKey) -> Bool { keys & (1 << UInt32(key.rawValue)) != 0 }
}
