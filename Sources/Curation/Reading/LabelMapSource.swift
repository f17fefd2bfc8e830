import Conversion
import Data
import Files

/// Pictures and label maps of the same names in two folders, or one of both alone.
struct LabelMapSource: CuratedSource {
  let images: String
  let labelMaps: String?
  let imageSuffix: String
  let labelMapSuffix: String
  /// Names below the folders, without suffixes.
  let names: [String]

  /// - Throws: `DataError` where suffixes are not clear or pictures have no label map; `FileError`.
  init(images: String, labelMaps: String?, _ options: CuratedInput.Options) throws {
    (self.images, self.labelMaps) = (images, labelMaps)
    // Of label maps alone, that suffix is meant.
    let suffix = labelMaps == nil ? options.imageSuffix ?? options.labelMapSuffix : options.imageSuffix
    (names, imageSuffix) = try Self.names(in: images, suffix: suffix, key: "--img-suffix")
    guard let labelMaps else {
      labelMapSuffix = imageSuffix
      return
    }
    let maps: [String]
    (maps, labelMapSuffix) = try Self.names(
      in: labelMaps, suffix: options.labelMapSuffix, key: "--seg-map-suffix")
    let missing = Set(names).subtracting(maps)
    if let first = missing.min(by: Folder.precedes) {
      throw DataError(
        file: labelMaps,
        "\(missing.count) of \(names.count) images have no label map; the first that is missing: "
          + "\(first)\(labelMapSuffix). Name the suffixes if they differ, or the folder of the label maps alone"
      )
    }
  }

  /// The pictures in a folder and below, without their suffix, and that.
  private static func names(
    in folder: String, suffix: String?, key: String
  ) throws -> (names: [String], suffix: String) {
    let files = try Folder.files(below: folder).filter { PictureIndex.isPicture($0) }
    let endings = Set(files.map { "." + Folder.splitExtension($0).extension }).sorted()
    guard let found = suffix ?? endings.first else {
      throw DataError(file: folder, "holds no picture")
    }
    guard suffix != nil || endings.count == 1 else {
      throw DataError(
        file: folder, "pictures end in \(endings.joined(separator: " and ")): name one by \(key)")
    }
    let names = files.filter { $0.hasSuffix(found) }.map { String($0.dropLast(found.count)) }
    guard !names.isEmpty else {
      throw DataError(
        file: folder, "no picture ends in \(found), only in \(endings.joined(separator: ", "))")
    }
    return (names, found)
  }

  /// Folders; what is in them is never replaced.
  var inputs: [String] { [images, labelMaps].compactMap { $0 } }
  var strays: [DataFault] { [] }

  func catalogue(
    grouping: Grouping?, countsClasses: Bool, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> Catalogue {
    let groups = try grouping?.groups(of: names, file: images) { key, _ in
      throw DataError(file: images, "pictures of folders have no key \"\(key)\": group them by their names")
    }
    let folder = labelMaps ?? images
    let held =
      countsClasses
      ? try LabelNumbers.held(
        by: names.map { DatasetSettings.path($0 + labelMapSuffix, below: folder) }, meaning: nil,
        progress: progress) : []
    let numbers = Set(held.joined()).sorted()
    let places = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
    return Catalogue(
      classes: numbers.map(String.init),
      entries: names.enumerated().map { place, name in
        let classes = held.indices.contains(place) ? held[place].compactMap { places[$0] } : []
        return Catalogue.Entry(
          name: name, group: groups?[place],
          counts: Dictionary(classes.map { ($0, 1) }) { first, _ in first })
      }, counted: .images)
  }

  func pictureFiles() -> [String] { names.map { Folder.join(images, $0 + imageSuffix) } }

  func files(of members: [Int], part: String, out: String) throws -> [PlannedFile] {
    let listed = members.map { names[$0] }.sorted(by: Folder.precedes)
    try requireListable(listed, file: images)
    return [PlannedFile(Folder.join(out, "\(part).txt"), .bytes { listText(listed) })]
  }

  func config(ofPart part: String, out: String) -> String {
    let list = Folder.join(out, "\(part).txt")
    let (pictures, maps) =
      labelMaps == nil ? ("the folder of the pictures", images) : (images, labelMaps ?? "")
    return "    type: BaseSegDataset\n" + rootLine(list, images) + "    ann_file: \(list.quotedJSON)\n"
      + "    data_prefix: {img_path: \(pictures.quotedJSON), seg_map_path: \(maps.quotedJSON)}\n"
      + (labelMaps == nil ? "" : "    img_suffix: \(imageSuffix.quotedJSON)\n")
      + "    seg_map_suffix: \(labelMapSuffix.quotedJSON)\n"
  }
}

/// Which numbers or classes stand in label maps.
enum LabelNumbers {
  /// The numbers of each file, or the classes that they stand for; what is ignored is left out.
  ///
  /// - Parameter meaning: What the numbers stand for; nil: they are classes themselves, but for mm's 255.
  /// - Throws: `ImagingError` about the first file that is no label map.
  static func held(
    by files: [String], meaning: LabelMeaning?, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [[Int]] {
    let labels = meaning ?? LabelMeaning()
    return try LabelCounts.read(files.map { ($0, labels) }, progress: progress).map { counts in
      counts.keys.compactMap { number in
        if case .label(let label) = labels.reading(of: number) { Int(label) } else { nil }
      }.sorted()
    }
  }
}
