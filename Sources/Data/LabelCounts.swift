import CKernels
import Imaging
import Tensors

extension LabelMap {
  /// How often each number occurs.
  package var counts: [Int32: Int] {
    guard pixels.max() ?? 0 < 65_536, pixels.min() ?? 0 >= 0 else {
      return pixels.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
    // Files of numbers hold 16 bits at most.
    var counts = [Int32](repeating: 0, count: 65_536)
    dp_labels_count(
      pixels, Int64(width), 0, 0, Int64(height), Int64(width), &counts, Int32(counts.count))
    var values: [Int32: Int] = [:]
    for (value, count) in counts.enumerated() where count > 0 { values[Int32(value)] = Int(count) }
    return values
  }
}

/// The numbers that stand in the files of label maps.
package enum LabelCounts {
  /// How often each number occurs in each of the files, read on `Threads.count` threads.
  ///
  /// - Parameters:
  ///   - maps: The files, and what their numbers stand for.
  ///   - progress: Told by the calling thread how many are read.
  /// - Throws: `ImagingError` about the first file that is no label map.
  package static func read(
    _ maps: [(path: String, labels: LabelMeaning)], progress: (_ done: Int, _ of: Int) -> Void
  ) throws(ImagingError) -> [[Int32: Int]] {
    var counts: [[Int32: Int]] = []
    for start in stride(from: 0, to: maps.count, by: portion) {
      let part = Array(maps[start..<min(start + portion, maps.count)])
      let results = Locked([Result<[Int32: Int], ImagingError>?](repeating: nil, count: part.count))
      parallel(part.count) { piece in
        let result = Result { () throws(ImagingError) in
          try part[piece].labels.numbers(inFile: part[piece].path).counts
        }
        results.withLock { $0[piece] = result }
      }
      for case let result? in results.withLock({ $0 }) { counts.append(try result.get()) }
      progress(counts.count, maps.count)
    }
    return counts
  }

  private static var portion: Int { 256 }
}
