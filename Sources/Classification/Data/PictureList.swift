import Data
import Files

/// Pictures that have one class each: which there are, and what the classes are called.
struct PictureList: Sendable {
  /// The folder of the pictures.
  let folder: String
  /// Paths from there.
  private(set) var names: [String] = []
  /// The class of each; empty where they have none.
  private(set) var labels: [Int] = []
  /// Names of the classes, in the order of their numbers.
  private(set) var classes: [String]
  /// What is odd, a sentence each.
  private(set) var warnings: [String] = []
  /// Whether the config or a file names the classes.
  private let namesAreGiven: Bool

  /// Lists what the settings name.
  ///
  /// - Throws: `DataError` where a folder or file is missing, no picture is found, or classes do not fit.
  init(_ settings: ClassificationSettings) throws {
    folder = settings.folder
    let given: [String]?
    if let file = settings.classFile {
      given = try Self.classes(of: settings.shared.path(file))
    } else {
      given = settings.shared.classes
    }
    namesAreGiven = given != nil
    classes = given ?? []
    if let list = settings.listFile {
      try read(list, settings)
    } else if settings.hasLabels {
      try readFolders(settings)
    } else {
      names = try Self.pictures(in: folder, settings).taken
    }
    guard names.isEmpty else { return }
    throw DataError(
      file: settings.listFile ?? folder,
      "0 pictures: \(settings.extensions.joined(separator: ", ")) were looked for in this folder and below")
  }

  /// The classes that no picture is of.
  var emptyClasses: [String] {
    guard !labels.isEmpty else { return [] }
    let seen = Set(labels)
    return classes.indices.filter { !seen.contains($0) }.map { classes[$0] }
  }

  /// Names of classes, one a line.
  private static func classes(of file: String) throws -> [String] {
    let text = try TextLines(file, what: "the file of class names (classes)")
    var places: [String: Int] = [:]
    for (number, name) in text.lines {
      if let first = places.updateValue(number, forKey: name) {
        throw DataError(
          file: file, "line \(number): \(name) is the name of line \(first), too; each class has its own")
      }
    }
    return text.lines.map(\.text)
  }

  /// The pictures in a folder and below, and how the names of the other files end.
  private static func pictures(
    in folder: String, _ settings: ClassificationSettings
  ) throws -> (taken: [String], others: [String: Int]) {
    let files: [String]
    do { files = try Folder.files(below: folder) } catch { throw DataError(file: error.file, error.message) }
    var others: [String: Int] = [:]
    let taken = files.filter { name in
      if settings.takes(name) { return true }
      let ending = Folder.splitExtension(name).extension
      if !ending.isEmpty { others[".\(ending)", default: 0] += 1 }
      return false
    }
    return (taken, others)
  }
}

// MARK: - Class folders

extension PictureList {
  private mutating func readFolders(_ settings: ClassificationSettings) throws {
    let entries: [Folder.Entry]
    do { entries = try Folder.contents(of: folder) } catch {
      throw DataError(
        file: folder, "the folder of class folders (data_root, data_prefix) \(error.message)")
    }
    let folders = entries.filter(\.isFolder).map(\.name)
    guard !folders.isEmpty else {
      let pictures = entries.count { settings.takes($0.name) }
      throw DataError(
        file: folder,
        "holds no class folders"
          + (pictures > 0 ? ", but \(pictures) pictures" : "")
          + ": put the pictures of each class into a folder of its own, or name a list of them in ann_file")
    }
    let chosen = try chosenFolders(of: folders)
    var others: [String: Int] = [:]
    for (label, name) in chosen.enumerated() {
      let found = try Self.pictures(in: Folder.join(folder, name), settings)
      names += found.taken.map { Folder.join(name, $0) }
      labels += found.taken.map { _ in label }
      others.merge(found.others) { $0 + $1 }
    }
    let endings = others.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(5)
      .map { "\($0.value) end in \($0.key)" }.joined(separator: ", ")
    guard !names.isEmpty else {
      throw DataError(
        file: folder,
        "0 pictures in \(chosen.count) class folders (\(Self.listed(chosen))): "
          + "\(settings.extensions.joined(separator: ", ")) were looked for"
          + (endings.isEmpty ? "" : ", and \(endings); set extensions"))
    }
    if !emptyClasses.isEmpty {
      warnings.append(
        "\(folder): no pictures of \(emptyClasses.count) of \(classes.count) classes: \(Self.listed(emptyClasses))"
          + (endings.isEmpty ? "" : "; \(endings)"))
    }
  }

