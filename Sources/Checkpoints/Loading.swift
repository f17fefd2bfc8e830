import Files
import Layers
import Tensors

/// What a load did, said in one line.
public struct LoadingSummary: Sendable, CustomStringConvertible {
  /// Names in the model that the file filled, out of `total`.
  public var loaded: [String] = []
  /// Names in the model that keep their initial values.
  public var initialized: [String] = []
  /// Names in the file that the model has no place for.
  public var unused: [String] = []
  /// Classes of objects in the file that were passed over.
  public var skipped: [String] = []

  /// «212 of 212 tensors loaded».
  public var description: String {
    func list(_ title: String, _ names: [String]) -> String {
      guard !names.isEmpty else { return "" }
      return
        "; \(title): \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? ", … (\(names.count))" : "")"
    }
    return "\(loaded.count) of \(loaded.count + initialized.count) tensors loaded"
      + list("initialised", initialized) + list("unused", unused) + list("passed over", skipped)
  }
}

extension Layer {
  /// Weights and buffers under PyTorch's names, in PyTorch's layouts.
  public var stateDict: [String: StoredTensor] {
    var tensors: [String: StoredTensor] = [:]
    for (name, entry) in tree.leaves {
      switch entry {
      case .parameter(let parameter):
        tensors[name] = StoredTensor(parameter.layout.toPyTorch(parameter.value))
      case .buffer(let buffer):
        tensors[name] =
          buffer.isInteger
          ? StoredTensor(
            integers: buffer.count.map { [$0] } ?? buffer.value.values.map { Int(exactly: $0) ?? 0 },
            shape: buffer.value.shape)
          : StoredTensor(buffer.value)
      case .tree, .nothing: continue
      }
    }
    return tensors
  }

  /// Fills weights and buffers. Strict: every name and shape has to match, but for those allowed to be missing.
  ///
  /// - Parameters:
  ///   - tensors: In PyTorch's names and layouts.
  ///   - file: The file they are from, for errors.
  ///   - allowingMissing: Patterns, with `*`, of names that may be absent and then keep their initial values.
  /// - Throws: `CheckpointError` with a table of what is missing, unexpected or mis-shaped.
  @discardableResult
  public func load(
    _ tensors: [String: StoredTensor], file: String, allowingMissing: [String] = []
  ) throws -> LoadingSummary {
    try load(tensors, file: file, rules: LoadingRules(allowingMissing: allowingMissing))
  }

  /// Fills the weights and buffers of a part, all or none of them.
  ///
  /// - Parameters:
  ///   - tensors: In PyTorch's layouts, under their names below `part`, also those of older releases.
  ///   - part: The part's name, such as `backbone`; the whole layer unless given.
  ///   - file: The file they are from, for errors.
  ///   - rules: What may be missing or unused, and what keeps its initial values.
  /// - Throws: `CheckpointError` with a table of what is missing, unexpected or mis-shaped.
  @discardableResult
  public func load(
    _ tensors: [String: StoredTensor], into part: String = "", file: String, rules: LoadingRules
  ) throws -> LoadingSummary {
    let tree = tree
    let leaves = tree.leaves(of: part)
    let tensors = try tree.underCurrentNames(tensors, of: part, file: file)
    let optional = tree.tree(at: part)?.ownNamings.flatMap(\.optionalInPretrained) ?? []
    var summary = LoadingSummary()
    var misfits: [Misfit] = []
    var used: Set<String> = []
    var fillings: [() -> Void] = []
    for (name, entry) in leaves {
      let shape: [Int]
      switch entry {
      case .parameter(let parameter): shape = parameter.layout.shapeInPyTorch(parameter.shape)
      case .buffer(let buffer): shape = buffer.value.shape
      case .tree, .nothing: continue
      }
      if rules.resets(name) {
        summary.initialized.append(name)
        continue
      }
      guard let stored = tensors[name] else {
        // PyTorch counts batches for a momentum of None only; older files lack the counter.
        if name.hasSuffix("num_batches_tracked") { continue }
        summary.initialized.append(name)
        if !rules.allowsMissing(name, in: part, optional: optional) {
          misfits.append(Misfit("missing", model: "\(name) \(shape)"))
        }
        continue
      }
      used.insert(name)
      guard stored.shape == shape else {
        misfits.append(
          Misfit("mis-shaped", model: "\(name) \(shape)", file: "\(name.printed) \(stored.shape)"))
        continue
      }
      summary.loaded.append(name)
      switch entry {
      case .parameter(let parameter):
        fillings.append { parameter.replace(by: parameter.layout.fromPyTorch(stored.tensor)) }
      case .buffer(let buffer):
        fillings.append {
          if buffer.count != nil {
            buffer.count = stored.integers.first
          } else {
            buffer.value = stored.tensor
          }
        }
      case .tree, .nothing: continue
      }
    }
    summary.unused = tensors.keys.filter { !used.contains($0) }.sorted()
    let faults = misfits.count + (rules.allowsUnused ? 0 : summary.unused.count)
    guard faults == 0, !summary.loaded.isEmpty else {
      // What the model has no place for is shown in any case: it may be what is missing, under another name.
      misfits += summary.unused.map {
        Misfit(
          rules.allowsUnused ? "unused" : "unexpected", file: "\($0.printed) \(tensors[$0]?.shape ?? [])")
      }
      throw CheckpointError(
        file: file,
        "does not fit \(part.isEmpty ? "the model" : "'\(part)' of the model"): \(summary.loaded.count) tensors match"
          + ", \(faults) do not" + Misfit.table(misfits))
    }
    for fill in fillings { fill() }
    return summary
  }
}

