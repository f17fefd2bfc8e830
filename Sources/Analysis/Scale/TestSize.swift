import Configuration
import Imaging

extension ConfigurationNode {
  /// The config with the pictures of validation and test brought to another size, where their pipelines make them one:
  /// `Resize`, `CenterCrop`, and a `ResizeEdge` in the ratio that it has to the crop behind it.
  ///
  /// - Throws: `ConfigurationError` for a pipeline that sets no size.
  public func testing(at size: ImageSize) throws -> ConfigurationNode {
    var (node, hasSize) = (self, false)
    for name in ["val_dataloader", "test_dataloader"] {
      guard let loader = node[name], let dataset = loader["dataset"] else { continue }
      let (changed, found) = dataset.withPipeline(of: size)
      node = node.setting(name, to: loader.setting("dataset", to: changed))
      hasSize = hasSize || found
    }
    guard hasSize else {
      throw ConfigurationError(
        location: self["test_dataloader"]?.location ?? self["val_dataloader"]?.location ?? location,
        keyPath: "test_dataloader.dataset.pipeline",
        message: "has no Resize, ResizeEdge or CenterCrop whose size could be another")
    }
    return node
  }

  private func withPipeline(of size: ImageSize) -> (ConfigurationNode, Bool) {
    if let inner = self["dataset"] {
      let (changed, found) = inner.withPipeline(of: size)
      return (setting("dataset", to: changed), found)
    }
    guard let pipeline = self["pipeline"], let steps = pipeline.elements else { return (self, false) }
    let short = min(size.height, size.width)
    let crop = steps.first { $0.kindOfStep == "CenterCrop" }.flatMap { $0["crop_size"]?.shortestSide }
    var found = false
    let changed = steps.map { step -> ConfigurationNode in
      switch step.kindOfStep {
      case "Resize":
        found = true
        return step.removing(["scale_factor"]).setting(
          "scale", to: step.numbers([size.width, size.height], "scale"))
      case "CenterCrop":
        found = true
        return step.setting("crop_size", to: step.numbers([size.height, size.width], "crop_size"))
      case "ResizeEdge":
        found = true
        let edge = step["scale"]?.int.map { edge in crop.map { short * edge / max(1, $0) } ?? short } ?? short
        return step.setting("scale", to: step.number(edge, "scale"))
      default: return step
      }
    }
    let list = ConfigurationNode(.sequence(changed), at: pipeline.location, keyPath: pipeline.keyPath)
    return (setting("pipeline", to: list), found)
  }

  /// The type of a step without its scope.
  private var kindOfStep: String? { self["type"]?.string?.split(separator: ".").last.map(String.init) }

  private var shortestSide: Int? { int ?? elements?.compactMap(\.int).min() }

  private func number(_ number: Int, _ key: String) -> ConfigurationNode {
    ConfigurationNode(.scalar(text: "\(number)", isQuoted: false), at: location, keyPath: "\(keyPath).\(key)")
  }

  private func numbers(_ numbers: [Int], _ key: String) -> ConfigurationNode {
    let elements = numbers.enumerated().map { number($1, "\(key).\($0)") }
    return ConfigurationNode(.sequence(elements), at: location, keyPath: "\(keyPath).\(key)")
  }
}
