import CSimdJSON
import Synchronization
import Tensors

extension JSONPieces {
  /// How many pieces are parsed beside each other, while as many are looked for.
  private static let batchSize = 8

  /// Pieces that were found, and what ended the search.
  private struct Batch: Sendable {
    var pieces: [Piece] = []
    var failure: CocoError?
    var walk: dp_coco_walk
    var isOver: Bool { failure != nil || pieces.last?.isLast ?? true }
  }

  /// Reads the value at hand, a list, piece by piece on several threads.
  ///
  /// - Parameters:
  ///   - list: `DP_COCO_IMAGES` and so on.
  ///   - nesting: The containers around it.
  ///   - read: Makes of a piece what is kept of it; rows count from its own start.
  ///   - again: Does it once more for a piece that `read` has refused, with rows counted from the list's start, to say
  ///     what is wrong or to pass over it.
  ///   - add: Takes what is kept, in the order of the file.
  func list<Part: Sendable>(
    _ list: Int, nesting: Int, read: @escaping @Sendable (CocoRows) throws(CocoError) -> Part,
    again: (CocoRows) throws(CocoError) -> Part, add: (Part) -> Void
  ) throws(CocoError) {
    let spare = Spare()
    var batch = nextBatch(
      dp_coco_walk(position: Int64(position), depth: 0, in_string: 0), nesting: nesting)
    var rowCount = 0
    while true {
      let pieces = batch.pieces
      let (walk, isOver) = (batch.walk, batch.isOver)
      let parts = Gathered<(part: Part, rows: Int)>(pieces.count)
      let following = Gathered<Batch>(1)
      // The search comes first: it is one thread's work, and the others parse meanwhile.
      parallel(pieces.count + (isOver ? 0 : 1)) { [self] task in
        if task == 0, !isOver {
          following.set(0, nextBatch(walk, nesting: nesting))
          return
        }
        let index = isOver ? task : task - 1
        // What is refused is read again below, in order.
        guard let parser = try? spare.take(file: file) else { return }
        defer { spare.give(parser) }
        guard let rows = try? pieces[index].rows(list, firstRow: 0, parser),
          let part = try? read(rows)
        else { return }
        parts.set(index, (part, rows.rows.count))
      }
      for (index, piece) in pieces.enumerated() {
        if let found = parts.take(index) {
          add(found.part)
          rowCount += found.rows
        } else {
          let rows = try piece.rows(list, firstRow: rowCount, parser)
          add(try again(rows))
          rowCount += rows.rows.count
        }
        recycle(piece)
      }
      if let failure = batch.failure { throw failure }
      guard let next = following.take(0) else { return }
      batch = next
    }
  }

  private func nextBatch(_ walk: dp_coco_walk, nesting: Int) -> Batch {
    var batch = Batch(walk: walk)
    repeat {
      do throws(CocoError) { batch.pieces.append(try nextPiece(&batch.walk, nesting: nesting)) } catch {
        batch.failure = error
      }
    } while batch.pieces.count < Self.batchSize && !batch.isOver
    return batch
  }
}

/// Parsers that no thread uses.
private final class Spare: Sendable {
  private let parsers: Mutex<[CocoParser]>

  init() { parsers = Mutex([]) }

  func take(file: String) throws(CocoError) -> CocoParser {
    if let parser = parsers.withLock({ $0.popLast() }) { return parser }
    return try CocoParser(file: file)
  }

  func give(_ parser: CocoParser) { parsers.withLock { $0.append(parser) } }
}

/// What several threads make, each in its place.
final class Gathered<Element: Sendable>: Sendable {
  private let elements: Mutex<[Element?]>

  /// Room for so many.
  init(_ count: Int) { elements = Mutex([Element?](repeating: nil, count: count)) }

  /// Puts one in its place.
  func set(_ index: Int, _ element: Element) { elements.withLock { $0[index] = element } }

  /// The first in its place that is asked for.
  func first(where isWanted: (Element) -> Bool) -> Element? {
    elements.withLock { elements in elements.lazy.compactMap { $0 }.first(where: isWanted) }
  }

  /// What was put there, which is let go.
  func take(_ index: Int) -> Element? {
    elements.withLock { elements in
      defer { elements[index] = nil }
      return elements[index]
    }
  }
}
