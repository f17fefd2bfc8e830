import Files
import Layers

/// Names of older releases, mapped to today's by the parts that have them.
enum OlderNames {
  /// Renames where the names show an older release.
  ///
  /// - Parameter namings: What knows older names.
  /// - Throws: `CheckpointError` when two tensors would get one name.
  static func mapped<Value>(
    _ tensors: [String: Value], by namings: [any WeightNaming], file: String
  ) throws -> [String: Value] {
    try namings.reduce(tensors) { try mapped($0, by: $1, file: file) }
  }

  private static func mapped<Value>(
    _ tensors: [String: Value], by naming: any WeightNaming, file: String
  ) throws -> [String: Value] {
    guard let start = tensors.keys.lazy.compactMap({ naming.start(ofOlder: $0) }).min() else {
      return tensors
    }
    var today: [String: Value] = [:]
    for (name, value) in tensors {
      let mapped =
        name.hasPrefix(start) ? start + naming.currentName(of: String(name.dropFirst(start.count))) : name
      guard today.updateValue(value, forKey: mapped) == nil else {
        throw CheckpointError(file: file, "has both an older and today's name of '\(mapped.printed)'")
      }
    }
    return today
  }
}
