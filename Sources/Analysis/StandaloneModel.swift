import Configuration
import Data
import Imaging
import Modeling
import Tensors
import Training

/// The model of a config without its data: nothing but `default_scope`, `model` and `precision` is looked at, and no file
/// is opened.
public struct StandaloneModel {
  /// The model, with weights drawn from seed 0.
  public let model: any Model
  /// `num_classes` of the config, else that of COCO (80), ADE20K (150) or ImageNet (1000), by the kind of model.
  public let classes: Int
  /// The size of its pictures unless another is asked for.
  public let defaultSize: ImageSize
  /// What the config's `precision` asks for.
  public let precision: Precision

  /// Height and width of a picture from two numbers.
  ///
  /// - Throws: `ConfigurationError` for anything but two numbers of pixels.
  public static func size(_ shape: [Int]) throws -> ImageSize {
    guard shape.count == 2, shape.allSatisfy({ (1...ImageLimits.side).contains($0) }),
      shape[0] * shape[1] <= ImageLimits.pixels
    else {
      throw ConfigurationError(
        keyPath: "--shape",
        message: "\(shape.map(String.init).joined(separator: " ")): height and width are wanted, each "
          + "1 ... \(ImageLimits.side), and at most \(ImageLimits.pixels) pixels in all")
    }
    return ImageSize(height: shape[0], width: shape[1])
  }

  /// Builds the model.
  ///
  /// - Parameters:
  ///   - configuration: The whole config, of which `default_scope`, `model` and `precision` count.
  ///   - components: Where its types are looked up.
  ///   - size: Of the pictures it is for: a fixed size of `data_preprocessor` becomes this one. Nil: the usual one of
  ///     the kind, in training that of `data_preprocessor` where it has one.
  ///   - isTraining: What it is for.
  /// - Throws: `ConfigurationError` with the place of what is wrong, and for a size that the model cannot take.
  public init(
    _ configuration: ConfigurationNode, components: Components, size: ImageSize? = nil,
    isTraining: Bool = false
  ) throws {
    let keys = (configuration.entries ?? []).map(\.key)
    var node = configuration.removing(Set(keys).subtracting(["default_scope", "model", "precision"]))
    var experiment = Experiment(try ExperimentConfiguration(node), components: components)
    let kind = Kind(scope: experiment.scope)
    let fixed = node.node(at: "model.data_preprocessor.size")
    let side = fixed?.elements?.compactMap(\.int) ?? []
    defaultSize = isTraining && side.count == 2 ? try Self.size(side) : kind.size
    let wanted = size ?? defaultSize
    if let fixed, let model = node["model"], let preprocessor = model["data_preprocessor"] {
      let sides = [wanted.height, wanted.width].enumerated().map { index, side in
        ConfigurationNode(
          .scalar(text: "\(side)", isQuoted: false), at: fixed.location, keyPath: "\(fixed.keyPath).\(index)")
      }
      let size = ConfigurationNode(.sequence(sides), at: fixed.location, keyPath: fixed.keyPath)
      node = node.setting(
        "model", to: model.setting("data_preprocessor", to: preprocessor.setting("size", to: size)))
      experiment = Experiment(try ExperimentConfiguration(node), components: components)
    }
    classes = node["model"].flatMap(Self.classes(in:)) ?? kind.classes
    let names = (0..<classes).map { "class \($0)" }
    try Self.check(wanted, experiment, classes: names)
    model = try experiment.model(classes: names)
    model.initialize(seed: 0)
    precision = experiment.configuration.usesBFloat16 ? .bfloat16 : .float32
  }

  /// The first `num_classes` of a head, where it is one that can be: what builds the head says what is wrong with others.
  private static func classes(in node: ConfigurationNode) -> Int? {
    for entry in node.entries ?? [] where !["backbone", "data_preprocessor"].contains(entry.key) {
      if entry.key == "num_classes", let count = entry.value.int, (1...100_000).contains(count) {
        return count
      }
      if let count = classes(in: entry.value) { return count }
    }
    for element in node.elements ?? [] { if let count = classes(in: element) { return count } }
    return nil
  }

  /// Whether the backbone's coarsest map has a cell.
  private static func check(_ size: ImageSize, _ experiment: Experiment, classes: [String]) throws {
    guard let model = experiment.configuration.model,
      let node = try PretrainedWeights.extracted(from: model).model.node["backbone"]
    else { return }
    let backbone = try experiment.components.backbones.build(
      try ComponentConfiguration(node), scope: experiment.scope,
      in: ModelContext(scope: experiment.scope, classes: classes, components: experiment.components))
    let stride = backbone.outputs.map(\.stride).max() ?? 1
    guard min(size.height, size.width) >= stride else {
      throw ConfigurationError(
        keyPath: "--shape",
        message: "\(size.height) \(size.width): the backbone's coarsest map has a step of \(stride) pixels",
        hint: "Height and width have to be \(stride) or more.")
    }
  }

  /// What a scope's models find, and in pictures of which size.
  private struct Kind {
    let classes: Int
    let size: ImageSize

    init(scope: String?) {
      switch scope {
      case "mmseg": (classes, size) = (150, ImageSize(height: 512, width: 2048))
      case "mmpretrain", "mmcls": (classes, size) = (1000, ImageSize(height: 224, width: 224))
      default: (classes, size) = (80, ImageSize(height: 1280, width: 800))
      }
    }
  }
}
