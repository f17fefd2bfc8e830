import Backbones
import Checkpoints
import Configuration
import Data
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

/// Builds a backbone from its config.
///
/// - Parameter isInitialized: Whether it gets numbers; millions of them take their time.
func backbone(_ text: String, scope: String? = nil, isInitialized: Bool = true) throws -> any Backbone {
  var components = Components()
  components.addBackbones()
  let backbone = try components.backbones.build(
    ComponentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")), scope: scope,
    in: ModelContext(components: components))
  if isInitialized { backbone.initialize(seed: 1) }
  return backbone
}

/// A backbone with a linear layer behind it.
struct TestClassifier: Layer {
  let backbone: any Backbone
  let head: Linear

  init(_ backbone: any Backbone, classes: Int) {
    self.backbone = backbone
    head = Linear(backbone.outputs.last?.channels ?? 1, classes)
  }

  var tree: ParameterTree { backbone.classifierTree(head: head.tree) }
}

/// What a training step leaves: outputs and gradients.
func trainingStep(_ backbone: any Backbone, _ x: Tensor) -> [[Float]] {
  let images = x.withGradient()
  let y = ForwardMode.training(.init(seed: 1, step: 2, samples: Array(4..<4 + x.shape[0]))) {
    backbone(images)
  }
  y.dropFirst().reduce((y[0] * y[0]).sum()) { $0 + ($1 * $1).sum() }.backward()
  return y.map(\.values) + [images.gradient?.values ?? []]
    + backbone.parameters.map { $0.parameter.gradient?.values ?? [] }
}

@Suite("Swin")
struct SwinTests {
  static let tiny = "type: SwinTransformer, embed_dims: 6, depths: [2, 2], num_heads: [1, 2], window_size: 3"

