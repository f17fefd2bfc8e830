import Backbones
import Checkpoints
import Configuration
import Data
import Layers
import Modeling
import Tensors

/// Swin: backbone, weights of the release, classifier.
let swinCases: [String: CaseRunner] = [
  "swin_backbone": { golden in
    let backbone = SwinTransformer(try golden.config.decode(SwinTransformer.Configuration.self))
    try backbone.load(golden.group("state"), file: golden.path)
    return try runBackbone(golden, backbone)
  },
  "swin_convert": { golden in
    guard let node = golden.config["backbone"] else {
      throw CheckpointError(file: golden.path, "has no 'backbone'")
    }
    let backbone = SwinTransformer(try node.decode(SwinTransformer.Configuration.self))
    try backbone.load(
      golden.group("state"), file: golden.path, rules: LoadingRules(allowsUnused: true))
    var results = CaseResults()
    for (name, tensor) in backbone.stateDict where golden.tensors["output.\(name)"] != nil {
      results.tensors["output.\(name)"] = tensor
    }
    return results
  },
  "swin_classifier": { golden in
    let node = golden.config.renamed([
      "in_chans": "in_channels", "embed_dim": "embed_dims", "ape": "use_abs_pos_embed",
      "use_checkpoint": "with_cp",
    ])
    let backbone = SwinTransformer(
      try node.without(["num_classes"]).decode(SwinTransformer.ReleaseConfiguration.self).settings)
    return try runClassifier(golden, backbone)
  },
]

/// A backbone from `input.img` to `output.I`.
func runBackbone(_ golden: GoldenCase, _ backbone: any Backbone) throws -> CaseResults {
  let x = try golden.input("img").tensor.withGradient()
  var results = CaseResults()
  var outputs: [String: Tensor] = [:]
  for (index, feature) in backbone(x.channelsLast).enumerated() {
    outputs["\(index)"] = feature.channelsFirst
    results.add("output.\(index)", feature.channelsFirst)
  }
  results.differentiate(golden, outputs: outputs, model: backbone, inputs: ["img": (x, { $0 })])
  return results
}

/// A backbone, the mean over its last map, and a linear layer, under the names of the backbone's release.
private struct GoldenClassifier: Layer {
  let backbone: any Backbone
  let head: Linear

  var tree: ParameterTree { backbone.classifierTree(head: head.tree) }

  func callAsFunction(_ images: Tensor) -> Tensor {
    head(backbone(images).last.map { $0.mean(axes: [1, 2]) } ?? images)
  }
}

/// A classifier from `input.img` and `input.label` to `output.logits` and `loss.ce`; positions as it holds them too.
func runClassifier(_ golden: GoldenCase, _ backbone: any Backbone) throws -> CaseResults {
  let classes = try golden.config["num_classes"]?.decode(Int.self) ?? 1000
  let model = GoldenClassifier(
    backbone: backbone, head: Linear(backbone.outputs.last?.channels ?? 1, classes))
  try model.load(golden.group("state"), file: golden.path)
  let x = try golden.input("img").tensor.withGradient()
  let labels = try golden.input("label").integers.map { Int32($0) }
  let logits = model(x.channelsLast)
  var results = CaseResults()
  results.add("output.logits", logits)
  for (name, tensor) in model.stateDict where golden.tensors["output.\(name)"] != nil {
    results.tensors["output.\(name)"] = tensor
  }
  let loss = crossEntropy(logits, labels: labels, ignoreIndex: nil).mean()
  results.add("loss.ce", loss)
  results.differentiate(
    golden, outputs: ["logits": logits], losses: ["ce": loss], model: model, inputs: ["img": (x, { $0 })])
  return results
}

extension ConfigurationNode {
  /// The same mapping with other names of some keys.
  func renamed(_ names: [String: String]) -> ConfigurationNode {
    mapped { entry in
      var entry = entry
      entry.key = names[entry.key] ?? entry.key
      return entry
    }
  }

  /// The same mapping without some keys.
  func without(_ keys: Set<String>) -> ConfigurationNode {
    mapped { keys.contains($0.key) ? nil : $0 }
  }

  private func mapped(_ body: (Entry) -> Entry?) -> ConfigurationNode {
    guard let entries else { return self }
    return ConfigurationNode(.mapping(entries.compactMap(body)), at: location, keyPath: keyPath)
  }
}
