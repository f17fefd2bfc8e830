import Data
import Foundation
import Imaging
import Tensors

/// Label maps and predictions of the same names, in two folders and below.
public struct LabelMapPairs: Sendable {
  private let annotations: String
  private let predictions: String
  /// Paths below both folders, sorted.
  let names: [String]

  /// Finds the label maps: all PNG files, each of which needs a prediction.
  ///
  /// - Throws: `DataError` when a folder is missing, there is no label map, or predictions are missing.
  public init(annotations: String, predictions: String) throws {
    (self.annotations, self.predictions) = (annotations, predictions)
    let labels = try Self.files(in: annotations)
    guard !labels.isEmpty else { throw DataError(file: annotations, "holds no PNG files") }
    let missing = labels.subtracting(try Self.files(in: predictions)).sorted()
    guard missing.isEmpty else {
      throw DataError(
        file: predictions,
        "\(missing.count) of \(labels.count) predictions are missing: "
          + missing.prefix(5).joined(separator: ", ") + (missing.count > 5 ? ", …" : ""))
    }
    names = labels.sorted()
  }

  /// What begins with a dot is left out, as in data sets.
  private static func files(in folder: String) throws -> Set<String> {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
      let walker = FileManager.default.enumerator(atPath: folder)
    else { throw DataError(file: folder, "no such folder") }
    var names: Set<String> = []
    for case let path as String in walker where !path.hasPrefix(".") && !path.contains("/.") {
      if path.lowercased().hasSuffix(".png") { names.insert(path) }
    }
    return names
  }

  /// Reads a pair.
  func read(_ name: String) throws -> (label: LabelMap, prediction: LabelMap) {
    (
      try LabelMap.read(file: DatasetSettings.path(name, below: annotations)),
      try LabelMap.read(file: DatasetSettings.path(name, below: predictions))
    )
  }

  /// The file of a label map.
  func file(_ name: String) -> String { DatasetSettings.path(name, below: annotations) }
}

extension SegmentationCounts {
  /// Counts the pixels of all pairs, on all threads.
  ///
  /// - Throws: `ImagingError` for a file that cannot be read, `DataError` that names the label map of a pair that does
  ///   not fit: of several the first in the order of names.
  public mutating func add(_ pairs: LabelMapPairs) throws {
    let empty = emptied
    // Each has counts of its own: few where these are large.
    let workers = max(1, min(Threads.count, pairs.names.count, (1 << 30) / max(1, empty.bytes)))
    let work = Locked(PairWork())
    parallel(workers) { _ in
      var counts = empty
      while let index = work.withLock({ $0.take(of: pairs.names.count) }) {
        do { try counts.add(pairs, index) } catch { work.withLock { $0.fail(error, at: index) } }
      }
      work.withLock { $0.done.append(counts) }
    }
    let (failure, done) = work.withLock { ($0.failure?.error, $0.done) }
    if let failure { throw failure }
    for counts in done { self += counts }
  }

  private mutating func add(_ pairs: LabelMapPairs, _ index: Int) throws {
    let name = pairs.names[index]
    let (label, prediction) = try pairs.read(name)
    do { try add(label: label, prediction: prediction) } catch {
      throw DataError(file: pairs.file(name), "\(error)")
    }
  }
}

/// Which pair is next, and what came of those before.
private struct PairWork {
  var next = 0
  var failure: (index: Int, error: any Error)?
  var done: [SegmentationCounts] = []

  /// Behind a pair that failed there is nothing to do.
  mutating func take(of count: Int) -> Int? {
    guard next < count, failure == nil else { return nil }
    next += 1
    return next - 1
  }

  mutating func fail(_ error: any Error, at index: Int) {
    if failure.map({ index < $0.index }) ?? true { failure = (index, error) }
  }
}
