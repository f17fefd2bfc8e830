import Backbones
import Configuration
import Data
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("backbones")
struct BackboneTests {
  private func build(_ text: String) throws -> any Backbone {
    var components = Components()
    components.addBackbones()
    return try components.backbones.build(
      ComponentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")), scope: nil,
      in: ModelContext(components: components))
  }

  @Test(
    "VMamba's names before its second release become today's",
    arguments: [
      ("backbone.layers.0.blocks.1.ln_1.weight", "backbone.", "layers.0.blocks.1.norm.weight"),
      ("layers.10.blocks.0.self_attention.Ds", "", "layers.10.blocks.0.op.Ds"),
      ("layers.x.blocks.0.ln_1.weight", nil, ""), ("blocks.0.ln_1.weight", nil, ""),
      ("patch_embed.proj.weight", nil, "patch_embed.0.weight"),
      ("patch_embed.norm.bias", nil, "patch_embed.2.bias"),
      ("norm.weight", nil, "classifier.norm.weight"), ("head.bias", nil, "classifier.head.bias"),
      ("layers.0.blocks.0.mlp.fc1.weight", nil, "layers.0.blocks.0.mlp.fc1.weight"),
    ] as [(String, String?, String)])
  func olderNames(old: String, start: String?, today: String) {
    #expect(VSSMNaming().start(ofOlder: old) == start)
    let own = String(old.dropFirst(start?.count ?? 0))
    #expect(today.isEmpty || VSSMNaming().currentName(of: own) == today)
  }

  @Test(
    "give the channels and sizes that they declare",
    arguments: [
      ("v1", "[0, 1, 2, 3]", 64, 96), ("v2", "[0, 1, 2, 3]", 64, 96), ("v3", "[1, 3]", 64, 96),
      ("v1", "[2]", 32, 32),
    ])
  func contract(version: String, stages: String, height: Int, width: Int) throws {
    let backbone = try build(
      "{type: VSSM, dims: 8, depths: [1, 1, 1, 1], d_state: 2, mlp_ratio: 2.0, downsample_version: \(version), "
        + "out_indices: \(stages)}")
    backbone.initialize(seed: 1)
    let features = backbone(.random([2, height, width, 3]))
    #expect(
      features.map(\.shape)
        == backbone.outputs.map { [2, height / $0.stride, width / $0.stride, $0.channels] })
    #expect(features.allSatisfy { $0.values.allSatisfy { $0.isFinite } })
  }

  @Test(
    "VMamba's parameters at its published widths", arguments: [("[2, 2, 9, 2]", 96), ("[2, 2, 27, 2]", 96)])
  func parameters(depths: String, width: Int) throws {
    let backbone = try build("{type: VSSM, dims: \(width), depths: \(depths), out_indices: [3]}")
    let count = backbone.parameters.reduce(0) { $0 + $1.parameter.value.count }
    // With the classifier's head of 769,000 weights: 22M and 44M (arXiv:2401.10166v1, table 1).
    #expect((Double(count + 769_000) / 1e6).rounded() == (depths == "[2, 2, 9, 2]" ? 23 : 44), "\(count)")
  }

  @Test(
    "wrong settings are errors with their place",
    arguments: [
      ("dims: [8, 16]", "dims: [8, 16] needs one width"), ("depths: []", "depths: [] is not a list"),
      ("d_state: 65", "d_state: 65 is not in 1...64"),
      ("dt_rank: none", "dt_rank: neither a whole number nor 'auto'"),
      ("out_indices: [4]", "out_indices: [4] is not an ascending list"),
      ("out_indices: [1, 0]", "is not an ascending"),
      ("drop_path_rate: 1.0", "drop_path_rate: 1.0 is not in 0 ..< 1"),
      ("downsample_version: v4", "'v4' is not known"),
      ("in_chans: 1", "in_chans: 1, but pictures have three channels"),
      ("patch_size: 0", "patch_size: 0 is not in 1...64"), ("dephts: [1]", "unknown key 'dephts'"),
    ])
  func mistakes(setting: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try build("{type: VSSM, \(setting)}") }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test("stochastic depth rises over the blocks: the first never drops, and evaluation drops nothing")
  func stochasticDepth() throws {
    let backbone = try build(
      "{type: VSSM, dims: 8, depths: [1, 1], d_state: 2, drop_path_rate: 0.9, out_indices: [0, 1]}")
    backbone.initialize(seed: 1)
    let x = Tensor.random([1, 16, 16, 3])
    #expect(backbone(x)[1].values == backbone(x)[1].values)
  }
}