/// What a file may lack and hold beside a model's weights.
public struct LoadingRules: Sendable {
  /// Patterns, with `*`, of full names that may be absent and then keep their initial values.
  public var allowingMissing: [String]
  /// Names, or beginnings of names up to a dot, below the part: those weights keep their initial values.
  public var reset: [String]
  /// Whether the file is a pretrained one: it may hold more, and lack what the part itself says.
  public var allowsUnused: Bool

  /// By default every name has to match.
  public init(allowingMissing: [String] = [], reset: [String] = [], allowsUnused: Bool = false) {
    (self.allowingMissing, self.reset, self.allowsUnused) = (allowingMissing, reset, allowsUnused)
  }

  /// Whether a weight below the part keeps its initial value.
  func resets(_ name: String) -> Bool { reset.contains { name == $0 || name.hasPrefix($0 + ".") } }

  /// - Parameter optional: Patterns of what a pretrained file of the part may lack.
  func allowsMissing(_ name: String, in part: String, optional: [String]) -> Bool {
    if allowsUnused, optional.contains(where: { name.matches(pattern: $0) }) { return true }
    let full = part.isEmpty ? name : "\(part).\(name)"
    return allowingMissing.contains { full.matches(pattern: $0) }
  }
}

extension ParameterTree {
  /// The tensors of a file for a part, with today's names and numbers where they have those of an older release of a
  /// part.
  ///
  /// - Throws: `CheckpointError` when two tensors would get one name.
  package func underCurrentNames(
    _ tensors: [String: StoredTensor], of part: String, file: String
  ) throws -> [String: StoredTensor] {
    guard let namings = tree(at: part)?.namings, !namings.isEmpty else { return tensors }
    let shapes = leaves(of: part).reduce(into: [String: [Int]]()) { shapes, leaf in
      switch leaf.entry {
      case .parameter(let parameter):
        shapes[leaf.name] = parameter.layout.shapeInPyTorch(parameter.shape)
      case .buffer(let buffer): shapes[leaf.name] = buffer.value.shape
      case .tree, .nothing: break
      }
    }
    return try OlderNames.mapped(tensors, by: namings, shapes: shapes, file: file)
  }

  /// Weights and buffers of a part, under their names below it; all of them where the part has no name.
  public func leaves(of part: String) -> [(name: String, entry: Entry)] {
    guard !part.isEmpty else { return leaves }
    return leaves.compactMap { name, entry in
      name.hasPrefix(part + ".") ? (String(name.dropFirst(part.count + 1)), entry) : nil
    }
  }
}

/// A row of the table of what does not fit.
private struct Misfit {
  var kind: String
  var model, file: String

  init(_ kind: String, model: String = "-", file: String = "-") {
    (self.kind, self.model, self.file) = (kind, model, file)
  }

  /// At most so many rows are shown.
  private static let limit = 40

  static func table(_ rows: [Misfit]) -> String {
    guard !rows.isEmpty else { return "" }
    let shown = [Misfit("", model: "in the model", file: "in the file")] + rows.prefix(limit)
    let lines = TextTable(
      [.left(10), .left(), .left()], indent: 2, rows: shown.map { [$0.kind, $0.model, $0.file] }
    )
    .lines.map { "\n" + $0 }
    return lines.joined() + (rows.count > limit ? "\n  … and \(rows.count - limit) more" : "")
  }
}

extension String {
  /// Whether a pattern, in which `*` stands for anything, describes the whole name.
  func matches(pattern: String) -> Bool {
    let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return self == pattern }
    guard hasPrefix(parts[0]), hasSuffix(parts[parts.count - 1]) else { return false }
    var rest = self[...].dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.count >= parts[parts.count - 1].count
  }
}
