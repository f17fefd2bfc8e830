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
          ? StoredTensor(integers: buffer.value.values.map { Int($0) }, shape: buffer.value.shape)
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
    var summary = LoadingSummary()
    var faults: [String] = []
    var used: Set<String> = []
    var fillings: [() -> Void] = []
    for (name, entry) in tree.leaves {
      let shape: [Int]
      switch entry {
      case .parameter(let parameter): shape = parameter.layout.shapeInPyTorch(parameter.shape)
      case .buffer(let buffer): shape = buffer.value.shape
      case .tree, .nothing: continue
      }
      guard let stored = tensors[name] else {
        // PyTorch counts batches for a momentum of None only; older files lack the counter.
        if name.hasSuffix("num_batches_tracked") { continue }
        summary.initialized.append(name)
        if !allowingMissing.contains(where: { name.matches(pattern: $0) }) {
          faults.append("missing     \(name) \(shape)")
        }
        continue
      }
      used.insert(name)
      guard stored.shape == shape else {
        faults.append("mis-shaped  \(name): \(stored.shape) in the file, \(shape) in the model")
        continue
      }
      summary.loaded.append(name)
      switch entry {
      case .parameter(let parameter):
        fillings.append { parameter.replace(by: parameter.layout.fromPyTorch(stored.tensor)) }
      case .buffer(let buffer): fillings.append { buffer.value = stored.tensor }
      case .tree, .nothing: continue
      }
    }
    for (name, stored) in tensors.sorted(by: { $0.key < $1.key }) where !used.contains(name) {
      faults.append("unexpected  \(name.printed) \(stored.shape)")
    }
    guard faults.isEmpty, !summary.loaded.isEmpty else {
      let shown = faults.prefix(40).map { "\n  \($0)" }.joined()
      let rest = faults.count > 40 ? "\n  … and \(faults.count - 40) more" : ""
      throw CheckpointError(
        file: file,
        "does not fit the model: \(summary.loaded.count) tensors match, \(faults.count) do not\(shown)\(rest)"
      )
    }
    for fill in fillings { fill() }
    return summary
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
