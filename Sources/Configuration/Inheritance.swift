import Files
import Glibc

extension ConfigurationNode {
  static let baseDepth = 16

  /// Reads a config with everything that its `_base_` names, then applies `--cfg-options`.
  ///
  /// Bases merge in order, then the file over them: mappings key by key, all else replaced; `_delete_: true` in a
  /// mapping replaces the base's as a whole. An override `a.b.0.c=VALUE` reads VALUE as YAML. A relative name, here or
  /// in `_base_`, that leads to no file is looked for among the configs that are installed with the program
  /// (`share/dense` beside its `bin`).
  ///
  /// - Throws: `ConfigurationError` with the place of the mistake.
  public static func load(file path: String, overrides: [String] = []) throws -> ConfigurationNode {
    let file = InstalledConfigs.file(path, called: path)
    return try overridden(try read(file, chain: [], at: SourceLocation(file: file)), by: overrides)
  }

  /// Reads a config that was merged before, such as the one in a checkpoint, then applies `--cfg-options`.
  ///
  /// - Parameters:
  ///   - text: YAML, or JSON.
  ///   - file: What it is called in errors.
  ///   - overrides: Arguments of `--cfg-options`, each `KEY=VALUE`, in order.
  /// - Throws: `ConfigurationError` with the place of the mistake.
  public static func load(text: String, file: String, overrides: [String] = []) throws -> ConfigurationNode {
    try overridden(try parse(text, file: file), by: overrides)
  }

  private static func overridden(
    _ node: ConfigurationNode, by overrides: [String]
  ) throws -> ConfigurationNode {
    var root = node
    for (index, override) in overrides.enumerated() {
      root = try Override(override, number: index + 1).applied(to: root)
    }
    return root.rooted(at: "")
  }

  /// Holds that arguments of `--cfg-options` are written as they have to be; whether a config has their keys is another
  /// matter.
  ///
  /// - Throws: `ConfigurationError` with the argument and the column.
  public static func requireForm(ofOverrides overrides: [String]) throws {
    for (index, override) in overrides.enumerated() { _ = try Override(override, number: index + 1) }
  }

  /// - Parameter here: Where the path was written.
  private static func read(
    _ path: String, chain: [String], at here: SourceLocation
  ) throws -> ConfigurationNode {
    let shown = (chain + [path]).joined(separator: "\n    -> ")
    if chain.contains(where: { normalized($0) == normalized(path) }) {
      throw ConfigurationError(location: here, message: "a cycle of _base_:\n    \(shown)")
    }
    guard chain.count <= baseDepth else {
      throw ConfigurationError(
        location: here, message: "_base_ is nested deeper than \(baseDepth):\n    \(shown)")
    }
    // A base is named where it was asked for; the file that was given on the command line needs no place.
    let subject = chain.isEmpty ? "" : "\(path): "
    guard !path.hasSuffix(".py") else {
      throw ConfigurationError(
        location: here, message: "\(subject)Python configs are not read", hint: replacement(for: path))
    }
    let file = try parse(
      contents(of: path) { ConfigurationError(location: here, message: subject + $0) }, file: path)
    guard file.entries != nil else {
      throw ConfigurationError(
        location: file.location,
        message: "a config is a mapping, not \(file.elements == nil ? "a single value" : "a list")")
    }
    var merged: ConfigurationNode?
    for base in try bases(of: file) {
      let found = InstalledConfigs.file(relative(base.path, to: path), called: base.path)
      let node = try read(found, chain: chain + [path], at: base.node.location)
      merged = try merged.map { try $0.merged(with: node) } ?? node
    }
    let own = file.removing(["_base_"])
    return try merged.map { try $0.merged(with: own) } ?? own.withoutDeletionMarks()
  }

  /// The YAML file that stands for a Python config: that of the same name, else the nearest of its folder.
  private static func replacement(for path: String) -> String {
    let yaml = path.dropLast(3) + ".yaml"
    if access(String(yaml), R_OK) == 0 { return "Use \(yaml) instead." }
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let files = names(in: folder.isEmpty ? "." : folder).filter { $0.hasSuffix(".yaml") }
    let near = nearest(to: String(yaml.dropFirst(folder.count)), among: files)
    guard near.isEmpty else {
      return "Of the YAML files beside it the nearest: \(near.map { folder + $0 }.joined(separator: ", "))."
    }
    return "Write it as YAML: dense config import \(path) --out \(yaml)."
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while names.count < 10_000, let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
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
  static func normalized(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func contents(
    of path: String, failure: (String) -> ConfigurationError
  ) throws -> [UInt8] {
    do {
      let file = try RegularFile(path, wanted: "a config")
      guard file.size <= Limit.bytes else {
        throw failure("\(file.size) bytes, more than the \(Limit.bytes) a config may have")
      }
      return try file.whole()
    } catch let error as FileError { throw failure(error.message) }
  }

  /// This tree with another laid over it.
  func merged(with other: ConfigurationNode) throws -> ConfigurationNode {
    guard let entries, let others = other.entries else { return other.withoutDeletionMarks() }
    if other["_delete_"]?.bool == true { return other.withoutDeletionMarks() }
    var result = entries
    let places = Dictionary(entries.enumerated().map { ($1.key, $0) }) { first, _ in first }
    for entry in others where entry.key != "_delete_" {
      guard let index = places[entry.key] else {
        result.append(
          Entry(key: entry.key, location: entry.location, value: entry.value.withoutDeletionMarks()))
        continue
      }
      result[index].value = try result[index].value.merged(with: entry.value)
      result[index].location = entry.location
    }
    return ConfigurationNode(.mapping(result), at: other.location)
  }

  func withoutDeletionMarks() -> ConfigurationNode {
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
