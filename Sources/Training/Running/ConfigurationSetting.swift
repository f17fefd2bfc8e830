import Configuration
import Tensors

/// One value of a config.
public struct ConfigurationSetting: Codable, Sendable, Equatable {
  /// Where it stands: `model.backbone.dims`.
  public var path: String
  /// As YAML on one line.
  public var value: String

  /// A value and its place.
  public init(path: String, value: String) { (self.path, self.value) = (path, value) }
}

extension ConfigurationNode {
  /// The values that the file itself gives, or the command line, and none of its bases; a list of plain values is one.
  var ownSettings: [ConfigurationSetting] {
    let file = location.file
    var found: [ConfigurationSetting] = []
    func isOwn(_ node: ConfigurationNode) -> Bool {
      node.location.argument != nil || node.location.file == file
    }
    func visit(_ node: ConfigurationNode, _ path: String) {
      if let entries = node.entries, !entries.isEmpty {
        for entry in entries { visit(entry.value, path.isEmpty ? entry.key : "\(path).\(entry.key)") }
      } else if let elements = node.elements,
        elements.contains(where: { !($0.entries ?? []).isEmpty || !($0.elements ?? []).isEmpty })
      {
        for (index, element) in elements.enumerated() { visit(element, "\(path).\(index)") }
      } else if isOwn(node) {
        let text = node.elements.map { "[" + $0.map { $0.string ?? "null" }.joined(separator: ", ") + "]" }
        found.append(ConfigurationSetting(path: path, value: text ?? node.string ?? "null"))
      }
    }
    visit(self, "")
    return found
  }
}

extension Trainer {
  /// What the run's config says by itself, beyond its bases.
  package var ownSettings: [ConfigurationSetting] { settings.ownSettings }
  /// The seed of all random numbers.
  package var seed: UInt64 { settings.seed }
  /// Bytes that tensors took at most.
  package var peakMemory: Int { TensorMemory.current.peak }
}
