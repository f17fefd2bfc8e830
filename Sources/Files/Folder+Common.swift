extension Folder {
  /// The folder that all paths lie in or below; empty for the current one.
  public static func common(of paths: some Sequence<String>) -> String {
    var common: ArraySlice<Substring>?
    for path in paths {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
      common = common.map { common in common.prefix(zip(common, parts).prefix { $0 == $1 }.count) } ?? parts
    }
    guard let common else { return "" }
    // Of an absolute path the first part is empty.
    return common.count == 1 && common.first?.isEmpty == true ? "/" : common.joined(separator: "/")
  }
}
