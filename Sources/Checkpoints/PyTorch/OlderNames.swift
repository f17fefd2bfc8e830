import Files

/// VMamba's names before its second release, mapped to today's.
enum OlderNames {
  /// Renames where the names show an older VMamba: a block with `self_attention` or `ln_1`.
  ///
  /// - Throws: `CheckpointError` when two tensors would get one name.
  static func mapped<Value>(_ tensors: [String: Value], file: String) throws -> [String: Value] {
    guard let prefix = tensors.keys.lazy.compactMap(prefix).min() else { return tensors }
    var today: [String: Value] = [:]
    for (name, value) in tensors {
      let mapped = mapped(name, prefix)
      guard today.updateValue(value, forKey: mapped) == nil else {
        throw CheckpointError(file: file, "has both an older and today's name of '\(mapped.printed)'")
      }
    }
    return today
  }

  /// What stands before `layers.I.blocks.J.ln_1.`; nil for any other name.
  private static func prefix(_ name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let block = parts.firstIndex(where: { $0 == "self_attention" || $0 == "ln_1" }), block >= 4,
      parts[block - 4] == "layers", Int(parts[block - 3]) != nil, parts[block - 2] == "blocks",
      Int(parts[block - 1]) != nil
    else { return nil }
    return parts[..<(block - 4)].map { $0 + "." }.joined()
  }

  private static func mapped(_ name: String, _ prefix: String) -> String {
    guard name.hasPrefix(prefix) else { return name }
    let rest = name.dropFirst(prefix.count)
    for (old, new) in [
      ("patch_embed.proj.", "patch_embed.0."), ("patch_embed.norm.", "patch_embed.2."),
      ("norm.", "classifier.norm."), ("head.", "classifier.head."),
    ] where rest.hasPrefix(old) {
      return prefix + new + rest.dropFirst(old.count)
    }
    var parts = rest.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 5, parts[0] == "layers", parts[2] == "blocks" else { return name }
    switch parts[4] {
    case "ln_1": parts[4] = "norm"
    case "self_attention": parts[4] = "op"
    default: return name
    }
    return prefix + parts.joined(separator: ".")
  }
}
