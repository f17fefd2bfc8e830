import Files

extension Checkpoint {
  /// The weights to be written to another file.
  ///
  /// - Parameters:
  ///   - wantsAverages: Whether the averaged weights are wanted.
  ///   - prefix: Only what is below this name, which is taken off.
  ///   - half: Whether floating-point numbers become half precision.
  /// - Throws: `CheckpointError` when the file has no such weights.
  public func selected(averages wantsAverages: Bool, prefix: String?, half: Bool) throws -> [String:
    StoredTensor]
  {
    var chosen = weights
    if wantsAverages {
      guard let averages else {
        throw CheckpointError(
          file: file,
          "has no averaged weights under 'model_ema' or 'ema_state_dict' (layout: \(layout.printed))")
      }
      chosen = averages
    }
    if let prefix {
      let start = prefix.hasSuffix(".") ? prefix : prefix + "."
      let tops = Set(chosen.keys.map { String($0.prefix { $0 != "." }) })
      chosen = chosen.reduce(into: [:]) { names, entry in
        if entry.key.hasPrefix(start) { names[String(entry.key.dropFirst(start.count))] = entry.value }
      }
      guard !chosen.isEmpty else {
        let shown = tops.sorted().prefix(8).map { "'\($0.printed)'" }.joined(separator: ", ")
        throw CheckpointError(file: file, "has no tensors below '\(prefix)'; its names begin with \(shown)")
      }
    }
    guard half else { return chosen }
    return try chosen.reduce(into: [:]) { $0[$1.key] = try $1.value.halved(name: $1.key, file: file) }
  }
}
