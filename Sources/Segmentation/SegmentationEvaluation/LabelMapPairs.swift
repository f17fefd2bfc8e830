import Data
import Foundation
import Imaging

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

extension ConfusionMatrix {
  /// Counts the pixels of all pairs.
  ///
  /// - Throws: `ImagingError` for a file that cannot be read, `DataError` that names the label map of a pair that does
  ///   not fit.
  public mutating func add(_ pairs: LabelMapPairs) throws {
    for name in pairs.names {
      let (label, prediction) = try pairs.read(name)
      do { try add(label: label, prediction: prediction) } catch {
        throw DataError(file: pairs.file(name), "\(error)")
      }
    }
  }
}
