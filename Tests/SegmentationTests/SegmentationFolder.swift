import Configuration
import Data
import Imaging
import Segmentation
import TestSupport

/// A folder of images and label maps.
extension TemporaryFolder {
  /// Writes a picture of 3 x 1 pixels as PNG, whatever its name says.
  func image(_ name: String) throws {
    try write(try Image(height: 1, width: 3, colour: [1, 2, 3]).encodedPNG(), as: name)
  }

  /// Writes a label map of one row.
  func labels(_ name: String, _ pixels: [Int32] = [0, 1, 2]) throws {
    try write(try LabelMap(height: 1, width: pixels.count, pixels: pixels).encodedPNG(), as: name)
  }
}

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
    return try components.datasets.build(
      configuration(text), scope: "mmseg", in: DataContext(scope: "mmseg", components: components))
  }
}
