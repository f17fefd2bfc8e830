/// What a part of a model knows of the files that its weights come from: the names of its older releases, and what a
/// pretrained file may lack.
///
/// A part that has some says so in its tree (`ParameterTree.naming`); its names are looked for where that part is loaded.
public protocol WeightNaming: Sendable {
  /// What stands before the part's own names, dot included, in a name that only an older release has; nil for any other
  /// name. By these names a file of an older release is known.
  func start(ofOlder name: String) -> String?

  /// Today's name of a weight of an older release, without what stands before it; the same name where it did not change.
  func currentName(of name: String) -> String

  /// Patterns, with `*`, of the part's weights that a pretrained file may lack: they keep their initial values.
  var optionalInPretrained: [String] { get }
}

extension ParameterTree {
  /// The same tree with what is known of its files.
  public func named(by naming: any WeightNaming) -> ParameterTree {
    var tree = self
    tree.naming = naming
    return tree
  }

  /// What this tree and those in it know of their files.
  public var namings: [any WeightNaming] {
    var all = naming.map { [$0] } ?? []
    for (_, entry) in entries {
      if case .tree(let tree) = entry { all += tree.namings }
    }
    return all
  }

  /// The tree at a path of names, such as `backbone`; this one for the empty path, nil where there is none.
  public func tree(at path: String) -> ParameterTree? {
    guard !path.isEmpty else { return self }
    for (name, entry) in entries {
      guard case .tree(let tree) = entry else { continue }
      if path == name { return tree }
      if path.hasPrefix(name + "."), let found = tree.tree(at: String(path.dropFirst(name.count + 1))) {
        return found
      }
    }
    return nil
  }
}
