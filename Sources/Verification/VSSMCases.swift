import Backbones
import Classification
import Configuration
import Layers
import Modeling
import Tensors

/// 2-D scan, block, backbone and classifier of VMamba.
let vssmCases: [String: CaseRunner] = [
  "ss2d": { golden in
    let settings = try golden.config.decode(ScanSettings.self)
    return try runUnary(golden, SS2D(settings.channels, settings.block.scan))
  },
  "vss_block": { golden in
    let settings = try golden.config.decode(BlockSettings.self)
    return try runUnary(golden, VSSBlock(settings.channels, settings.block))
  },
  "vssm_backbone": { golden in
    var components = Components()
    components.addBackbones()
    let backbone = try components.backbones.build(
      try golden.config.decode(ComponentConfiguration.self), scope: nil,
      in: ModelContext(components: components))
    try backbone.load(golden.group("state"), file: golden.path)
    let x = try golden.input("img").tensor.withGradient()
    var results = CaseResults()
    var outputs: [String: Tensor] = [:]
    for (index, feature) in backbone(x.channelsLast).enumerated() {
      outputs["\(index)"] = feature.channelsFirst
      results.add("output.\(index)", feature.channelsFirst)
    }
    results.differentiate(golden, outputs: outputs, model: backbone, inputs: ["img": (x, { $0 })])
    return results
  },
  "vssm_classifier": { golden in
    let classifier = try classifier(golden)
    try classifier.load(golden.group("state"), file: golden.path)
    let x = try golden.input("img").tensor.withGradient()
    let labels = try golden.input("label").integers.map { Int32(truncatingIfNeeded: $0) }
    let logits = classifier.logits(x.channelsLast)
    let loss = crossEntropy(logits, labels: labels, ignoreIndex: nil).mean()
    var results = CaseResults()
    results.add("output.logits", logits)
    results.add("loss.ce", loss)
    results.differentiate(
      golden, outputs: ["logits": logits], losses: ["ce": loss], model: classifier,
      inputs: ["img": (x, { $0 })])
    return results
  },
  "vssm_convert": { golden in
    let classifier = try classifier(golden)
    try classifier.load(golden.group("state"), file: golden.path)
    var results = CaseResults()
    for (name, tensor) in classifier.stateDict { results.tensors["output.\(name)"] = tensor }
    return results
  },
]

/// A layer from `input.x` to `output.y`, both channels last.
private func runUnary(_ golden: GoldenCase, _ layer: some UnaryLayer) throws -> CaseResults {
  try layer.load(golden.group("state"), file: golden.path)
  let x = try golden.input("x").tensor.withGradient()
  let y = layer(x)
  var results = CaseResults()
  results.add("output.y", y)
  results.differentiate(golden, outputs: ["y": y], model: layer, inputs: ["x": (x, { $0 })])
  return results
}

/// The classifier around the backbone of a case, whose config is that of the release's classifier.
private func classifier(_ golden: GoldenCase) throws -> ImageClassifier {
  var components = Components()
  components.addBackbones()
  components.addClassification()
  func scalar(_ text: String) -> ConfigurationNode {
    ConfigurationNode(.scalar(text: text, isQuoted: false), at: golden.config.location)
  }
  func mapping(_ entries: KeyValuePairs<String, ConfigurationNode>) -> ConfigurationNode {
    entries.reduce(ConfigurationNode(.mapping([]), at: golden.config.location)) {
      $0.setting($1.key, to: $1.value)
    }
  }
  let settings = try golden.config.decode(ClassifierSettings.self)
  let last = ConfigurationNode(
    .sequence([scalar("\(settings.backbone.depths.count - 1)")]), at: golden.config.location)
  let model = mapping([
    "type": scalar("ImageClassifier"),
    "backbone": golden.config.setting("type", to: scalar("VSSM")).setting("out_indices", to: last),
    "head": mapping([
      "type": scalar("LinearClsHead"), "num_classes": scalar("\(settings.classes)"),
      "in_channels": scalar("\(settings.backbone.dims.last ?? 0)"),
    ]),
  ])
  return try ImageClassifier(
    model.decode(ImageClassifier.Configuration.self), in: ModelContext(components: components))
}

private struct ScanSettings: Decodable {
  let channels: Int
  let block: VSSBlock.Settings

  enum CodingKeys: String, CodingKey { case channels = "d_model" }

  init(from decoder: any Decoder) throws {
    channels = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .channels)
    block = try VSSBlock.Settings(from: decoder)
  }
}

private struct BlockSettings: Decodable {
  let channels: Int
  let block: VSSBlock.Settings

  enum CodingKeys: String, CodingKey { case channels = "dim" }

  init(from decoder: any Decoder) throws {
    channels = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .channels)
    block = try VSSBlock.Settings(from: decoder)
  }
}

private struct ClassifierSettings: Decodable {
  let classes: Int
  let backbone: VSSM.Configuration

  enum CodingKeys: String, CodingKey { case classes = "num_classes" }

  init(from decoder: any Decoder) throws {
    classes = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .classes)
    backbone = try VSSM.Configuration(from: decoder)
  }
}
