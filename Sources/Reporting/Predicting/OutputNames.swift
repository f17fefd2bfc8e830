import Files
import Foundation

/// What the results of image files are called below a folder: without ending, and never two alike.
public struct OutputNames: Sendable {
  /// A name an input, without ending: `a/1`.
  public let names: [String]
  /// Whether the input was not given before, perhaps under another spelling.
  public let isNew: [Bool]

  /// The files of each input, below the folder of results: its name with each ending.
  public let files: [[String]]

  /// Names results after their inputs, which lead to files of the same endings.
  ///
  /// - Parameters:
  ///   - inputs: Paths of files.
  ///   - endings: Of the files that one input leads to, such as `.png` and `_labels.png`.
  ///   - keepingFolders: Whether folders are kept even where the names alone would do.
  public init(_ inputs: [String], endings: [String], keepingFolders: Bool = false) {
    self.init(
      inputs.map { InputImages.Input($0) }, endings: inputs.map { _ in endings },
      keepingFolders: keepingFolders)
  }

  /// Names results after their inputs.
  ///
  /// The input's name without what follows its last dot, where that is enough; those found in a folder that was named keep
  /// the folders below it. Inputs of several folders of which two are called alike keep them, as seen from the folder that all
  /// are in: `a/1` and `b/1`. Those of one folder keep their ending where else two results would be one file: `1.jpg` and
  /// `1.png`.
  ///
  /// - Parameters:
  ///   - inputs: Files, and the folders in which they were found.
  ///   - endings: Of the files that each input leads to.
  ///   - keepingFolders: Whether folders are kept even where the names alone would do.
  public init(_ inputs: [InputImages.Input], endings: [[String]], keepingFolders: Bool = false) {
    let places = inputs.map { Place($0.path) }
    var seen: Set<Place> = []
    let isNew = places.map { seen.insert($0).inserted }
    let kept = inputs.indices.filter { isNew[$0] }
    let unique = kept.map { places[$0] }
    let below = kept.map { Self.foldersBelowRoot(inputs[$0]) }
    let names = unique.map { Folder.splitExtension($0.name).stem }
    func joined(_ folders: [[String]], _ names: [String]) -> [String] {
      zip(folders, names).map { ($0 + [$1]).joined(separator: "/") }
    }
    let isFlat = !keepingFolders && Set(joined(below, unique.map(\.name))).count == names.count
    let folders = isFlat ? below : Self.withoutCommonStart(unique.map(\.folder))
    var chosen = joined(folders, names)
    let whole = joined(folders, unique.map(\.name))
    // Whoever shares a file with another keeps its ending; that may lead to others, at most to all.
    while true {
      var owners: [String: Set<Int>] = [:]
      for index in chosen.indices {
        for ending in endings[kept[index]] { owners[chosen[index] + ending, default: []].insert(index) }
      }
      let clashing = Set(owners.values.filter { $0.count > 1 }.joined())
        .filter { chosen[$0] != whole[$0] }
      guard !clashing.isEmpty else { break }
      for index in clashing { chosen[index] = whole[index] }
    }
    let byPlace = Dictionary(zip(unique, chosen)) { first, _ in first }
    let all = places.map { byPlace[$0] ?? $0.name }
    self.names = all
    self.isNew = isNew
    files = zip(all, endings).map { name, endings in endings.map { name + $0 } }
  }

  /// The folders between the one that was named and the file.
  private static func foldersBelowRoot(_ input: InputImages.Input) -> [String] {
    guard let root = input.root, input.path.hasPrefix(root) else { return [] }
    return Folder.split(String(input.path.dropFirst(root.count))).folder.split(separator: "/").map(
      String.init)
  }

  /// Where an input lies: its folder, links followed, and its name in it. A link is an input of its own.
  private struct Place: Hashable {
    let folder: [String]
    let name: String

    init(_ path: String) {
      let (folder, name) = Folder.split(path)
      self.folder =
        URL(fileURLWithPath: folder.isEmpty ? "." : folder).resolvingSymlinksInPath().pathComponents
      self.name = name
    }
  }

  private static func withoutCommonStart(_ paths: [[String]]) -> [[String]] {
    guard let first = paths.first else { return [] }
    let common = paths.reduce(first.count) { count, path in
      zip(first.prefix(count), path).prefix { $0 == $1 }.count
    }
    return paths.map { Array($0.dropFirst(common)) }
  }
}
