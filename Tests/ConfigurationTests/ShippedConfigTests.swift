import Backbones
import Configuration
import Data
import Foundation
import Tensors
import Testing
import Training

@Suite("shipped configs")
struct ShippedConfigTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("configs").path

  static var names: [String] {
    let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".yaml") }.sorted()
  }

  @Test("there are some") func some() { #expect(Self.names.count >= 6) }

  @Test("prints as YAML that reads back the same", arguments: names)
  func roundTrip(name: String) throws {
    let node = try ConfigurationNode.load(file: "\(Self.root)/\(name)")
    let again = try ConfigurationNode.parse(node.yaml(), file: name)
    #expect(again.yaml() == node.yaml())
    #expect(describe(again) == describe(node))
  }

  /// Those that are no parts of others.
  private static var wholes: [String] { names.filter { !$0.hasPrefix("_base_/") } }

  @Test("every component in it decodes, for training, test and prediction", arguments: wholes)
  func decodes(name: String) throws {
    let experiment = Experiment(
      try ExperimentConfiguration(ConfigurationNode.load(file: "\(Self.root)/\(name)")), components: .all)
    for use in [Experiment.Use.training, .test, .prediction] { try experiment.check(for: use) }
  }

  @Test("its model's parts fit together", arguments: wholes)
  func builds(name: String) throws {
    let experiment = Experiment(
      try ExperimentConfiguration(ConfigurationNode.load(file: "\(Self.root)/\(name)")), components: .all)
    let isNamed = experiment.configuration.trainDataloader?.dataset.node.node(at: "metainfo.classes")
    let counts = ["mmdet": 80, "mmseg": 150, "mmpretrain": 1000]
    let classes =
      try isNamed?.decode([String].self)
      ?? (0..<(counts[experiment.scope ?? ""] ?? 0)).map { "\($0)" }
    let model = try experiment.model(classes: classes)
    #expect(model.tree.parameters.count > 100)
    // Schedules and optimiser need the model and the loop, but no data.
    let training = TrainingComponents()
    let loop = try training.trainLoops.build(
      try #require(experiment.configuration.trainLoop), scope: nil, in: ())
    for schedule in experiment.configuration.paramSchedulers {
      _ = try training.schedules.build(
        schedule, scope: nil, in: ScheduleContext(loop: loop, iterationsPerEpoch: 100))
    }
    _ = try training.optimizerWrappers.build(
      try #require(experiment.configuration.optimWrapper), scope: nil,
      in: OptimizationContext(model, components: training))
  }

  @Test(
    "ImageNet's recipe lets weights of several axes decay, but no biases, positions or class tokens",
    arguments: [
      ("vmamba/vssm-tiny-s1l8", ["dims=8", "depths=[1,1,1,1]", "posembed=true"], 64),
      ("vmamba/vssm-tiny", ["dims=8", "depths=[1,1,1,1]"], 64),
      ("swin/swin-tiny", ["embed_dims=8", "depths=[1,1,1,1]", "num_heads=[1,1,1,1]"], 64),
      ("deit/deit-small", ["embed_dims=8", "num_layers=1", "num_heads=1"], 8),
    ])
  func decay(name: String, small: [String], channels: Int) throws {
    let overrides = small.map { "model.backbone.\($0)" } + ["model.head.in_channels=\(channels)"]
    let file = "\(Self.root)/\(name)_300e_imagenet-224.yaml"
    let experiment = Experiment(
      try ExperimentConfiguration(ConfigurationNode.load(file: file, overrides: overrides)),
      components: .all)
    let model = try experiment.model(classes: (0..<1000).map { "\($0)" })
    var wrapper = try TrainingComponents().optimizerWrappers.build(
      try #require(experiment.configuration.optimWrapper), scope: nil,
      in: OptimizationContext(model, components: TrainingComponents()))
    for (_, weight) in model.tree.parameters {
      let count = weight.shape.reduce(1, *)
      weight.replace(by: Tensor([Float](repeating: 1, count: count), shape: weight.shape))
      // A gradient of zero: what changes does so by its decay.
      (weight.value * 0).sum().backward()
    }
    _ = try wrapper.update(rates: wrapper.baseRates)
    let kept = ["pos_embed", "cls_token", "relative_position_bias_table"]
    for (name, weight) in model.tree.parameters {
      let decays = weight.shape.count > 1 && !name.hasSuffix(".bias") && !kept.contains { name.hasSuffix($0) }
      #expect(weight.value.values.allSatisfy { ($0 < 1) == decays }, "\(name) \(weight.shape)")
    }
  }

  /// Values without their places.
  private func describe(_ node: ConfigurationNode) -> String {
    switch node.value {
    case .scalar(let text, _):
      // Quotes count only where the text would be something else without them.
      node.isNull ? "null" : node.double == nil && node.bool == nil ? "text \(text)" : "plain \(text)"
    case .sequence(let elements): "[" + elements.map(describe).joined(separator: ",") + "]"
    case .mapping(let entries):
      "{" + entries.map { "\($0.key):\(describe($0.value))" }.joined(separator: ",") + "}"
    }
  }
}
