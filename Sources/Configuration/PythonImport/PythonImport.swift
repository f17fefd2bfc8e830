/// A Python config of mm as a config of this package.
public struct PythonImport {
  /// The merged config, to be written as YAML.
  public let node: ConfigurationNode
  /// What was left out and why, a line each.
  public let notes: [String]

  /// Reads a Python config with all that its `_base_` names; no code runs.
  ///
  /// Names that only other values are made of are left out, and addresses of weights, as nothing is downloaded: the notes
  /// say which.
  ///
  /// - Throws: `ConfigurationError` for a file that cannot be opened; `ConfigurationErrors` with file and line of all that
  ///   cannot be read.
  public init(file: String) throws {
    let config = try PythonConfig(file: file)
    try ConfigurationErrors.report(config.mistakes)
    let variables = (config.node.entries ?? []).map(\.key).filter { ConfigurationNode.isVariable($0) }
    var notes: [String] = []
    if !variables.isEmpty {
      notes.append("left out, as a config has no such keys: \(variables.joined(separator: ", "))")
    }
    var addresses: [String] = []
    let node = config.node.removing(Set(variables)).withoutAddresses(&addresses)
    notes += addresses
    let (whole, loaders) = node.markingTests()
    if !loaders.isEmpty {
      notes.append("test_mode: true is put in where mm goes without: \(loaders.joined(separator: ", "))")
    }
    self.node = whole
    self.notes = notes
  }
}

extension ConfigurationNode {
  /// The config with `test_mode: true` in the data sets of validation and test that do not say, and which these are.
  fileprivate func markingTests() -> (node: ConfigurationNode, loaders: [String]) {
    var (node, loaders) = (self, [String]())
    for name in ["val_dataloader", "test_dataloader"] {
      guard let loader = node[name], let dataset = loader["dataset"], dataset.entries != nil,
        dataset["dataset"] == nil, dataset["datasets"] == nil, dataset["test_mode"] == nil
      else { continue }
      let mark = ConfigurationNode(
        .scalar(text: "true", isQuoted: false), at: dataset.location, keyPath: "\(name).dataset.test_mode")
      node = node.setting(name, to: loader.setting("dataset", to: dataset.setting("test_mode", to: mark)))
      loaders.append(name)
    }
    return (node, loaders)
  }

  /// The tree without `init_cfg`, `pretrained` and `load_from` that name an address.
  fileprivate func withoutAddresses(_ notes: inout [String]) -> ConfigurationNode {
    switch value {
    case .scalar: return self
    case .sequence(let elements):
      return ConfigurationNode(
        .sequence(elements.map { $0.withoutAddresses(&notes) }), at: location, keyPath: keyPath)
    case .mapping(let entries):
      var kept: [Entry] = []
      for var entry in entries {
        if let address = entry.value.address(under: entry.key) {
          notes.append(
            "\(entry.value.keyPath): '\(address.shown)' is an address, and is left out: fetch the file, and give its path "
              + (entry.key == "load_from" ? "as load_from" : "as \(keyPath).pretrained"))
          continue
        }
        entry.value = entry.value.withoutAddresses(&notes)
        kept.append(entry)
      }
      return ConfigurationNode(.mapping(kept), at: location, keyPath: keyPath)
    }
  }

  /// The address that a key for weights names.
  private func address(under key: String) -> String? {
    let name: String?
    switch key {
    case "init_cfg": name = self["checkpoint"]?.string
    case "pretrained", "load_from": name = string
    default: name = nil
    }
    guard let name, name.contains("://") else { return nil }
    return name
  }
}
