import Configuration
import Data
import Files
import Foundation
import Imaging

/// YOLO: a text file a picture, a line an object, in shares of the picture's sides; `data.yaml` names classes and folders.
package struct YOLO: Sendable {
  /// The classes by their numbers, which may have gaps.
  package let names: [Int: String]
  /// Numbers a key point and key points an object, where the lines go on with them.
  private let keyPoints: Int
  /// Splits with their folders or lists of pictures, in the file's order.
  private let places: [(split: String, paths: [String])]
  private let file: String

  /// The names in the order of their numbers.
  package var classes: [String] { names.sorted { $0.key < $1.key }.map(\.value) }
  /// The splits that there are: `train`, `val`, `test`.
  package var splits: [String] { places.map(\.split) }

  /// Reads `data.yaml`.
  ///
  /// - Throws: `ConfigurationError`, `FileError`, `DataError`.
  package init(file: String) throws {
    let bytes = try RegularFile(file, wanted: "a data.yaml").whole(limit: 4 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DataError(file: file, "is no UTF-8 text")
    }
    let node = try ConfigurationNode.parse(text, file: file)
    self.file = file
    if let list = node["names"]?.elements {
      names = Dictionary(uniqueKeysWithValues: list.enumerated().map { ($0, $1.string ?? "\($0)") })
    } else if let entries = node["names"]?.entries {
      var names: [Int: String] = [:]
      for entry in entries {
        guard let number = Int(entry.key), let name = entry.value.string else {
          throw DataError(file: file, "names: \(entry.key): a number and a name are wanted")
        }
        names[number] = name
      }
      self.names = names
    } else {
      throw DataError(file: file, "has no names: list the classes there, in the order of their numbers")
    }
    keyPoints = node["kpt_shape"]?.elements.map { $0.compactMap(\.int).reduce(1, *) } ?? 0
    let folder = Folder.split(file).folder
    let root = node["path"]?.string.map { DatasetSettings.path($0 == "." ? "" : $0, below: folder) }
    places = ["train", "val", "test"].compactMap { split in
      // Roboflow writes valid.
      guard let value = node[split] ?? (split == "val" ? node["valid"] : nil), !value.isNull else {
        return nil
      }
      let given = value.elements.map { $0.compactMap(\.string) } ?? [value.string].compactMap { $0 }
      return given.isEmpty ? nil : (split, given.map { Self.place($0, root: root, folder: folder) })
    }
  }

  /// A folder without a data.yaml: classes are numbers, or what `classes.txt` lists.
  private init(folder: String, classes: [String]?) throws {
    file = folder
    keyPoints = 0
    let list = ["classes.txt", "labels/classes.txt", "obj.names"].map { Folder.join(folder, $0) }
      .first { FileIdentity($0).exists }
    guard let names = try classes ?? list.map({ try lines(ofFile: $0) }) else {
      throw DataError(file: folder, "holds no data.yaml and no classes.txt: name the classes by --classes")
    }
    self.names = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0, $1) })
    let images = Folder.join(folder, "images")
    guard Folder.isFolder(images) else {
      places = [("", [folder])]
      return
    }
    let inner = try Folder.contents(of: images).filter(\.isFolder).map(\.name)
    let known = [("train", "train"), ("val", "val"), ("valid", "val"), ("test", "test")].filter {
      inner.contains($0.0)
    }
    places =
      known.isEmpty ? [("", [images])] : known.map { ($0.1, [Folder.join(images, $0.0)]) }
  }

  /// Where a path of data.yaml leads. Roboflow's lead one folder too high.
  private static func place(_ path: String, root: String?, folder: String) -> String {
    let path = path == "." ? "" : path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    var lower = path[...]
    while lower.hasPrefix("../") { lower = lower.dropFirst(3) }
    let wanted = [root, folder].compactMap { $0 }.flatMap { base in
      [DatasetSettings.path(path, below: base), DatasetSettings.path(String(lower), below: base)]
    }
    return wanted.first { FileIdentity($0).exists } ?? wanted[0]
  }

  static func read(_ inputs: [String], _ collector: inout AnnotationCollector) throws {
    for input in inputs {
      let files = ["data.yaml", "dataset.yaml", "data.yml"].map { Folder.join(input, $0) }
      let inner = files.first { FileIdentity($0).exists }
      let yolo =
        if Folder.isFolder(input), inner == nil {
          try YOLO(folder: input, classes: collector.options.classes)
        } else {
          try YOLO(file: inner ?? input)
        }
      guard !yolo.places.isEmpty else {
        throw DataError(file: yolo.file, "names no pictures: set train and val")
      }
      for split in yolo.splits { try yolo.read(split: split, &collector) }
    }
  }

  /// Reads the pictures of a split with their objects.
  package func reading(split: String, options: ReadingOptions) throws -> AnnotationReading {
    var collector = AnnotationCollector(options)
    try read(split: split, &collector)
    return try collector.finished(file)
  }

  /// Reads the pictures in a folder with their objects, whatever data.yaml says about folders.
  package func reading(images: String, options: ReadingOptions) throws -> AnnotationReading {
    var collector = AnnotationCollector(options)
    collector.listedClasses = classes
    try read(images, split: nil, &collector)
    return try collector.finished(images)
  }

  private func read(split: String, _ collector: inout AnnotationCollector) throws {
    collector.listedClasses = classes
    for place in places where place.split == split {
      for path in place.paths { try read(path, split: split.isEmpty ? nil : split, &collector) }
    }
  }

  private func read(_ place: String, split: String?, _ collector: inout AnnotationCollector) throws {
    let pictures: [String]
    if Folder.isFolder(place) {
      pictures = try PictureIndex(place).all.map { Folder.join(place, $0) }
    } else {
      let folder = Folder.split(place).folder
      pictures = try lines(ofFile: place).map { line in
        DatasetSettings.path(line.hasPrefix("./") ? String(line.dropFirst(2)) : line, below: folder)
      }
    }
    guard !pictures.isEmpty else { throw DataError(file: place, "holds no pictures") }
    collector.source(file, split: split)
    var bare = 0
    var folders: [String: Set<String>] = [:]
    for picture in pictures {
      let label = Self.labels(of: picture)
      folders[Folder.split(label).folder, default: []].insert(Folder.split(label).name)
      guard FileIdentity(label).exists else {
        bare += 1
        collector.add(picture, stated: nil, from: label, split: split) { _, _ in [] }
        continue
      }
      collector.reading(label) { collector in
        let lines = try lines(ofFile: label)
        collector.source(label, split: split)
        collector.add(picture, stated: nil, from: label, split: split) { size, collector in
          lines.enumerated().compactMap { object($1, number: $0 + 1, size, label, &collector) }
        }
      }
    }
    if bare > 0 {
      collector.note(
        place, "no_label_file",
        "\(bare) of \(pictures.count) pictures have no label file: they count as pictures "
          + "without objects; labels are looked for where \"images\" in the path is \"labels\"")
    }
    for (folder, known) in folders.sorted(by: { $0.key < $1.key }) where Folder.isFolder(folder) {
      guard Folder.isFolder(place) else { continue }
      for entry in try Folder.contents(of: folder)
      where !entry.isFolder && entry.name.hasSuffix(".txt") && !known.contains(entry.name)
        && entry.name != "classes.txt"
      {
        collector.lose(
          Folder.join(folder, entry.name), "labels_without_image", "there is no picture for it in \(place)")
      }
    }
  }

  /// The label file of a picture: the last folder `images` of its path is `labels`.
  static func labels(of picture: String) -> String {
    let stem = Folder.splitExtension(picture).stem + ".txt"
    var parts = stem.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard let place = parts.dropLast().lastIndex(of: "images") else { return stem }
    parts[place] = "labels"
    return parts.joined(separator: "/")
  }

  private func object(
    _ line: String, number: Int, _ size: ImageSize, _ file: String, _ collector: inout AnnotationCollector
  ) -> AnnotatedSet.Object? {
    func lose(_ message: String) {
      collector.lose(file, "illegal_line", "line \(number): \(message)", id: number)
    }
    let words = line.split(whereSeparator: \.isWhitespace)
    let numbers = words.compactMap { finiteNumber(String($0)) }
    guard numbers.count == words.count, let first = numbers.first, let label = Int(exactly: first) else {
      lose("numbers are wanted, the first of them a class")
      return nil
    }
    guard let name = names[label] else {
      lose("the class \(label) has no name in \(self.file)")
      return nil
    }
    var shares = Array(numbers.dropFirst())
    if keyPoints > 0, shares.count == 4 + keyPoints {
      collector.note(file, "key_points", "line \(number): its key points are left out", id: number)
      shares = Array(shares.prefix(4))
    }
    guard shares.count == 4 || (shares.count >= 6 && shares.count.isMultiple(of: 2)) else {
      lose(
        shares.count == 5
          ? "six numbers, as predictions have them; a class and a box of four are wanted"
          : "\(shares.count) numbers behind the class; a box has 4, a polygon 6 or more of even number")
      return nil
    }
    guard shares.allSatisfy({ (-0.01...1.01).contains($0) }) else {
      lose("numbers beyond 0 ... 1: shares of the picture's sides are wanted")
      return nil
    }
    let (width, height) = (Double(size.width), Double(size.height))
    var object: AnnotatedSet.Object
    if shares.count == 4 {
      object = AnnotatedSet.Object(
        className: name,
        box: (
          (shares[0] - shares[2] / 2) * width, (shares[1] - shares[3] / 2) * height, shares[2] * width,
          shares[3] * height
        ))
    } else {
      object = AnnotatedSet.Object(
        className: name,
        outlines: [shares.enumerated().map { $1 * ($0.isMultiple(of: 2) ? width : height) }])
    }
    object.id = number
    return object
  }
}
