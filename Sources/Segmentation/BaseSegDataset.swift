import Configuration
import Data
import Foundation
import Imaging

/// Images and label maps of the same names, in two folders (mmsegmentation's `BaseSegDataset`).
public struct BaseSegDataset: Dataset {
  /// mmsegmentation's keys.
  public struct Configuration: Decodable, Sendable {
    var settings: DatasetSettings
    var annotationFile: String?
    var prefix: Prefix
    var imageSuffix: String
    var labelMapSuffix: String
    var reduceZeroLabel: Bool
    var ignoreIndex: Int

    /// `data_prefix`.
    struct Prefix: Decodable, Sendable {
      var images: String
      var labelMaps: String?

      enum CodingKeys: String, CodingKey {
        case images = "img_path"
        case labelMaps = "seg_map_path"
      }
    }

    enum CodingKeys: String, CodingKey {
      case annotationFile = "ann_file"
      case prefix = "data_prefix"
      case imageSuffix = "img_suffix"
      case labelMapSuffix = "seg_map_suffix"
      case reduceZeroLabel = "reduce_zero_label"
      case ignoreIndex = "ignore_index"
    }

    /// Decodes mmsegmentation's keys.
    public init(from decoder: any Decoder) throws {
      let keys = try decoder.container(keyedBy: CodingKeys.self)
      settings = try DatasetSettings(from: decoder)
      annotationFile = try keys.decodeIfPresent(String.self, forKey: .annotationFile)
      prefix = try keys.decode(Prefix.self, forKey: .prefix)
      imageSuffix = try keys.decodeIfPresent(String.self, forKey: .imageSuffix) ?? ".jpg"
      labelMapSuffix = try keys.decodeIfPresent(String.self, forKey: .labelMapSuffix) ?? ".png"
      reduceZeroLabel = try keys.decodeIfPresent(Bool.self, forKey: .reduceZeroLabel) ?? false
      ignoreIndex = try keys.decodeIfPresent(Int.self, forKey: .ignoreIndex) ?? 255
    }
  }

  /// Classes and colours.
  public let metainfo: DatasetMetainfo
  /// What happens to each sample.
  public let pipeline: Pipeline
  /// Whether each image has to come out as it is.
  public let isTest: Bool

  /// Names below both folders, without suffixes.
  private let names: [String]
  private let configuration: Configuration

  /// Lists the images: those that `ann_file` names, or all in the folder and below, sorted.
  ///
  /// - Throws: `DataError` when a folder or `ann_file` is missing, no image is left or the classes are not given;
  ///   `ConfigurationError` about the pipeline.
  public init(_ configuration: Configuration, in context: DataContext) throws {
    let settings = configuration.settings
    let folder = settings.path(configuration.prefix.images)
    guard let classes = settings.classes else {
      throw DataError(file: folder, "label maps hold numbers only: name the classes in metainfo.classes")
    }
    metainfo = DatasetMetainfo(classes: classes, palette: settings.palette)
    pipeline = try Pipeline(settings.pipeline, in: context)
    isTest = settings.isTest
    self.configuration = configuration
    let all: [String]
    if let file = configuration.annotationFile, !file.isEmpty {
      all = try Self.lines(of: settings.path(file))
    } else {
      all = try Self.files(in: folder, suffix: configuration.imageSuffix)
    }
    names = try settings.selected(from: all, file: folder)
    guard !names.isEmpty else {
      throw DataError(file: folder, "0 of \(all.count) images left: indices name none")
    }
  }

  /// How many images there are.
  public var count: Int { names.count }

  /// An image and the place of its label map, before the pipeline.
  public func sample(at index: Int) throws -> Sample {
    let settings = configuration.settings
    func path(_ folder: String, _ suffix: String) -> String {
      let folder = settings.path(folder)
      return (folder.isEmpty || folder.hasSuffix("/") ? folder : folder + "/") + names[index] + suffix
    }
    return Sample(
      index: index, imageID: index, imagePath: path(configuration.prefix.images, configuration.imageSuffix),
      labelMapPath: configuration.prefix.labelMaps.map { path($0, configuration.labelMapSuffix) },
      reduceZeroLabel: configuration.reduceZeroLabel, ignoreIndex: configuration.ignoreIndex,
      classCount: metainfo.classes.count)
  }

  /// Names in a text file, one a line.
  private static func lines(of file: String) throws -> [String] {
    guard let text = try? String(contentsOf: URL(fileURLWithPath: file), encoding: .utf8) else {
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

  /// The names below a folder that end in a suffix, without it, sorted.
  private static func files(in folder: String, suffix: String) throws -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
      let walker = FileManager.default.enumerator(atPath: folder)
    else { throw DataError(file: folder, "there is no such folder of images (data_prefix.img_path)") }
    var names: [String] = []
    var others: [String: Int] = [:]
    for case let path as String in walker {
      if path.hasSuffix(suffix) {
        names.append(String(path.dropLast(suffix.count)))
      } else if let dot = path.lastIndex(of: ".") {
        others[String(path[dot...]), default: 0] += 1
      }
    }
    guard !names.isEmpty else {
      let found = others.sorted { $0.key < $1.key }.prefix(5).map { "\($0.value) end in \($0.key)" }
      throw DataError(
        file: folder,
        "no image ends in \(suffix)\(found.isEmpty ? "" : ": " + found.joined(separator: ", ")); set img_suffix"
      )
    }
    return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
  }
}
