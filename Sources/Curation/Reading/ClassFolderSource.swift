import Conversion
import Data
import Files

/// A folder with a folder of pictures a class.
struct ClassFolderSource: CuratedSource {
  let folder: String
  let classes: [String]
  /// Paths of the pictures from the folder, and the class of each.
  let pictures: [(name: String, label: Int)]

  /// - Throws: `DataError` where there are no class folders or no pictures; `FileError`.
  init(_ folder: String) throws {
    self.folder = folder
    classes = try Folder.contents(of: folder).filter(\.isFolder).map(\.name)
    var pictures: [(String, Int)] = []
    for (label, name) in classes.enumerated() {
      let files = try Folder.files(below: Folder.join(folder, name)).filter { PictureIndex.isPicture($0) }
      pictures += files.map { (Folder.join(name, $0), label) }
    }
    guard !pictures.isEmpty else {
      throw DataError(
        file: folder,
        classes.isEmpty ? "holds no picture" : "holds \(classes.count) folders, and no picture in them")
    }
    self.pictures = pictures
  }

  var inputs: [String] { [folder] }
  var strays: [DataFault] { [] }

  func catalogue(
    grouping: Grouping?, countsClasses: Bool, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> Catalogue {
    let groups = try grouping?.groups(of: pictures.map(\.name), file: folder) { key, _ in
      throw DataError(file: folder, "pictures of folders have no key \"\(key)\": group them by their names")
    }
    return Catalogue(
      classes: classes,
      entries: pictures.enumerated().map { place, picture in
        Catalogue.Entry(name: picture.name, group: groups?[place], counts: [picture.label: 1])
      }, counted: .images)
  }

  func pictureFiles() -> [String] { pictures.map { Folder.join(folder, $0.name) } }

  func files(of members: [Int], part: String, out: String) throws -> [PlannedFile] {
    let chosen = members.map { pictures[$0] }.sorted { Folder.precedes($0.name, $1.name) }
    try requireListable(chosen.map(\.name), file: folder)
    let lines = chosen.map { "\($0.name) \($0.label)" }
    return [PlannedFile(Folder.join(out, "\(part).txt"), .bytes { listText(lines) })]
  }

  func config(ofPart part: String, out: String) -> String {
    let list = Folder.join(out, "\(part).txt")
    return "    type: CustomDataset\n" + rootLine(list, folder) + "    ann_file: \(list.quotedJSON)\n"
      + "    data_prefix: \(folder.quotedJSON)\n"
      + "    metainfo: {classes: [\(classes.map(\.quotedJSON).joined(separator: ", "))]}\n"
  }
}
