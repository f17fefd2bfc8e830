import Conversion
import Data
import Files

/// A data set that a sample is drawn from, and where its files go.
struct SampledSet: Sendable {
  /// A file that lists or describes the pictures, made anew for those that are chosen.
  struct Description: Sendable {
    /// Where, below the sample's folder.
    var path: String
    /// Its bytes, for the places of the pictures.
    var bytes: @Sendable ([Int]) throws -> [UInt8]
  }

  /// `train`, ...; nil where nobody says.
  var name: String?
  /// What it is read from, for messages.
  var file: String
  /// What there is to choose among.
  var catalogue: Catalogue
  /// Classes that a sample should have; nil: all of the catalogue.
  var wanted: [String]?
  /// The files of each picture and where they go, below the sample's folder.
  var pictures: [[(source: String, path: String)]]
  var descriptions: [Description] = []
  /// Files that are taken along as they are.
  var others: [(source: String, path: String)] = []
  /// What is read.
  var inputs: [String]
  /// Lines of YAML below `dataset:`, without `data_root`; empty where a config has them.
  var config = ""
}

/// A folder whose files keep their places in a sample.
struct DataRoot: Sendable {
  private let parts: [Substring]
  private let isAbsolute: Bool

  /// The folder; empty for the current one.
  init(_ path: String) {
    parts = Self.parts(of: path)
    isAbsolute = path.hasPrefix("/")
  }

  private static func parts(of path: String) -> [Substring] {
    path.split(separator: "/").filter { $0 != "." }
  }

  /// A path as it is from the folder; nil where it does not lie below.
  func relative(_ path: String) -> String? {
    let all = Self.parts(of: path)
    guard path.hasPrefix("/") == isAbsolute, all.starts(with: parts) else { return nil }
    let rest = all.dropFirst(parts.count)
    return rest.contains("..") ? nil : rest.joined(separator: "/")
  }

  /// The same, of a path that has to lie below.
  ///
  /// - Throws: `DataError`.
  func requireRelative(_ path: String) throws(DataError) -> String {
    if let found = relative(path) { return found }
    let root = (isAbsolute ? "/" : "") + parts.joined(separator: "/")
    throw DataError(
      file: path,
      "does not lie below data_root (\(root.isEmpty ? "the current folder" : root)), so that a sample with the same "
        + "names cannot take its place: give data_root a folder that holds all of the data")
  }
}

extension SampledSet {
  /// The pictures of an annotation file.
  ///
  /// - Parameter root: What keeps its place; nil: the folder that holds both the file and the pictures.
  /// - Throws: `DataError` about pictures that are nowhere.
  init(_ source: AnnotationFileSource, name: String?, root: DataRoot?) throws {
    _ = try source.pictureFiles()
    let folder = source.pictures ?? ""
    let common = root ?? DataRoot(Folder.common(of: [source.path, Folder.join(folder, "x")]))
    let file =
      try root?.requireRelative(source.path) ?? common.relative(source.path)
      ?? Folder.join("annotations", Folder.split(source.path).name)
    let prefix = try root?.requireRelative(folder) ?? common.relative(folder) ?? "images"
    self.init(
      name: name, file: source.path,
      catalogue: try source.catalogue(grouping: nil, countsClasses: true) { _, _ in },
      pictures: try source.names.map { name in
        let found = Self.found(name, in: folder)
        guard let inner = DataRoot(folder).relative(found) else {
          throw DataError(file: source.path, "the file name \(name.debugDescription) leaves the image folder")
        }
        return [(found, prefix.isEmpty ? inner : Folder.join(prefix, inner))]
      }, inputs: [source.path])
    descriptions = [Description(path: file) { source.text.encoded(images: $0) }]
    config =
      "    type: CocoDataset\n    ann_file: \(file.quotedJSON)\n    data_prefix: {img: \(prefix.quotedJSON)}\n"
  }

  /// A picture's file; backslashes are slashes where it lies so.
  private static func found(_ name: String, in folder: String) -> String {
    let path = DatasetSettings.path(name, below: folder)
    guard name.contains("\\"), !FileIdentity(path).exists else { return path }
    return DatasetSettings.path(name.replacing("\\", with: "/"), below: folder)
  }

  /// Pictures and label maps of two folders.
  init(
    _ source: LabelMapSource, progress: (_ done: Int, _ of: Int) -> Void
  ) throws {
    guard let maps = source.labelMaps else {
      throw DataError(
        file: source.images, "a folder alone is no data set: name that of the label maps, too: IMAGES MAPS")
    }
    let root = DataRoot(Folder.common(of: [source.images, maps].map { Folder.join($0, "x") }))
    let images = root.relative(source.images).flatMap { $0.isEmpty ? nil : $0 } ?? "images"
    let labels = root.relative(maps).flatMap { $0.isEmpty ? nil : $0 } ?? "annotations"
    self.init(
      name: nil, file: source.images,
      catalogue: try source.catalogue(grouping: nil, countsClasses: true, progress: progress),
      pictures: source.names.map { name in
        let (picture, map) = (name + source.imageSuffix, name + source.labelMapSuffix)
        return [
          (Folder.join(source.images, picture), Folder.join(images, picture)),
          (Folder.join(maps, map), Folder.join(labels, map)),
        ]
      }, inputs: source.inputs)
    config =
      "    type: BaseSegDataset\n    data_prefix: {img_path: \(images.quotedJSON), seg_map_path: "
      + "\(labels.quotedJSON)}\n    img_suffix: \(source.imageSuffix.quotedJSON)\n    seg_map_suffix: "
      + "\(source.labelMapSuffix.quotedJSON)\n"
  }

  /// Class folders.
  init(_ source: ClassFolderSource) throws {
    let folder = Folder.split(DataRoot("").relative(source.folder) ?? source.folder).name
    let name = folder.isEmpty || folder == ".." ? "images" : folder
    self.init(
      name: nil, file: source.folder,
      catalogue: try source.catalogue(grouping: nil, countsClasses: true) { _, _ in },
      pictures: source.pictures.map {
        [(Folder.join(source.folder, $0.name), Folder.join(name, $0.name))]
      }, inputs: source.inputs)
    config =
      "    type: CustomDataset\n    data_prefix: \(name.quotedJSON)\n    metainfo: {classes: ["
      + source.classes.map(\.quotedJSON).joined(separator: ", ") + "]}\n"
  }
}

extension AnnotationFileSource {
  func sampledSet(progress: (_ done: Int, _ of: Int) -> Void) throws -> SampledSet {
    try SampledSet(self, name: nil, root: nil)
  }
}

extension LabelMapSource {
  func sampledSet(progress: (_ done: Int, _ of: Int) -> Void) throws -> SampledSet {
    try SampledSet(self, progress: progress)
  }
}

extension ClassFolderSource {
  func sampledSet(progress: (_ done: Int, _ of: Int) -> Void) throws -> SampledSet { try SampledSet(self) }
}
