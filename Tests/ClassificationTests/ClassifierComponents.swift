import Backbones
import Classification
import Configuration
import Data
import Detection
import Foundation
import Imaging
import Layers
import Modeling
import Segmentation
import Tensors
import TestSupport

/// Pictures of one colour each, in a folder; the colour is the class.
struct ColouredPictures: Dataset, InstanceTruthSource {
  struct Configuration: Decodable, Sendable {
    var settings: DatasetSettings
    var labels: [Int?]

    enum CodingKeys: String, CodingKey { case labels }

    init(from decoder: any Decoder) throws {
      settings = try DatasetSettings(from: decoder)
      labels = try decoder.container(keyedBy: CodingKeys.self).decode([Int?].self, forKey: .labels)
    }
  }

  let folder: String
  let labels: [Int?]
  let metainfo: DatasetMetainfo
  let pipeline: Pipeline
  let isTest: Bool
  var count: Int { labels.count }

  init(_ configuration: Configuration, in context: DataContext) throws {
    folder = configuration.settings.root ?? ""
    labels = configuration.labels
    metainfo = DatasetMetainfo(classes: configuration.settings.classes ?? ["red", "green", "blue"])
    pipeline = try Pipeline(configuration.settings.pipeline, in: context)
    isTest = configuration.settings.isTest
  }

  init(_ labels: [Int?], classes: [String] = ["red", "green", "blue"]) {
    (folder, self.labels, metainfo) = ("", labels, DatasetMetainfo(classes: classes))
    (pipeline, isTest) = (Pipeline([]), false)
  }

  func sample(at index: Int) throws -> Sample {
    Sample(index: index, imageID: index, imagePath: "\(folder)/\(index).png", classLabel: labels[index])
  }

  func instanceTruth() throws -> InstanceTruth? { nil }

  /// Writes the pictures.
  static func write(_ labels: [Int], to folder: String) throws {
    for (index, label) in labels.enumerated() {
      var random = RandomGenerator(seed: 3, sample: index, purpose: .dataOrder)
      let pixels = (0..<32 * 32 * 3).map { place in
        UInt8((place % 3 == 2 - label ? 170 : 40) + random.integer(below: 60))
      }
      try Image(height: 32, width: 32, pixels: pixels).writePNG(to: "\(folder)/\(index).png")
    }
  }
}

/// A backbone of one convolution.
struct SmallBackbone: Backbone {
  struct Settings: Decodable {}

  let outputs = [FeatureMap(channels: 6, stride: 4)]
  private let convolution = Conv2d(3, 6, kernel: 4, stride: 4)
  var tree: ParameterTree { ["conv": .layer(convolution)] }
  func callAsFunction(_ images: Tensor) -> [Tensor] { [convolution(images).gelu()] }
}

/// The same with the names of a release whose classifier stands at the root.
struct RootedBackbone: Backbone {
  struct Settings: Decodable {}

  let small = SmallBackbone()
  var outputs: [FeatureMap] { small.outputs }
  var tree: ParameterTree { small.tree }
  func callAsFunction(_ images: Tensor) -> [Tensor] { small(images) }
  func classifierTree(head: ParameterTree) -> ParameterTree {
    ["conv": .tree(small.tree.tree(at: "conv") ?? [:]), "classifier": .tree(["head": .tree(head)])]
  }
}

extension Components {
  /// All rooms, with the types of these tests.
  static var classifiers: Components {
    var components = Components()
    components.addBackbones()
    components.addDetection()
    components.addSegmentation()
    components.addClassification()
    components.backbones.add("Small") { (_: SmallBackbone.Settings, _: ModelContext) in SmallBackbone() }
    components.backbones.add("Rooted") { (_: RootedBackbone.Settings, _: ModelContext) in RootedBackbone() }
    components.data.datasets.add("ColouredPictures") {
      (c: ColouredPictures.Configuration, context: DataContext) in try ColouredPictures(c, in: context)
    }
    return components
  }

  /// A model of a config.
  func model(_ text: String, classes: [String]? = nil) throws -> any Model {
    try models.build(
      ComponentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")), scope: nil,
      in: ModelContext(classes: classes, components: self))
  }
}

/// What a body throws, as a user reads it.
func message(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return ""
}
