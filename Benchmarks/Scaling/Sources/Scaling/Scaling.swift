import Foundation

/// Prints what the model of a step says of the measured runs, and of clusters.
@main struct Scaling {
  static func main() {
    print("Measured in network namespaces, and what the model says of the same:\n")
    print("| run | hosts | link | measured | model |\n|---|---|---|---|---|")
    for run in Measurements.runs {
      let model = StepModel(
        work: run.work, network: run.network, engine: Measurements.engine, copying: Measurements.copying,
        overlaps: run.overlaps)
      print(
        "| \(run.name) | \(run.hosts) | \(run.link) | \(text(run.seconds, 2)) s | \(text(model.seconds(nodes: run.hosts), 2)) s |"
      )
    }
    for recipe in Measurements.recipes {
      let node = recipe.onLargeNode
      print(
        "\n\(node.name), a node of \(Measurements.cores) cores (\(text(node.forward + node.backward + node.update, 2)) s a step alone):\n"
      )
      print("| nodes |" + Measurements.links.map { " \($0.name) |" }.joined())
      print("|---|" + Measurements.links.map { _ in "---|" }.joined())
      for nodes in [2, 4, 8, 16, 32, 64, 128, 256] {
        let cells = Measurements.links.map { link in
          var model = StepModel(
            work: node, network: link.network, engine: Measurements.engine,
            copying: Measurements.copying)
          let with = model.efficiency(nodes: nodes)
          model.overlaps = false
          return " \(text(with, 2)) (\(text(model.efficiency(nodes: nodes), 2))) |"
        }
        print("| \(nodes) |" + cells.joined())
      }
    }
  }

  /// A number with so many digits behind the point.
  private static func text(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }
}
