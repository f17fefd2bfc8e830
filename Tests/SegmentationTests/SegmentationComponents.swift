import Configuration
import Data
import Modeling
import Segmentation

/// What the tests of this room need of the registries.
enum SegmentationComponents {
  static var all: Components {
    var components = Components()
    components.addSegmentation()
    return components
  }

  static func configuration(_ text: String) throws -> ComponentConfiguration {
    try ConfigurationNode.parse(text, file: "test.yaml").decode(ComponentConfiguration.self)
  }

  /// Builds a data set from YAML.
  static func dataset(_ text: String) throws -> any Dataset {
    let components = all
    return try components.data.datasets.build(
      configuration(text), scope: "mmseg", in: DataContext(scope: "mmseg", components: components.data))
  }
}
