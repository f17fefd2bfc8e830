#if canImport(Glibc)
  import Glibc
#endif

extension ConfigurationNode {
  static let baseDepth = 16

  /// Reads a config with everything that its `_base_` names, then applies `--cfg-options`.
  ///
  /// Bases merge in order, then the file over them: mappings key by key, all else replaced; `_delete_: true` in a
  /// mapping replaces the base's as a whole. An override `a.b.0.c=VALUE` reads VALUE as YAML.
  ///
  /// - Throws: `ConfigurationError` with the place of the mistake.
  public static func load(file path: String, overrides: [String] = []) throws -> ConfigurationNode {
    var root = try read(path, chain: [])
    for override in overrides { root = try root.applying(Override(override)) }
    return root.rooted(at: "")
  }

  private static func read(_ path: String, chain: [String]) throws -> ConfigurationNode {
    let here = SourceLocation(file: path)
    let shown = (chain + [path]).joined(separator: "\n    -> ")
    if chain.contains(where: { normalized($0) == normalized(path) }) {
      throw ConfigurationError(location: here, message: "a cycle of _base_:\n    \(shown)")
    }
    guard chain.count <= baseDepth else {
      throw ConfigurationError(
        location: here, message: "_base_ is nested deeper than \(baseDepth):\n    \(shown)")
    }
    guard !path.hasSuffix(".py") else {
      throw ConfigurationError(
        location: here, message: "Python configs are not read",
        hint: "Write it as YAML, with the same keys: \(path.dropLast(3)).yaml. configs/ has examples.")
    }
    let file = try parse(contents(of: path), file: path)
    guard file.entries != nil else {
      throw ConfigurationError(location: file.location, message: "a config is a mapping, not \(file.kind)")
    }
    var merged: ConfigurationNode?
    for base in try bases(of: file) {
      let node = try read(relative(base.path, to: path), chain: chain + [path])
      merged = try merged.map { try $0.merged(with: node) } ?? node
    }
    let own = file.removing(["_base_"])
    return try merged.map { try $0.merged(with: own) } ?? own.withoutDeletionMarks()
  }

  private static func bases(of file: ConfigurationNode) throws -> [(path: String, node: ConfigurationNode)] {
    guard let base = file["_base_"], !base.isNull else { return [] }
    return try (base.elements ?? [base]).map { node in
      guard let path = node.string else { throw node.error("a path is expected, not \(node.kind)") }
      return (path, node)
    }
  }

  /// A path that a config names, which is relative to the config's folder.
  static func relative(_ path: String, to file: String) -> String {
    guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
    return file[...slash] + path
  }

  /// The path without `.` and `a/..`, so that one file has one name.
  private static func normalized(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func contents(of path: String) throws -> [UInt8] {
    func failure(_ message: String) -> ConfigurationError {
      ConfigurationError(location: SourceLocation(file: path), message: message)
    }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw failure("cannot be read: \(String(cString: strerror(errno)))")
    }
    // A fifo would be waited for, a device never ends.
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a file") }
    guard status.st_size <= Limit.bytes else {
      throw failure("\(status.st_size) bytes, more than the \(Limit.bytes) a config may have")
    }
    guard let file = fopen(path, "rb") else {
      throw failure("cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    let size = Int(status.st_size)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = fread(buffer.baseAddress, 1, size, file)
    }
  }

  /// This tree with another laid over it.
  func merged(with other: ConfigurationNode) throws -> ConfigurationNode {
    guard let entries, let others = other.entries else { return other.withoutDeletionMarks() }
    if other["_delete_"]?.bool == true { return other.withoutDeletionMarks() }
    var result = entries
    for entry in others where entry.key != "_delete_" {
      guard let index = result.firstIndex(where: { $0.key == entry.key }) else {
        result.append(
          Entry(key: entry.key, location: entry.location, value: entry.value.withoutDeletionMarks()))
        continue
      }
      result[index].value = try result[index].value.merged(with: entry.value)
      result[index].location = entry.location
    }
    return ConfigurationNode(.mapping(result), at: other.location)
  }

  private func withoutDeletionMarks() -> ConfigurationNode {
    switch value {
    case .scalar: self
    case .sequence(let elements):
      ConfigurationNode(.sequence(elements.map { $0.withoutDeletionMarks() }), at: location, keyPath: keyPath)
    case .mapping(let entries):
      ConfigurationNode(
        .mapping(
          entries.filter { $0.key != "_delete_" }
            .map { Entry(key: $0.key, location: $0.location, value: $0.value.withoutDeletionMarks()) }),
        at: location, keyPath: keyPath)
    }
  }
}

/// One `KEY=VALUE` of `--cfg-options`.
private struct Override {
  let path: [String]
  let value: ConfigurationNode
  let argument: String

  init(_ argument: String) throws {
    func failure(_ message: String, column: Int) -> ConfigurationError {
      ConfigurationError(
        location: SourceLocation(file: "--cfg-options", line: 1, column: column),
        message: "\(argument): \(message)",
        hint: "Write it as key.path=value, such as model.backbone.depths=[2,2,9,2].")
    }
    self.argument = argument
    guard let equals = argument.firstIndex(of: "=") else {
      throw failure("no '='", column: argument.count + 1)
    }
    path = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    var column = 1
    for step in path {
      guard !step.isEmpty else { throw failure("an empty step in the key", column: column) }
      column += step.count + 1
    }
    let text = String(argument[argument.index(after: equals)...])
    do {
      value = try ConfigurationNode.parse(text.isEmpty ? "\"\"" : text, file: "--cfg-options")
        .placed(SourceLocation(file: "--cfg-options \(argument)"))
    } catch let error as ConfigurationError {
      throw failure(error.message, column: column + (error.location?.column ?? 1) - 1)
    }
  }
}

extension ConfigurationNode {
  /// The same tree, all of it written at one place.
  fileprivate func placed(_ location: SourceLocation) -> ConfigurationNode {
    switch value {
    case .scalar: ConfigurationNode(value, at: location)
    case .sequence(let elements):
      ConfigurationNode(.sequence(elements.map { $0.placed(location) }), at: location)
    case .mapping(let entries):
      ConfigurationNode(
        .mapping(entries.map { Entry(key: $0.key, location: location, value: $0.value.placed(location)) }),
        at: location)
    }
  }

  fileprivate func applying(_ override: Override) throws -> ConfigurationNode {
    try replacing(override.path[...], override)
  }

  private func replacing(_ path: ArraySlice<String>, _ override: Override) throws -> ConfigurationNode {
    guard let step = path.first else { return try merged(with: override.value) }
    func failure(_ message: String) -> ConfigurationError {
      ConfigurationError(
        location: override.value.location, keyPath: override.path.joined(separator: "."), message: message)
    }
    switch value {
    case .sequence(var elements):
      guard let index = Int(step), elements.indices.contains(index) else {
        throw failure("'\(step)' is no position in a list of \(elements.count)")
      }
      elements[index] = try elements[index].replacing(path.dropFirst(), override)
      return ConfigurationNode(.sequence(elements), at: location)
    case .mapping, .scalar:
      if case .scalar = value, !isNull { throw failure("'\(step)' is below \(kind), which holds no keys") }
      let inner = self[step] ?? ConfigurationNode(.mapping([]), at: override.value.location)
      let isNew = self[step] == nil && path.count == 1
      return setting(step, to: isNew ? override.value : try inner.replacing(path.dropFirst(), override))
    }
  }
}
