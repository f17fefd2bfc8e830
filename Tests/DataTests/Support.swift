import Checkpoints
import Configuration
import Foundation
import Imaging
import Masks
import TestSupport
import Testing

import Data

/// Reads a component from YAML.
func component(_ text: String) throws -> ComponentConfiguration {
  try ConfigurationNode.parse(text, file: "test.yaml").decode(ComponentConfiguration.self)
}

/// Builds transforms from YAML, as a config would.
func pipeline(scope: String? = "mmdet", _ steps: String...) throws -> Pipeline {
  try Pipeline(try steps.map(component), in: DataContext(scope: scope, components: DataComponents()))
}

/// A golden case as this room's types.
struct GoldenCase {
  let stored: Safetensors
  let config: ConfigurationNode

  init(_ name: String) throws {
    stored = try Safetensors(file: Golden.path(name))
    config = try ConfigurationNode.parse(stored.metadata["config"] ?? "{}", file: name)
  }

  func tensor(_ name: String) throws -> StoredTensor { try #require(stored.tensors[name]) }

  func image(_ name: String) throws -> Image {
    let tensor = try tensor(name)
    return Image(
      height: tensor.shape[0], width: tensor.shape[1], channels: tensor.shape.count == 3 ? 3 : 1,
      pixels: tensor.bytes)
  }

  func labels(_ name: String) throws -> LabelMap {
    let tensor = try tensor(name)
    return LabelMap(
      height: tensor.shape[0], width: tensor.shape[1], pixels: tensor.integers.map { Int32($0) })
  }

  func bitmaps(_ name: String) throws -> [Bitmap] {
    let tensor = try tensor(name)
    let count = tensor.shape[1] * tensor.shape[2]
    return (0..<tensor.shape[0]).map {
      Bitmap(
        height: tensor.shape[1], width: tensor.shape[2],
        pixels: Array(tensor.bytes[$0 * count..<($0 + 1) * count]))
    }
  }

  /// Image, objects and label map of a `sample_transform` case, before (`input`) or after (`output`).
  func sample(_ group: String) throws -> Sample {
    let image = try image("\(group).img")
    var sample = Sample(imagePath: "golden", size: image.size)
    sample.image = image
    let labels = try tensor("\(group).labels").integers
    sample.instances = Instances(
      boxes: Boxes(try tensor("\(group).bboxes").tensor.values), labels: labels,
      masks: try bitmaps("\(group).bitmaps").map { .bitmap($0) },
      isIgnored: labels.map { _ in false })
    sample.labelMap = try self.labels("\(group).seg_map")
    return sample
  }
}

/// A data set of images in memory: pixel values are the index.
struct MemoryDataset: Dataset {
  var count: Int
  var metainfo = DatasetMetainfo(classes: ["thing"])
  var pipeline = Pipeline([])
  var isTest = false
  /// What the annotations say of the images' sizes.
  var sizes: [ImageSize]?

  func sample(at index: Int) throws -> Sample {
    var sample = Sample(
      index: index, imageID: index, imagePath: "images/\(index).png",
      size: sizes?[index] ?? ImageSize(height: 1, width: 2),
      annotations: [InstanceAnnotation(box: SIMD4(0, 0, 1, 1), label: 0)])
    sample.image = Image(height: 1, width: 2, pixels: [UInt8(index % 256), 0, 0, 1, 1, 1])
    return sample
  }
}
