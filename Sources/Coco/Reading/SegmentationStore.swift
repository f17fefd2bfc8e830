import CSimdJSON
import Masks

/// The masks of a whole file, end to end in a few arrays: one array an object would double the memory.
final class SegmentationStore: Sendable {
  private let table: SegmentationTable

  /// The masks of a table.
  init(_ table: SegmentationTable) { self.table = table }

  /// The parts of a mask.
  func parts(at place: Int) -> SegmentationParts { table.parts(at: place) }

  /// One mask that was made, not read.
  convenience init(_ segmentation: CocoSegmentation) {
    var table = SegmentationTable()
    table.append(segmentation)
    self.init(table)
  }

  /// Adds the mask at a place to others of its image.
  ///
  /// - Throws: `MaskError` as `CocoSegmentation.mask`.
  func add(_ place: Int, to table: inout RunTable) throws(MaskError) { try self.table.add(place, to: &table) }

  /// The mask at a place, as `SegmentationTable.append` gave it.
  subscript(place: Int) -> CocoSegmentation { table[place] }
}

/// How many parts a mask has.
struct SegmentationParts {
  var all: Int
  /// Of three corners or more: evaluation draws them.
  var drawn = 0
  /// Without half a corner besides: training draws them.
  var whole = 0

  /// Whether the object can be evaluated, but parts of its mask are left out.
  var areCut: Bool { drawn > 0 && whole < all }
}

/// Masks that are being read.
struct SegmentationTable {
  private enum Form { case polygons, runs, compressed }

  private struct Entry {
    var form: Form
    /// Of masks of runs.
    var height = 0
    var width = 0
    /// In the array of its form; polygons count in `partEnds`.
    var range: Range<Int>
  }

  private var entries: [Entry] = []
  private var coordinates: ContiguousArray<Double> = []
  private var partEnds: ContiguousArray<Int> = []
  /// Files hold numbers of any size; what does not fit 32 bits is no run of any mask, and stays none when clamped.
  private var runs: ContiguousArray<Int32> = []
  private var characters: ContiguousArray<UInt8> = []

  /// A table without masks.
  init() {}

  /// The numbers of all masks of the rows; which row has which is said by `append`.
  init(of rows: CocoRows) {
    coordinates = ContiguousArray(rows.numbers)
    partEnds = ContiguousArray(rows.partEnds.lazy.map { Int($0) })
    runs = ContiguousArray(rows.runs)
    characters = ContiguousArray(rows.characters)
    entries.reserveCapacity(rows.rows.count)
  }

  /// Adds the mask of one of these rows and answers its place.
  mutating func append(_ row: UnsafePointer<dp_coco_row>) -> Int {
    let form: Form =
      switch Int(row.pointee.mask) {
      case DP_COCO_POLYGONS: .polygons
      case DP_COCO_RUNS: .runs
      default: .compressed
      }
    entries.append(
      Entry(
        form: form, height: Int(row.pointee.mask_height), width: Int(row.pointee.mask_width),
        range: Int(row.pointee.mask_first)..<Int(row.pointee.mask_end)))
    return entries.count - 1
  }

  /// Adds a mask that was made.
  mutating func append(_ segmentation: CocoSegmentation) {
    switch segmentation {
    case .polygons(let parts):
      let first = partEnds.count
      for part in parts {
        coordinates.append(contentsOf: part)
        partEnds.append(coordinates.count)
      }
      entries.append(Entry(form: .polygons, range: first..<partEnds.count))
    case .runLengths(let counts, let height, let width):
      let first = runs.count
      runs.append(contentsOf: counts.map { Int32(clamping: $0) })
      add(.runs, height: height, width: width, first..<runs.count)
    case .compressed(let text, let height, let width):
      let first = characters.count
      characters.append(contentsOf: text.utf8)
      add(.compressed, height: height, width: width, first..<characters.count)
    }
  }

  private mutating func add(_ form: Form, height: Int, width: Int, _ range: Range<Int>) {
    entries.append(Entry(form: form, height: height, width: width, range: range))
  }

  /// The parts of a mask; one of run lengths is one part.
  func parts(at place: Int) -> SegmentationParts {
    let entry = entries[place]
    guard entry.form == .polygons else { return SegmentationParts(all: 1, drawn: 1, whole: 1) }
    var parts = SegmentationParts(all: entry.range.count)
    for part in entry.range {
      let numbers = partEnds[part] - (part == 0 ? 0 : partEnds[part - 1])
      if CocoSegmentation.isDrawn(numbers: numbers) { parts.drawn += 1 }
      if CocoSegmentation.isWhole(numbers: numbers) { parts.whole += 1 }
    }
    return parts
  }

  /// Adds a mask to others of its image.
  ///
  /// - Throws: `MaskError` as `CocoSegmentation.mask`.
  func add(_ place: Int, to table: inout RunTable) throws(MaskError) {
    let entry = entries[place]
    guard entry.form == .compressed, entry.height == table.height, entry.width == table.width else {
      return table.append(try self[place].mask(height: table.height, width: table.width))
    }
    let outcome = characters.withUnsafeBufferPointer { characters -> MaskError? in
      do throws(MaskError) {
        try table.append(compressed: UnsafeBufferPointer(rebasing: characters[entry.range]))
        return nil
      } catch { return error }
    }
    if let outcome { throw outcome }
  }

  subscript(place: Int) -> CocoSegmentation {
    let entry = entries[place]
    switch entry.form {
    case .polygons:
      return .polygons(
        entry.range.map { part in
          Array(coordinates[(part == 0 ? 0 : partEnds[part - 1])..<partEnds[part]])
        })
    case .runs:
      return .runLengths(runs[entry.range].map { Int($0) }, height: entry.height, width: entry.width)
    case .compressed:
      return .compressed(
        String(decoding: characters[entry.range], as: UTF8.self), height: entry.height, width: entry.width)
    }
  }
}
