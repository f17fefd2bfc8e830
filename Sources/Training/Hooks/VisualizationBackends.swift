import Configuration

extension ExperimentConfiguration {
  private static let backendKeys = ["vis_backends", "visualizer"]

  private var backendNodes: [ConfigurationNode]? {
    (node["visualizer"]?["vis_backends"] ?? node["vis_backends"])?.elements
  }

  /// The types of `vis_backends`, the visualizer's own first; nil where the config says nothing of them.
  var visualizationBackends: [String]? { backendNodes.map { $0.compactMap { $0["type"]?.string } } }

  /// What of the config has no effect: of `vis_backends` those that there are not.
  var withoutEffect: [String] {
    let known: Set<String> = ["LocalVisBackend", "TensorboardVisBackend"]
    let unknown = (backendNodes ?? []).filter { !known.contains($0["type"]?.string ?? "") }
    return node.pathsWithoutEffect.filter { backendNodes == nil || !Self.backendKeys.contains($0) }
      + unknown.map { "\($0.keyPath) (\($0["type"]?.string ?? "no type"))" }
  }
}