  @Test(
    "any size of images gives maps of the declared widths, whatever the windows are",
    arguments: [(64, 48, 3), (33, 41, 3), (5, 4, 7), (32, 32, 1), (30, 70, 8)])
  func sizes(height: Int, width: Int, window: Int) throws {
    let swin = try backbone(
      "{type: SwinTransformer, embed_dims: 6, depths: [2, 1, 2], num_heads: [1, 2, 3], window_size: \(window), "
        + "out_indices: [0, 2]}")
    let features = swin(.random([2, height, width, 3]))
    #expect(swin.outputs.map(\.channels) == [6, 24] && swin.outputs.map(\.stride) == [4, 16])
    #expect(
      features.map(\.shape)
        == swin.outputs.map {
          [2, (height + $0.stride - 1) / $0.stride, (width + $0.stride - 1) / $0.stride, $0.channels]
        })
    #expect(features.allSatisfy { $0.values.allSatisfy { $0.isFinite } })
  }

  @Test("an image gives the same bits in any batch")
  func batch() throws {
    let swin = try backbone("{\(Self.tiny)}")
    let x = Tensor.random([3, 28, 40, 3])
    let alone = swin(x.sliced(axis: 0, from: 1, to: 2))
    for (all, one) in zip(swin(x), alone) {
      #expect(all.sliced(axis: 0, from: 1, to: 2).values == one.values)
    }
  }

  @Test("counting the operations of maps that are no whole windows leaves every bit as it is")
  func counting() throws {
    let swin = try backbone("{\(Self.tiny)}")
    let x = Tensor.random([1, 26, 37, 3])
    func run() -> [[Float]] { ForwardMode.evaluation { swin(x) }.map(\.values) }
    let plain = run()
    #expect(countingOperations(run).result == plain)
  }

  @Test("blocks computed twice, and dropping, leave a step's bits as they are")
  func checkpointing() throws {
    let x = Tensor.random([2, 24, 20, 3])
    let settings = "drop_path_rate: 0.4, drop_rate: 0.1, attn_drop_rate: 0.2"
    let plain = trainingStep(try backbone("{\(Self.tiny), \(settings)}"), x)
    #expect(trainingStep(try backbone("{\(Self.tiny), \(settings), with_cp: true}"), x) == plain)
    #expect(plain[..<3].allSatisfy { $0.contains { $0 != 0 } })
    #expect(trainingStep(try backbone("{\(Self.tiny), drop_path_rate: 0}"), x)[0] != plain[0])
  }

  @Test(
    "frozen stages get no gradient and run as in evaluation",
    arguments: [
      (0, ["absolute_pos_embed", "patch_embed."]),
      (1, ["absolute_pos_embed", "patch_embed.", "stages.0.", "norm0."]),
    ])
  func frozen(stages: Int, beginnings: [String]) throws {
    let swin = try backbone(
      "{\(Self.tiny), frozen_stages: \(stages), drop_path_rate: 0.9, drop_rate: 0.5, use_abs_pos_embed: true, "
        + "pretrain_img_size: 24}")
    let x = Tensor.random([2, 24, 24, 3])
    let evaluated = swin(x)
    let trained = ForwardMode.training(.init(seed: 1, step: 2, samples: [0, 1])) { swin(x) }
    #expect((trained[0].values == evaluated[0].values) == (stages > 0))
    trained[1].backward(from: Tensor.ones(trained[1].shape))
    for (name, parameter) in swin.parameters {
      let isFrozen = beginnings.contains { name.hasPrefix($0) }
      #expect(parameter.isFrozen == isFrozen, "\(name)")
      if isFrozen { #expect(parameter.gradient == nil, "\(name)") }
    }
  }

  @Test("the published number of parameters, and the release's names")
  func parameters() throws {
    let classifier = TestClassifier(
      try backbone("{type: SwinTransformer}", scope: "mmpretrain", isInitialized: false), classes: 1000)
    #expect(classifier.parameters.reduce(0) { $0 + $1.parameter.value.count } == 28_288_354)
    let names = Set(classifier.tree.leaves.map(\.name))
    for name in [
      "patch_embed.proj.weight", "layers.0.blocks.1.attn.relative_position_bias_table",
      "layers.3.blocks.0.attn.relative_position_index", "layers.2.downsample.reduction.weight",
      "layers.2.blocks.5.mlp.fc1.bias", "norm.weight", "head.weight",
    ] {
      #expect(names.contains(name), "\(name)")
    }
  }

  @Test("a file of the release fills its classifier, masks and all, and starts a detector's backbone")
  func release() throws {
    let widths = "embed_dims: 6, depths: [2, 2], num_heads: [1, 2], window_size: 4, patch_size: 2"
    let classifier = TestClassifier(
      try backbone("{type: SwinTransformer, img_size: 32, \(widths)}", scope: "mmpretrain"), classes: 5)
    classifier.initialize(seed: 3)
    var file = classifier.stateDict
    file["layers.0.blocks.1.attn_mask"] = StoredTensor(.zeros([16, 16, 16]))
    // Norms that are not all ones show whether the order of a cell's channels is right.
    file["layers.0.downsample.norm.weight"] = StoredTensor(.random([24], in: 0.5...2))
    #expect(file["layers.1.blocks.0.attn.relative_position_index"]?.type == .int64)
    #expect(try classifier.load(file, file: "x").unused == [])
    let detector = try backbone(
      "{type: SwinTransformer, convert_weights: true, out_indices: [1], strides: [2, 2], \(widths)}")
    let summary = try detector.load(file, file: "x", rules: LoadingRules(allowsUnused: true))
    #expect(summary.initialized == ["norm1.weight", "norm1.bias"])
    #expect(summary.unused == ["head.bias", "head.weight", "norm.bias", "norm.weight"])
    // Maps of whole windows, none of them one window alone: both forms compute the same.
    let x = Tensor.random([1, 32, 32, 3])
    let (ours, theirs) = (detector(x)[0].values, classifier.backbone(x)[0].values)
    #expect(zip(ours, theirs).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test("biases of windows of another size are resized, the index is the model's own")
  func otherWindows() throws {
    let small = try backbone("{\(Self.tiny)}")
    let large = try backbone(
      "{type: SwinTransformer, embed_dims: 6, depths: [2, 2], num_heads: [1, 2], window_size: 5}")
    let index = large.stateDict["stages.0.blocks.0.attn.w_msa.relative_position_index"]
    let summary = try large.load(small.stateDict, file: "x")
    #expect(summary.initialized == [] && summary.unused == [])
    #expect(large.stateDict["stages.0.blocks.0.attn.w_msa.relative_position_index"] == index)
    let table = "stages.1.blocks.0.attn.w_msa.relative_position_bias_table"
    let (old, new) = (
      small.stateDict[table]?.tensor.values ?? [], large.stateDict[table]?.tensor.values ?? []
    )
    // The middle, no shift at all, stays where it is.
    #expect(old.count == 50 && new.count == 162)
    #expect(abs(old[24] - new[80]) < 1e-6 && abs(old[25] - new[81]) < 1e-6)
  }

  @Test(
    "wrong settings are errors with their place",
    arguments: [
      ("num_heads: [3, 6, 12, 7]", "num_heads: stage 3 has 768 channels, which 7 heads do not divide"),
      ("num_heads: [3]", "num_heads: [3] needs a number of heads"),
      ("depths: []", "depths: [] is not a list"),
      ("strides: [4, 2, 2, 1]", "strides: [4, 2, 2, 1] is not [4, 2, 2, 2]"),
      ("window_size: 0", "window_size: 0 is not in 1...64"), ("img_size: 224", "unknown key 'img_size'"),
      ("out_indices: [4]", "out_indices: [4] is not an ascending list"),
      ("norm_cfg: {type: BN}", "norm_cfg: BN is not the norm"),
      ("act_cfg: {type: Tanh}", "'Tanh' is not known"),
      ("frozen_stages: 5", "frozen_stages: 5 is not in -1...4"), ("drop_rate: 1.0", "1.0 is not in 0 ..< 1"),
      ("in_channels: 1", "in_channels: 1, but pictures have three channels"),
      ("pretrain_img_size: [1, 2, 3]", "neither a side nor height and width"),
    ])
  func mistakes(setting: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try backbone("{type: SwinTransformer, \(setting)}") }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }
}
