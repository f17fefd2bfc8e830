/// The folder that all images of a set are in: below it their names tell them apart, as `fish/1.jpg` and `crab/1.jpg`.
package struct CommonFolder {
  /// The folder's name with its last `/`; nil before the first image.
  private var prefix: Substring?

  package init() {}

  package mutating func add(_ path: String) {
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    guard let prefix, !folder.hasPrefix(prefix) else {
      self.prefix = self.prefix ?? folder
      return
    }
    let common = prefix.commonPrefix(with: folder)
    self.prefix = common.lastIndex(of: "/").map { common[...$0] } ?? ""
  }

  /// The name of an image below the folder.
  package func name(of path: String) -> String {
    guard let prefix, path.hasPrefix(prefix) else { return path }
    return String(path.dropFirst(prefix.count))
  }
}

extension Substring {
  fileprivate func commonPrefix(with other: Substring) -> Substring {
    self[
      ..<(zip(indices, other).first { self[$0.0] != $0.1 }?.0
        ?? index(startIndex, offsetBy: Swift.min(count, other.count)))]
  }
}
