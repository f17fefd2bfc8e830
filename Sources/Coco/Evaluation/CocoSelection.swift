extension CocoAnnotations {
  /// The ids of images that are named by their id or their file.
  ///
  /// - Throws: `CocoError` that lists names which are neither.
  public func imageIDs(named names: [String]) throws(CocoError) -> [Int] {
    try ids(named: names, "images", of: images.map { ($0.id, $0.fileName) })
  }

  /// The ids of classes that are named by their name or their id.
  ///
  /// - Throws: `CocoError` that lists names which are neither.
  public func categoryIDs(named names: [String]) throws(CocoError) -> [Int] {
    try ids(named: names, "classes", of: categories.map { ($0.id, $0.name) })
  }

  /// A name goes before an id.
  private func ids(
    named names: [String], _ what: String, of all: [(id: Int, name: String?)]
  ) throws(CocoError) -> [Int] {
    var named: [String: [Int]] = [:]
    for (id, name) in all { if let name { named[name, default: []].append(id) } }
    let known = Set(all.map(\.id))
    var found: [Int] = []
    var unknown: [String] = []
    for name in names {
      if let ids = named[name] {
        found += ids
      } else if let id = Int(name), known.contains(id) {
        found.append(id)
      } else {
        unknown.append(name.debugDescription)
      }
    }
    guard unknown.isEmpty else {
      let shown = unknown.prefix(10).joined(separator: ", ") + (unknown.count > 10 ? ", ..." : "")
      let some = all.prefix(10).map { $0.name ?? String($0.id) }.joined(separator: ", ")
      throw CocoError(
        "there are no \(what) \(shown); it has \(some)\(all.count > 10 ? ", ... (\(all.count) in all)" : "")",
        file: file)
    }
    return found
  }
}
