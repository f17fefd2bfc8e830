import Files
import Foundation

/// What the results of image files are called below a folder: without ending, and never two alike.
public struct OutputNames: Sendable {
  /// A name an input, without ending: `a/1`.
  public let names: [String]
  /// Whether the input was not given before, perhaps under another spelling.
  public let isNew: [Bool]

  /// Names results after their inputs.
  ///
  /// The input's name without what follows its last dot, where that is enough. Inputs of several folders keep them, as
  /// seen from the folder that all are in: `a/1` and `b/1`. Those of one folder keep their ending where else two
  /// results would be one file: `1.jpg` and `1.png`.
  ///
  /// - Parameters:
  ///   - endings: Of the files that one input leads to, such as `.png` and `_labels.png`.
  ///   - keepingFolders: Whether folders are kept even where the names alone would do.
  public init(_ inputs: [String], endings: [String], keepingFolders: Bool = false) {
    let places = inputs.map { Place($0) }
    var seen: Set<Place> = []
    let isNew = places.map { seen.insert($0).inserted }
    let unique = zip(places, isNew).filter { $0.1 }.map(\.0)
    let names = unique.map { Folder.splitExtension($0.name).stem }
    let isFlat = !keepingFolders && Set(names).count == names.count
    let folders = isFlat ? unique.map { _ in [] } : Self.withoutCommonStart(unique.map(\.folder))
    var chosen = zip(folders, names).map { ($0 + [$1]).joined(separator: "/") }
    let whole = zip(folders, unique).map { ($0 + [$1.name]).joined(separator: "/") }
    // Whoever shares a file with another keeps its ending; that may lead to others, at most to all.
    while true {
      var owners: [String: Set<Int>] = [:]
      for index in chosen.indices {
        for ending in endings { owners[chosen[index] + ending, default: []].insert(index) }
      }
      let clashing = Set(owners.values.filter { $0.count > 1 }.joined())
        .filter { chosen[$0] != whole[$0] }
      guard !clashing.isEmpty else { break }
      for index in clashing { chosen[index] = whole[index] }
    }
    let byPlace = Dictionary(zip(unique, chosen)) { first, _ in first }
    self.names = places.map { byPlace[$0] ?? $0.name }
    self.isNew = isNew
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
