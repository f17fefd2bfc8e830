import Data
import Files
import Foundation

/// The images and label maps of a `BaseSegDataset`: which there are, and where.
struct SegmentationFiles: Sendable {
  let configuration: BaseSegDataset.Configuration
  let imageFolder: String
  let labelMapFolder: String?

  init(_ configuration: BaseSegDataset.Configuration) {
    self.configuration = configuration
    imageFolder = configuration.settings.path(configuration.prefix.images)
    labelMapFolder = configuration.prefix.labelMaps.map { configuration.settings.path($0) }
  }

  /// An image and the place of its label map.
  func sample(_ name: String, at index: Int, labels: LabelMeaning) -> Sample {
    Sample(
      index: index, imageID: index,
      imagePath: DatasetSettings.path(name + configuration.imageSuffix, below: imageFolder),
      labelMapPath: labelMapFolder.map { labelMap(name, below: $0) },
      labels: labels, onBrokenImage: configuration.settings.onBrokenImage)
  }

  private func labelMap(_ name: String, below folder: String) -> String {
    DatasetSettings.path(name + configuration.labelMapSuffix, below: folder)
  }

  /// The images' names below the folder, without suffix: those that `ann_file` lists, or all, sorted.
  ///
  /// - Throws: `DataError` when the list or the folder is missing or names no image.
  func names() throws -> [String] {
    guard let list else { return try imagesInFolder() }
    return try Self.lines(of: list)
  }

  /// `ann_file`, if there is one.
  var list: String? {
    guard let file = configuration.annotationFile, !file.isEmpty else { return nil }
    return configuration.settings.path(file)
  }

  /// The names of the label maps in their folder and below; nil where the config names no folder.
  ///
  /// - Throws: `DataError` when the folder is missing.
  func labelMapNames() throws -> Set<String>? {
    guard let labelMapFolder else { return nil }
    guard let found = Self.files(in: labelMapFolder, suffix: configuration.labelMapSuffix) else {
      throw DataError(
        file: labelMapFolder, "there is no such folder of label maps (data_prefix.seg_map_path)")
    }
    return Set(found.names)
  }

  /// Stops when images lack label maps.
  func requireLabelMaps(of names: [String]) throws {
    guard let labelMapFolder, let found = try labelMapNames() else { return }
    let missing = names.filter { !found.contains($0) }
    guard let first = missing.first else { return }
    throw DataError(
      file: labelMapFolder,
      "\(missing.count) of \(names.count) images have no label map; the first that is missing: "
        + "\(labelMap(first, below: labelMapFolder)). Correct data_prefix.seg_map_path or "
        + "seg_map_suffix, or list the images that have one in ann_file.")
  }

  private static func lines(of file: String) throws -> [String] {
    guard let bytes = try? RegularFile(file).whole(), let text = String(validating: bytes, as: UTF8.self)
    else {
      throw DataError(file: file, "the list of images (ann_file) is missing or no text")
    }
    let names = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { !$0.isEmpty }
    guard !names.isEmpty else { throw DataError(file: file, "the list of images (ann_file) is empty") }
    if let name = names.first(where: { $0.hasPrefix("/") || $0.split(separator: "/").contains("..") }) {
      throw DataError(
        file: file, "\(name.debugDescription) leaves the image folder; names below data_prefix are wanted")
    }
    return names
  }

  private func imagesInFolder() throws -> [String] {
    let suffix = configuration.imageSuffix
    guard let found = Self.files(in: imageFolder, suffix: suffix) else {
      throw DataError(file: imageFolder, "there is no such folder of images (data_prefix.img_path)")
    }
    guard !found.names.isEmpty else {
      let others = found.others.sorted { $0.key < $1.key }.prefix(5).map { "\($0.value) end in \($0.key)" }
      throw DataError(
        file: imageFolder,
        "no image ends in \(suffix)\(others.isEmpty ? "" : ": " + others.joined(separator: ", ")); set img_suffix"
      )
    }
    return found.names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
  }

  /// The files below a folder that end in a suffix, without it, and how the others end; nil for no folder.
  ///
  /// What begins with a dot is left out, as mmengine does it.
  private static func files(in folder: String, suffix: String) -> (names: [String], others: [String: Int])? {
    var isFolder: ObjCBool = false
    let place = folder.isEmpty ? "." : folder
    guard FileManager.default.fileExists(atPath: place, isDirectory: &isFolder), isFolder.boolValue,
      let walker = FileManager.default.enumerator(atPath: place)
    else { return nil }
    var names: [String] = []
    var others: [String: Int] = [:]
    for case let path as String in walker where !path.hasPrefix(".") && !path.contains("/.") {
      if path.hasSuffix(suffix) {
        names.append(String(path.dropLast(suffix.count)))
      } else if let dot = path.lastIndex(of: ".") {
        others[String(path[dot...]), default: 0] += 1
      }
    }
    return (names, others)
  }
}
