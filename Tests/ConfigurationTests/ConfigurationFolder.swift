import Configuration
import TestSupport

/// A folder of config files.
extension TemporaryFolder {
  func load(_ name: String, _ overrides: [String] = []) throws -> ConfigurationNode {
    try ConfigurationNode.load(file: "\(path)/\(name)", overrides: overrides)
  }

  func error(_ name: String, _ overrides: [String] = []) -> String {
    do { return "no error: \(try load(name, overrides).yaml())" } catch { return "\(error)" }
  }
}
