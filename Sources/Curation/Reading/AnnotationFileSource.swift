import Coco
import Conversion
import Data
import Files

/// An annotation file of COCO.
struct AnnotationFileSource: CuratedSource {
  let path: String
  let text: CocoFileText
  /// The pictures' names, in the order of the file.
  let names: [String]
  /// Where the pictures are; nil where that is not said, and they are not found.
  var pictures: String? { search.path }
  private let search: PictureFolder
  /// The classes, as the file lists them.
  private let classes: [String]
  private let places: [Int: Int]

  /// - Throws: `CocoError`; `DataError` about an image without a name.
  init(_ path: String, dataPrefix: String?) throws {
    self.path = path
    text = try CocoFileText(contentsOf: path)
    let annotations = text.annotations
    names = annotations.images.compactMap(\.fileName)
    search = dataPrefix.map { .found($0) } ?? PictureFolder(of: names, around: path)
    classes = annotations.categories.map(\.name)
    places = Dictionary(annotations.categories.enumerated().map { ($1.id, $0) }) { first, _ in first }
    if let bare = annotations.images.first(where: { $0.fileName?.isEmpty ?? true }) {
      throw DataError(file: path, "image \(bare.id) has no file_name")
    }
  }

  var inputs: [String] { [path] }

  func catalogue(
    grouping: Grouping?, countsClasses: Bool, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> Catalogue {
    guard !names.isEmpty else { throw DataError(file: path, "lists no images") }
    let groups = try grouping?.groups(of: names, file: path) { key, place in
      guard let value = text.value(of: key, ofImage: place) else {
        guard text.keys(ofImage: place).contains(key) else {
          throw DataError(
            file: path,
            "image \(text.annotations.images[place].id) has no key \"\(key)\"; it has "
              + text.keys(ofImage: place).joined(separator: ", "))
        }
        return nil
      }
      return value
    }
    var counts: [Int: [Int: Int]] = [:]
    for annotation in text.annotations.annotations {
      guard let label = places[annotation.categoryID] else { continue }
      counts[annotation.imageID, default: [:]][label, default: 0] += 1
    }
    return Catalogue(
      classes: classes,
      entries: text.annotations.images.enumerated().map { place, image in
        Catalogue.Entry(name: image.fileName ?? "", group: groups?[place], counts: counts[image.id] ?? [:])
      }, counted: .objects)
  }

  func pictureFiles() throws -> [String] {
    guard let pictures else {
      throw DataError(
        file: path, "\(search.explanation); name their folder by --data-prefix (data_prefix.img)")
    }
    return names.map { DatasetSettings.path($0, below: pictures) }
  }

  func files(of members: [Int], part: String, out: String) throws -> [PlannedFile] {
    let listed = members.map { names[$0] }
    try requireListable(listed, file: path)
    return [
      PlannedFile(Folder.join(out, Self.file(ofPart: part)), .bytes { text.encoded(images: members) }),
      PlannedFile(
        Folder.join(out, "\(part).txt"), .bytes { listText(listed.sorted(by: Folder.precedes)) }),
    ]
  }

  private static func file(ofPart part: String) -> String { "instances_\(part).json" }

  func config(ofPart part: String, out: String) -> String {
    let file = Folder.join(out, Self.file(ofPart: part))
    let prefix =
      pictures.map { "    data_prefix: {img: \(($0.isEmpty ? "." : $0).quotedJSON)}\n" }
      ?? "    # data_prefix: {img: the folder of the pictures}: \(search.explanation)\n"
    return "    type: CocoDataset\n" + rootLine(file, pictures ?? "") + "    ann_file: \(file.quotedJSON)\n"
      + prefix
  }

  var strays: [DataFault] {
    text.annotations.faults.filter { $0.kind == .unknownImage }.map {
      DataFault(
        file: path, id: $0.annotationID, kind: $0.kind.rawValue,
        message: "annotation \($0.annotationID) is of image \($0.missingID), which the file does not list",
        effect: "it is in no part")
    }
  }
}