  /// The folder of each class; sets the classes' names where they are the folders'.
  private mutating func chosenFolders(of folders: [String]) throws -> [String] {
    guard namesAreGiven else {
      classes = folders
      return folders
    }
    let known = Set(folders)
    // A file of names may say the folder first: `n01440764 tench, Tinca tinca`.
    let split = classes.map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
    var chosen = classes
    if !classes.allSatisfy(known.contains), split.allSatisfy({ $0.count == 2 }) {
      chosen = split.map { $0[0] }
    }
    if chosen.allSatisfy(known.contains), Set(chosen).count == chosen.count {
      if chosen != classes { classes = split.map { $0[1] } }
      let left = folders.filter { !chosen.contains($0) }
      if !left.isEmpty {
        warnings.append(
          "\(folder): \(left.count) of \(folders.count) folders are of no class and left out: \(Self.listed(left))"
        )
      }
      return chosen
    }
    // ImageNet's folders are called by numbers of WordNet: names are those of the folders in order.
    if folders.count == classes.count, folders.allSatisfy(Self.isSynset) { return folders }
    let missing = classes.filter { !known.contains($0) }
    throw DataError(
      file: folder,
      "has no folder \(Self.listed(missing)).\n  classes: \(Self.listed(classes))\n  folders: \(Self.listed(folders))\n"
        + "  Correct the classes, or leave them out: they are then the folders' names. A class without pictures has an "
        + "empty folder.")
  }

  /// `n` and eight digits.
  private static func isSynset(_ name: String) -> Bool {
    name.utf8.count == 9 && name.hasPrefix("n") && name.dropFirst().allSatisfy { $0.isASCII && $0.isNumber }
  }

  private static func listed(_ names: [String]) -> String {
    names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", … \(names.count) in all" : "")
  }
}

// MARK: - A list

extension PictureList {
  private mutating func read(_ file: String, _ settings: ClassificationSettings) throws {
    let text = try TextLines(file, what: "the list of pictures (ann_file)")
    guard settings.hasLabels else {
      names = text.lines.map(\.text)
      return
    }
    for (number, line) in text.lines {
      guard let blank = line.lastIndex(where: { $0 == " " || $0 == "\t" }),
        let label = Int(line[line.index(after: blank)...]), label >= 0
      else {
        throw DataError(
          file: file,
          "line \(number): \(line.debugDescription) does not end in a class number; `name number` is wanted, or "
            + "with_label: false for names alone")
      }
      let name = line[..<blank].trimmingPrefix { $0 == " " }
      guard !name.isEmpty else {
        throw DataError(file: file, "line \(number): there is no name before the class number \(label)")
      }
      guard label < (namesAreGiven ? classes.count : Self.classLimit) else {
        throw DataError(
          file: file,
          "line \(number): class \(label), but there are \(namesAreGiven ? classes.count : Self.classLimit), 0 ... "
            + "\((namesAreGiven ? classes.count : Self.classLimit) - 1)")
      }
      names.append(String(name).trimmingBlanks)
      labels.append(label)
    }
    if !namesAreGiven { classes = foldersOfList() ?? foldersOfTraining(settings) ?? numbers() }
    if !emptyClasses.isEmpty {
      warnings.append(
        "\(file): no pictures of \(emptyClasses.count) of \(classes.count) classes: \(Self.listed(emptyClasses))"
      )
    }
  }

  /// As many as a list without names of classes may have.
  private static var classLimit: Int { 1_000_000 }

  private func numbers() -> [String] { (0...(labels.max() ?? 0)).map { "\($0)" } }

  /// The first folder of the listed names, where each class has one of its own.
  private func foldersOfList() -> [String]? {
    var found: [Int: String] = [:]
    for (name, label) in zip(names, labels) {
      guard let slash = name.firstIndex(of: "/"), slash != name.startIndex else { return nil }
      let folder = String(name[..<slash])
      guard found.updateValue(folder, forKey: label) ?? folder == folder else { return nil }
    }
    let count = (labels.max() ?? 0) + 1
    guard found.count == count, Set(found.values).count == count else { return nil }
    return (0..<count).compactMap { found[$0] }
  }

  /// ImageNet's training folders: those of the validation's numbers.
  private func foldersOfTraining(_ settings: ClassificationSettings) -> [String]? {
    let training = settings.shared.path("train")
    guard let entries = try? Folder.contents(of: training) else { return nil }
    let folders = entries.filter(\.isFolder).map(\.name)
    return folders.count > (labels.max() ?? 0) ? folders : nil
  }
}

extension String {
  /// Without blanks at the end.
  fileprivate var trimmingBlanks: String {
    String(reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
