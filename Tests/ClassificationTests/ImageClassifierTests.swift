import Backbones
import Classification
import Configuration
import Data
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("classifiers")
struct ImageClassifierTests {
  @Test("have the backbone's names for their weights, and mmpretrain's where it has none")
  func names() throws {
    var components = Components()
    components.addBackbones()
    components.addClassification()
    components.backbones.add("Plain") { (_: Plain.Settings, _: ModelContext) in Plain() }
    let configuration = try ConfigurationNode.parse(
      "{type: ImageClassifier, backbone: {type: Plain}, head: {type: LinearClsHead, num_classes: 2, in_channels: 3}}",
      file: "a.yaml")
    let model = try components.models.build(
      ComponentConfiguration(configuration), scope: nil, in: ModelContext(components: components))
    #expect(model.parameters.map(\.name) == ["head.fc.weight", "head.fc.bias"])
    let sample = Sample(imagePath: "a.png")
    #expect(throws: DataError.self) { try model.predict([sample]) }
  }
}

/// A backbone that gives the image itself.
private struct Plain: Backbone {
  struct Settings: Decodable {}
  let outputs = [FeatureMap(channels: 3, stride: 1)]
  var tree: ParameterTree { [:] }
  func callAsFunction(_ images: Tensor) -> [Tensor] { [images] }
}
