import Tensors

/// What a part of a model knows of the files that its weights come from: the names of its older releases, and what a
/// pretrained file may lack.
///
/// A part that has some says so in its tree (`ParameterTree.named(by:)`); its names are looked for where that part is loaded.
public protocol WeightNaming: Sendable {
  /// What stands before the part's own names, dot included, in a name that only an older release has; nil for any other
  /// name. By these names a file of an older release is known.
  func start(ofOlder name: String) -> String?

  /// Today's name of a weight of an older release, without what stands before it; the same name where it did not change.
  func currentName(of name: String) -> String

  /// Whether an older release's tensor, named as there, has no place today, such as a mean of pictures' colours.
  func leavesOut(_ name: String) -> Bool

  /// What knows the names of one file: another than this where a name depends on what else the file holds.
  ///
  /// - Parameter names: The file's names below what stands before the part's own, as they are in it.
  func adapted(to names: [String]) -> any WeightNaming

  /// A weight's numbers as this part wants them, in PyTorch's layout; nil where they stay as they are.
  ///
  /// - Parameters:
  ///   - numbers: The numbers of the file, made when they are asked for.
  ///   - name: Today's name; of an older release's weight without what stands before it.
  ///   - shape: What the file has, and what the model wants, nil where there is no model.
  ///   - isOlder: Whether the file is of an older release.
  func converted(
    _ numbers: () -> Tensor, of name: String, shape: (stored: [Int], wanted: [Int]?), isOlder: Bool
  ) -> Tensor?

  /// Patterns, with `*`, of the part's weights that a pretrained file may lack: they keep their initial values.
  var optionalInPretrained: [String] { get }
}

extension WeightNaming {
  /// Every tensor has a place.
  public func leavesOut(_: String) -> Bool { false }
  /// This, whatever the file holds.
  public func adapted(to _: [String]) -> any WeightNaming { self }
  /// All numbers stay as they are.
  public func converted(
    _: () -> Tensor, of _: String, shape _: (stored: [Int], wanted: [Int]?), isOlder _: Bool
  ) -> Tensor? { nil }
  /// No weight may be lacking.
  public var optionalInPretrained: [String] { [] }
}

extension ParameterTree {
  /// The same tree with what is known of its files.
  public func named(by namings: any WeightNaming...) -> ParameterTree {
    var tree = self
    tree.ownNamings += namings
    return tree
  }

  /// What this tree and those in it know of their files.
  public var namings: [any WeightNaming] {
    var all = ownNamings
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
