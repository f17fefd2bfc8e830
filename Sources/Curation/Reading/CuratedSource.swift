import Conversion
import Data
import Files

/// Pictures with annotations of one form, which can be split and sampled.
protocol CuratedSource: Sendable {
  /// The files that are read, and the folders in which nothing may be replaced.
  var inputs: [String] { get }

  /// What there is to choose among.
  ///
  /// - Parameters:
  ///   - countsClasses: Whether classes are wanted that cost the reading of every file.
  ///   - progress: Told now and then how many files are read.
  /// - Throws: `DataError` about pictures without a group or a class, and errors of files.
  func catalogue(
    grouping: Grouping?, countsClasses: Bool, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> Catalogue

  /// The pictures' own files, by their places in the catalogue.
  ///
  /// - Throws: `DataError` where they are not known.
  func pictureFiles() throws -> [String]

  /// The files of a part of a split.
  ///
  /// - Parameters:
  ///   - members: The places of its pictures in the catalogue.
  ///   - part: Its name.
  func files(of members: [Int], part: String, out: String) throws -> [PlannedFile]

  /// Lines of YAML that name a part to a data set.
  func config(ofPart part: String, out: String) -> String

  /// The pictures with their files, and the places that these have in a sample.
  ///
  /// - Parameter progress: Told now and then how many label maps are read.
  /// - Throws: `DataError` where they are no data set by themselves, and errors of files.
  func sampledSet(progress: (_ done: Int, _ of: Int) -> Void) throws -> SampledSet

  /// What of the files belongs to no picture.
  var strays: [DataFault] { get }
}

/// What can be split: found out by what is named.
public struct CuratedInput: Sendable {
  let source: any CuratedSource

  /// What a user says beside the files.
  public struct Options: Sendable {
    /// Where the pictures of an annotation file are; nil: looked for around it.
    public var dataPrefix: String?
    /// How pictures and label maps end; nil: found out.
    public var imageSuffix, labelMapSuffix: String?

    /// What the files say by themselves.
    public init() {}
  }

  /// An annotation file of COCO; a folder of pictures and one of their label maps; a folder with a folder a class; or a
  /// folder of pictures or label maps alone.
  ///
  /// - Throws: `DataError` where it is none of these; `CocoError` and `FileError`.
  public init(_ inputs: [String], options: Options = Options()) throws {
    guard let first = inputs.first, inputs.count <= 2 else {
      throw DataError(
        file: nil, "one annotation file or folder is wanted, or a folder of pictures and one of label maps")
    }
    // What has no effect is a mistake.
    let isFile = inputs.count == 1 && !Folder.isFolder(first)
    guard isFile || options.dataPrefix == nil else {
      throw DataError(file: first, "data_prefix is for an annotation file; this is a folder")
    }
    guard !isFile || (options.imageSuffix == nil && options.labelMapSuffix == nil) else {
      throw DataError(
        file: first, "suffixes are for folders; this is an annotation file, which names its images")
    }
    let isJSON = isFile && first.lowercased().hasSuffix(".json")
    // Annotation files of COCO may be large: they are not looked through but where they are none.
    if !isJSON { try Self.refuseForeign(inputs) }
    if inputs.count == 2 {
      for input in inputs where !Folder.isFolder(input) {
        throw DataError(
          file: input, "is no folder; of two inputs the first holds pictures, the second their label maps")
      }
      source = try LabelMapSource(images: first, labelMaps: inputs[1], options)
    } else if Folder.isFolder(first) {
      let entries = try Folder.contents(of: first)
      let hasPictures = entries.contains { !$0.isFolder && PictureIndex.isPicture($0.name) }
      source =
        hasPictures || !entries.contains(where: \.isFolder)
        ? try LabelMapSource(images: first, labelMaps: nil, options) : try ClassFolderSource(first)
    } else {
      do { source = try AnnotationFileSource(first, dataPrefix: options.dataPrefix) } catch {
        if isJSON { try Self.refuseForeign(inputs) }
        throw error
      }
    }
  }

  /// Refuses files of other formats, and says what has to be done with them first.
  ///
  /// - Throws: `DataError` with the command line of the conversion.
  public static func refuseForeign(_ inputs: [String]) throws(DataError) {
    guard let (format, input) = AnnotationFormat.recognised(inputs) else { return }
    guard !format.isReadDirectly else {
      throw DataError(
        file: input, "holds an annotation file a split: name one, such as train/_annotations.coco.json")
    }
    throw DataError(
      file: input,
      "this looks like \(format.rawValue): \(format.inputs); convert it, and name the file that comes of it: "
        + format.conversion(of: input, to: "annotations"))
  }
}

/// A line a name, for the lists of parts.
func listText(_ lines: [String]) -> [UInt8] { Array(lines.map { $0 + "\n" }.joined().utf8) }

/// Refuses names that no line of a list can hold.
func requireListable(_ names: [String], file: String) throws(DataError) {
  func isListable(_ name: String) -> Bool {
    guard let first = name.first, let last = name.last else { return false }
    return !first.isWhitespace && !last.isWhitespace && !name.contains(where: \.isNewline)
  }
  guard let bad = names.first(where: { !isListable($0) }) else { return }
  throw DataError(
    file: file,
    bad.isEmpty
      ? "an image has no file name"
      : "the name \(bad.debugDescription) begins or ends in a blank, or holds a line break: no list can hold it; "
        + "give the file another one")
}

/// `data_root: .` where a path begins in the current folder: a config's own `data_root` would be put before it.
func rootLine(_ paths: String...) -> String {
  paths.contains { !$0.hasPrefix("/") } ? "    data_root: .\n" : ""
}
