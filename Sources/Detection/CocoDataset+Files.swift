import Coco
import Data
import Foundation

extension CocoDataset {
  /// The file's category of each class; a class that the file lacks stops the run before its first step.
  ///
  /// - Parameters:
  ///   - used: The categories that have objects.
  ///   - wanted: The classes; all of the file where nil.
  ///   - hasImages: Whether there are images, which need categories.
  /// - Throws: `DataError` that names the classes.
  static func categories(
    _ categories: [CocoAnnotations.Category], used: Set<Int>, wanted: [String]?, hasImages: Bool, file: String
  ) throws(DataError) -> [CocoAnnotations.Category] {
    // Of two categories of one name the one without objects is left out: some tools write a group of categories as
    // a category of its own.
    let named = Dictionary(grouping: categories, by: \.name)
    let ambiguous = named.filter { $1.count { used.contains($0.id) } > 1 }.keys.sorted()
    guard ambiguous.isEmpty else {
      throw DataError(
        file: file,
        "has objects of several categories of one name: \(list(ambiguous)). Give each its own name.")
    }
    let chosen = named.compactMapValues { same in same.first { used.contains($0.id) } ?? same.last }
    let all = categories.filter { chosen[$0.name]?.id == $0.id }
    guard !all.isEmpty || !hasImages else {
      throw DataError(
        file: file, "has no categories: list the classes in \"categories\", each with id and name")
    }
    let missing = (wanted ?? []).filter { chosen[$0] == nil }
    guard missing.isEmpty else {
      throw DataError(
        file: file,
        "has no category \(list(missing)).\n  metainfo.classes: \(list(wanted ?? []))\n  categories of the file: "
          + "\(list(all.map(\.name)))\n  Correct metainfo.classes, or leave it out: the classes "
          + "are then the file's.")
    }
    return wanted?.compactMap { chosen[$0] } ?? all
  }

  /// Where the images are, and which file names are taken.
  struct FilePlace: Sendable {
    /// `data_prefix.img` below `data_root`.
    let folder: String
    /// Whether the config says `data_prefix.img`.
    let isNamed: Bool
    /// Whether an image that is not there is passed over later.
    let allowsMissing: Bool

    /// The user says that names may be absolute: the image folder is said to be `/`, or to be none.
    private var allowsAbsolute: Bool { isNamed && folder.allSatisfy { $0 == "/" } }

    /// The image's file. Where backslashes, as Windows writes them, name no file and slashes do, they are slashes.
    func path(of image: CocoAnnotations.Image) -> String {
      let name = image.fileName ?? ""
      let path = DatasetSettings.path(name, below: folder)
      guard name.utf8.contains(UInt8(ascii: "\\")) else { return path }
      let slashed = Self.slashed(name)
      let other = DatasetSettings.path(slashed, below: folder)
      let usesOther =
        problem(withName: slashed) == nil && !FileManager.default.fileExists(atPath: path)
        && FileManager.default.fileExists(atPath: other)
      return usesOther ? other : path
    }

    /// What is wrong with an image's file name: it has to stay within the image folder.
    func problem(with image: CocoAnnotations.Image) -> String? {
      guard let name = image.fileName, !name.isEmpty else { return "has no file_name" }
      if let problem = problem(withName: name) { return problem }
      let isAddress = name.contains("://")
      guard !allowsMissing, isAddress || name.utf8.contains(UInt8(ascii: "\\")),
        !FileManager.default.fileExists(atPath: path(of: image))
      else { return nil }
      if isAddress {
        return
          "has an address for a file_name, \(name.debugDescription): fetch the image, and write its name below "
          + "data_prefix.img, \(folder.debugDescription)"
      }
      return "has a file_name with backslashes, \(name.debugDescription), and there is no such file below "
        + "data_prefix.img, \(folder.debugDescription); write it with slashes, \(Self.slashed(name).debugDescription), "
        + "from that folder on"
    }

    private func problem(withName name: String) -> String? {
      if name.utf8.contains(0) { return "has a file_name with a zero byte: \(name.debugDescription)" }
      guard !name.split(separator: "/").contains("..") else {
        return
          "has a file_name that leaves the image folder, \(name.debugDescription); names below data_prefix.img "
          + "are wanted"
      }
      guard allowsAbsolute || !name.hasPrefix("/") else {
        return
          "has an absolute file_name, which leaves the image folder, \(name.debugDescription); names below "
          + "data_prefix.img are wanted. To read absolute names as they are, set data_prefix: {img: /}"
      }
      return nil
    }

    private static func slashed(_ name: String) -> String { name.replacingOccurrences(of: "\\", with: "/") }
  }
}

/// Names as errors show them.
func list(_ names: [String]) -> String {
  let shown = names.prefix(100).joined(separator: ", ")
  return names.count > 100 ? "[\(shown), … \(names.count) in all]" : "[\(shown)]"
}
