import Configuration
import Data
import Detection
import Modeling

/// What the tests of this room need of the registries.
enum DetectionComponents {
  static var all: Components {
    var components = Components()
    components.addDetection()
    return components
  }

  static func configuration(_ text: String) throws -> ComponentConfiguration {
    try ConfigurationNode.parse(text, file: "test.yaml").decode(ComponentConfiguration.self)
  }

  /// Builds a data set from YAML.
  static func dataset(_ text: String) throws -> any Dataset {
    let components = all
    return try components.data.datasets.build(
      configuration(text), scope: "mmdet", in: DataContext(scope: "mmdet", components: components.data))
  }

  /// What the files of a data set name, and what is wrong with them.
  static func inventory(_ text: String) throws -> DatasetInventory {
    let components = all
    return try components.data.inventories.build(
      configuration(text), scope: "mmdet", in: DataContext(scope: "mmdet", components: components.data))
  }
}
