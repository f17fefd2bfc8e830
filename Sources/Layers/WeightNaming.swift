import Tensors

/// What a part of a model knows of the files that its weights come from: the names of its older releases, the shapes
/// that weights may have there, and what a pretrained file may lack.
///
/// A part that has some says so in its tree (`ParameterTree.naming`); its names are looked for where that part is loaded.
public protocol WeightNaming: Sendable {
  /// What stands before the part's own names, dot included, in a name that only an older release has; nil for any other
  /// name. By these names a file of an older release is known.
  func start(ofOlder name: String) -> String?

  /// Today's name of a weight of an older release, without what stands before it; the same name where it did not change.
  func currentName(of name: String) -> String

  /// The shape of a weight whose numbers lie in the same order under another shape in a file, such as `[O, I]` of a
  /// linear layer that is held as a 1x1 convolution; the same shape where it did not change.
  ///
  /// - Parameter name: Today's, with whatever stands before the part's own.
  func currentShape(of name: String, _ shape: [Int]) -> [Int]

  /// A weight of another resolution at the model's, both in PyTorch's layout; nil where the two do not go together.
  ///
  /// - Parameter name: Today's, with whatever stands before the part's own.
  func resampled(_ tensor: Tensor, of name: String, to shape: [Int]) -> Tensor?

  /// Patterns, with `*`, of the part's weights that a pretrained file may lack: they keep their initial values.
  var optionalInPretrained: [String] { get }
}

extension WeightNaming {
  /// The same shape.
  public func currentShape(of name: String, _ shape: [Int]) -> [Int] { shape }

  /// None: the model's shape is the only one.
  public func resampled(_ tensor: Tensor, of name: String, to shape: [Int]) -> Tensor? { nil }
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
