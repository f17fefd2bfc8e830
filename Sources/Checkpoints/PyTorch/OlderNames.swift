import Files
import Layers

/// Names of older releases, mapped to today's by the parts that have them, and numbers that those releases hold
/// otherwise.
enum OlderNames {
  /// Renames where the names show an older release, and converts numbers.
  ///
  /// - Parameters:
  ///   - namings: What knows older names.
  ///   - shapes: Of the model's weights by today's names, in PyTorch's layout; nil without a model.
  /// - Throws: `CheckpointError` when two tensors would get one name.
  static func mapped(
    _ tensors: [String: StoredTensor], by namings: [any WeightNaming], shapes: [String: [Int]]? = nil,
    file: String
  ) throws -> [String: StoredTensor] {
    try namings.reduce(tensors) { try mapped($0, by: $1, shapes, file: file) }
  }

  private static func mapped(
    _ tensors: [String: StoredTensor], by naming: any WeightNaming, _ shapes: [String: [Int]]?, file: String
  ) throws -> [String: StoredTensor] {
    let start = tensors.keys.lazy.compactMap { naming.start(ofOlder: $0) }.min()
    func own(_ name: String) -> String? {
      start.flatMap { name.hasPrefix($0) ? String(name.dropFirst($0.count)) : nil }
    }
    let naming = start == nil ? naming : naming.adapted(to: tensors.keys.compactMap(own))
    var today: [String: StoredTensor] = [:]
    for (name, stored) in tensors {
      let old = own(name)
      if let old, naming.leavesOut(old) { continue }
      let current = old.map { naming.currentName(of: $0) } ?? name
      let full = old == nil ? name : (start ?? "") + current
      let numbers = naming.converted(
        { stored.tensor }, of: current, shape: (stored.shape, shapes?[full]), isOlder: old != nil)
      guard today.updateValue(numbers.map { StoredTensor($0) } ?? stored, forKey: full) == nil else {
        throw CheckpointError(file: file, "has both an older and today's name of '\(full.printed)'")
      }
    }
    return today
  }
}
