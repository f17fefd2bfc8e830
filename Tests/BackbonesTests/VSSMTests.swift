import Backbones
import Checkpoints
import Configuration
import Data
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

/// A backbone of settings without `type`.
private func vssm(_ settings: String, seed: UInt64? = 1) throws -> any Backbone {
  var components = Components()
  components.addBackbones()
  let backbone = try components.backbones.build(
    ComponentConfiguration(ConfigurationNode.parse("{type: VSSM, \(settings)}", file: "a.yaml")), scope: nil,
    in: ModelContext(components: components))
  if let seed { backbone.initialize(seed: seed) }
  return backbone
}

@Suite("settings of VMamba")
struct VSSMSettingsTests {
  @Test(
    "wrong ones are errors with their place",
    arguments: [
      ("dims: [8, 16]", "dims: [8, 16] needs one width"), ("depths: []", "depths: [] is not a list"),
      ("d_state: 65", "d_state: 65 is not in 1...64"),
      ("ssm_d_state: 65", "ssm_d_state: 65 is not in 1...64"),
      ("ssm_d_state: 8, d_state: 16", "ssm_d_state: 8, but d_state, which means the same, is 16"),
      ("ssm_dt_rank: auto, dt_rank: 3", "ssm_dt_rank: auto, but dt_rank, which means the same, is 3"),
      ("dt_rank: none", "dt_rank: neither a whole number nor 'auto'"),
      ("out_indices: [4]", "out_indices: [4] is not an ascending list"),
      ("out_indices: [1, 0]", "is not an ascending"),
      ("drop_path_rate: 1.0", "drop_path_rate: 1.0 is not in 0 ..< 1"),
      ("downsample_version: v4", "'v4' is not known"), ("patchembed_version: v3", "'v3' is not known"),
      ("ssm_init: v3", "'v3' is not known"), ("norm_layer: rms", "'rms' is not known"),
      ("ssm_act_layer: tanh", "'tanh' is not known"), ("mlp_act_layer: swish", "'swish' is not known"),
      ("in_chans: 1", "in_chans: 1, but pictures have three channels"),
      ("patch_size: 0", "patch_size: 0 is not in 1...64"), ("dephts: [1]", "unknown key 'dephts'"),
      ("mlp_ration: 2.0", "unknown key 'mlp_ration'"), ("gate: true", "unknown key 'gate'"),
      ("patch_size: 5, patchembed_version: v2", "patch_size: 5 is odd"),
      ("dims: 1, patchembed_version: v2", "begins with 1"),
      ("ssm_conv: 4", "ssm_conv: 4 is even"), ("ssm_drop_rate: 1.5", "ssm_drop_rate: 1.5 is not in"),
      ("ssm_ratio: 0.001", "ssm_ratio: 0.001 leaves nothing"), ("ssm_ratio: 17", "ssm_ratio: 17.0 is not in"),
      ("mlp_ratio: 0.001", "mlp_ratio: 0.001 leaves nothing"),
      ("frozen_stages: 5", "frozen_stages: 5 is not in -1...4"),
      ("posembed: true, imgsize: 3", "imgsize: 3 is smaller than a patch"),
      ("forward_type: v051d_noz", "forward_type: 'v051d_noz' is not known; there are v0, v0seq, and v01"),
      ("forward_type: v05_noz_onnone", "is not known"), ("forward_type: v05_oact_noz", "is not known"),
      ("forward_type: v0_noz", "is not known"), ("forward_type: m0_noz", "is not known"),
      ("forward_type: v05_nozz", "is not known"), ("forward_type: v2_", "is not known"),
    ])
  func mistakes(setting: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try vssm(setting) }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test(
    "what the release's configs say is accepted",
    arguments: [
      "pretrained: ''", "pretrained: null", "norm_layer: LN2D", "norm_layer: BN", "ssm_act_layer: SiLU",
      "ssm_rank_ratio: 2.0", "num_classes: 1000", "d_state: 4, ssm_d_state: 4", "ssm_d_state: auto",
      "embed_dims: 96, num_heads: [3, 6, 12, 24], window_size: 7, qkv_bias: true, qk_scale: null",
      "with_cp: false, convert_weights: true, init_cfg: null, drop_rate: 0.0, attn_drop_rate: 0.0",
      "pretrain_img_size: 224, strides: [4, 2, 2, 2], use_abs_pos_embed: false",
      "act_cfg: {type: GELU}, norm_cfg: {type: LN}", "forward_type: v05_onnone_nozact_oact_no32",
      "forward_type: v0seq", "forward_type: v01_no32", "ssm_ratio: -1.0", "mlp_ratio: -1.0",
    ])
  func accepted(setting: String) throws {
    // Who builds a model takes its init_cfg.
    _ = try vssm("dims: 4, depths: [1, 1, 1, 1], " + setting.replacing(", init_cfg: null", with: ""))
  }

  @Test(
    "decide on the weights that there are",
    arguments: [
      ("", ["in_proj.weight": [16, 4], "conv2d.weight": [8, 1, 3, 3], "conv2d.bias": [8]]),
      ("forward_type: v3_noz", ["in_proj.weight": [8, 4]]),
      ("forward_type: v3_nozact", ["in_proj.weight": [16, 4]]),
      ("ssm_conv: 1", ["conv2d.weight": nil, "conv2d.bias": nil]),
      ("ssm_conv: 5, ssm_conv_bias: false", ["conv2d.weight": [8, 1, 5, 5], "conv2d.bias": nil]),
      (
        "ssm_conv: 5, ssm_conv_bias: false, forward_type: v0",
        ["conv2d.weight": [8, 1, 3, 3], "conv2d.bias": [8]]
      ),
      ("forward_type: v05_onnone", ["out_norm.weight": nil]),
      ("forward_type: v05_onsoftmax_noz", ["out_norm.weight": nil]),
      ("forward_type: v05_ondwconv3", ["out_norm.weight": nil, "out_norm.1.weight": [8, 1, 3, 3]]),
      ("forward_type: v05_oncnorm", ["out_norm.0.weight": [8], "out_norm.2.weight": [8, 1, 3, 3]]),
      ("norm_layer: bn", ["out_norm.weight": [8], "out_norm.running_mean": nil]),
      ("ssm_d_state: 1, ssm_dt_rank: 3", ["A_logs": [32, 1], "x_proj_weight": [4, 5, 8]]),
      ("ssm_ratio: 0", ["in_proj.weight": nil, "A_logs": nil]),
    ] as [(String, [String: [Int]?])])
  func weightsOfScan(setting: String, expected: [String: [Int]?]) throws {
    let weights = try vssm("dims: 4, depths: [1], out_indices: [0], \(setting)").stateDict
    for (name, shape) in expected {
      #expect(weights["layers.0.blocks.0.op.\(name)"]?.shape == shape, "\(name)")
    }
  }

  @Test(
    "decide on the weights around the scan",
    arguments: [
      (
        "", ["patch_embed.0.weight": [4, 3, 4, 4], "patch_embed.2.weight": [4], "patch_embed.5.weight": nil]
      ),
      (
        "patchembed_version: v2",
        [
          "patch_embed.0.weight": [2, 3, 3, 3], "patch_embed.2.weight": [2],
          "patch_embed.5.weight": [4, 2, 3, 3], "patch_embed.7.bias": [4],
        ]
      ),
      (
        "patchembed_version: v2, patch_size: 8, patch_norm: false",
        [
          "patch_embed.0.weight": [2, 3, 5, 5], "patch_embed.5.weight": [4, 2, 5, 5],
          "patch_embed.2.weight": nil, "patch_embed.7.weight": nil,
        ]
      ),
      ("mlp_ratio: 0", ["layers.0.blocks.0.norm2.weight": nil, "layers.0.blocks.0.mlp.fc1.weight": nil]),
      (
        "gmlp: true, mlp_ratio: 1.5",
        ["layers.0.blocks.0.mlp.fc1.weight": [12, 4], "layers.0.blocks.0.mlp.fc2.weight": [4, 6]]
      ),
      ("ssm_ratio: 0", ["layers.0.blocks.0.norm.weight": nil, "layers.0.blocks.0.norm2.weight": [4]]),
      (
        "norm_layer: bn, downsample_version: v1",
        [
          "layers.0.downsample.norm.running_var": [16], "layers.0.blocks.0.norm.running_mean": [4],
          "outnorm1.running_mean": [8], "patch_embed.2.running_mean": [4],
        ]
      ),
      ("downsample_version: v3", ["layers.0.downsample.1.weight": [8, 4, 3, 3]]),
      ("posembed: true, imgsize: 32, patch_size: 4", ["pos_embed": [1, 4, 8, 8]]),
    ] as [(String, [String: [Int]?])])
  func weights(setting: String, expected: [String: [Int]?]) throws {
    let weights = try vssm("dims: 4, depths: [1, 1], out_indices: [0, 1], \(setting)").stateDict
    for (name, shape) in expected { #expect(weights[name]?.shape == shape, "\(name)") }
  }

  @Test(
    "the published variants have as many tensors and weights as published",
    arguments: [
      ("depths: [2, 2, 8, 2], ssm_ratio: 1.0", 280, nil), ("depths: [2, 2, 5, 2]", 226, nil),
      ("depths: [2, 2, 15, 2]", 406, nil), ("depths: [2, 2, 20, 2], ssm_ratio: 1.0", 496, nil),
      ("depths: [2, 2, 8, 2], ssm_ratio: 1.0, dims: 96, out_indices: [3]", nil, 30_249_064),
      ("depths: [2, 2, 5, 2], dims: 96, out_indices: [3]", nil, 30_705_832),
      (
        "depths: [2, 2, 9, 2], dims: 96, forward_type: v0, ssm_d_state: 16, mlp_ratio: 0.0, norm_layer: ln, "
          + "downsample_version: v1, patchembed_version: v1, out_indices: [3]", nil, 22_893_448
      ),
    ] as [(String, Int?, Int?)])
  func published(variant: String, tensors: Int?, parameters: Int?) throws {
    let shared = [
      "dims": "16", "ssm_d_state": "1", "ssm_conv_bias": "false", "forward_type": "v05_noz",
      "norm_layer": "ln2d", "downsample_version": "v3", "patchembed_version": "v2",
    ].filter { !variant.contains("\($0.key):") }
    let backbone = try vssm(variant + shared.map { ", \($0.key): \($0.value)" }.joined(), seed: nil)
    if let tensors { #expect(backbone.tree.leaves.count == tensors) }
    let count = backbone.parameters.reduce(0) { $0 + $1.parameter.value.count }
    // With the classifier's head.
    if let parameters { #expect(count + 769_000 == parameters) }
  }
}

@Suite("VMamba")
struct VSSMTests {
  private let image = Tensor.random([2, 27, 34, 3])
  private let small = "dims: 6, depths: [1, 1], ssm_d_state: 2, out_indices: [0, 1]"

  @Test(
    "ways that differ in precision and speed elsewhere are one model",
    arguments: ["v01", "v02", "v03", "v04", "v05", "v3", "v2_no32", "v0", "v0seq"])
  func ways(form: String) throws {
    let backbone = try vssm("\(small), forward_type: v2")
    let other = try vssm("\(small), forward_type: \(form), norm_layer: LN2D")
    #expect(other(image).map(\.values) == backbone(image).map(\.values))
  }

  @Test("the first release ignores what other keys say of its gate, convolution and first values")
  func first() throws {
    let backbone = try vssm("\(small), forward_type: v0")
    let other = try vssm(
      "\(small), forward_type: v0, ssm_conv: 5, ssm_conv_bias: false, ssm_act_layer: relu, ssm_init: v2")
    #expect(other(image).map(\.values) == backbone(image).map(\.values))
  }

  @Test(
    "blocks have the slopes that differences of their results have",
    arguments: [
      "ssm_act_layer: gelu", "ssm_act_layer: sigmoid", "mlp_act_layer: silu", "mlp_act_layer: sigmoid",
      "gmlp: true", "gmlp: true, mlp_act_layer: sigmoid", "ssm_conv: 1", "ssm_conv: 5", "ssm_conv: -1",
      "ssm_ratio: 0", "mlp_ratio: 0", "norm_layer: bn", "ssm_d_state: 1", "shared_ssm: true",
      "forward_type: v05_noz", "forward_type: v05_nozact", "forward_type: v05_oact",
      "forward_type: v05_noz_oact",
      "forward_type: v05_onnone", "forward_type: v05_onsigmoid_noz", "forward_type: v05_onsoftmax",
      "forward_type: v05_ondwconv3", "forward_type: v05_oncnorm_noz", "ssm_init: v1", "ssm_init: v2",
    ])
  func slopes(setting: String) throws {
    let settings = try ConfigurationNode.parse("{\(setting)}", file: "a.yaml")
      .decode(BlockSettings.self)
    let block = VSSBlock(5, settings.block)
    block.initialize(seed: 1)
    // Linear layers begin so small that the scan would hardly show.
    for (name, parameter) in block.parameters where name.hasSuffix("weight") && parameter.shape.count > 1 {
      parameter.replace(by: .random(parameter.shape, in: -0.5...0.5, seed: name.count))
    }
    #expect(gradientMismatches(at: [.random([1, 4, 3, 5])], tolerance: 5e-3) { block($0[0]) } == [])
  }

  private struct BlockSettings: Decodable {
    let block: VSSBlock.Settings
    init(from decoder: any Decoder) throws { block = try VSSBlock.Settings(from: decoder) }
  }

  @Test(
    "first values lie where the release draws them",
    arguments: [("v0", 0.0...1.0, 0.0...0.7), ("v1", -5.0...5.0, -5.0...5.0), ("v2", 0.0...0.1, 0.0...0.0)])
  func firstValues(initialization: String, bias: ClosedRange<Double>, decay: ClosedRange<Double>) throws {
    let weights = try vssm("\(small), ssm_init: \(initialization)").stateDict
    func values(_ name: String) -> [Float] { weights["layers.0.blocks.0.op.\(name)"]?.tensor.values ?? [] }
    #expect(values("A_logs").allSatisfy { decay.contains(Double($0)) } && !values("A_logs").isEmpty)
    #expect(values("Ds").allSatisfy { $0 == 1 } && !values("Ds").isEmpty)
    let biases = values("dt_projs_bias")
    if initialization == "v0" {
      // Behind softplus from 0.001 to 0.1.
      #expect(
        Tensor(biases, shape: [biases.count]).softplus().values.allSatisfy { $0 > 0.0009 && $0 < 0.101 })
    } else {
      #expect(biases.allSatisfy { bias.contains(Double($0)) } && Set(biases).count > 10)
    }
  }

  @Test("stochastic depth and dropouts act in training, by the numbers of their step, and not in evaluation")
  func dropping() throws {
    let plain = try vssm("\(small), drop_path_rate: 0.0")
    func run(_ backbone: any Backbone, step: Int?) -> [[Float]] {
      guard let step else { return backbone(image).map(\.values) }
      return ForwardMode.training(.init(seed: 1, step: step, samples: [0, 1])) {
        backbone(image).map(\.values)
      }
    }
    for setting in ["drop_path_rate: 0.5", "ssm_drop_rate: 0.5", "mlp_drop_rate: 0.5"] {
      let dropping = try vssm(
        "\(small), drop_path_rate: 0.0, ".replacing(
          "drop_path_rate: 0.0, ", with: setting.hasPrefix("drop") ? "" : "drop_path_rate: 0.0, ") + setting)
      #expect(run(dropping, step: nil) == run(plain, step: nil), "\(setting)")
      #expect(run(dropping, step: 1) == run(dropping, step: 1), "\(setting)")
      #expect(Set((1...6).map { run(dropping, step: $0) }).count > 1, "\(setting)")
    }
  }

  @Test(
    "overlapping patches overlap by a pixel at every step", arguments: [(2, 1), (4, 4), (8, 16)])
  func patches(patchSize: Int, stride: Int) throws {
    let backbone = try vssm(
      "\(small), patchembed_version: v2, patch_size: \(patchSize), downsample_version: v3")
    #expect(backbone.outputs.map(\.stride) == [stride, 2 * stride])
    // Two convolutions of half a patch and one pixel more, with a padding of 1.
    func convolved(_ side: Int) -> Int { (side + 1 - patchSize / 2) / (patchSize / 2) + 1 }
    let (height, width) = (convolved(convolved(27)), convolved(convolved(34)))
    #expect(
      backbone(image).map { Array($0.shape[1...2]) } == [
        [height, width], [(height + 1) / 2, (width + 1) / 2],
      ])
  }

  @Test("a classifier uses the positions, at any size; a backbone has them and does not")
  func positions() throws {
    let plain = try vssm(small)
    let backbone = try vssm("\(small), posembed: true, imgsize: 24")
    #expect(backbone(image).map(\.values) == plain(image).map(\.values))
    let classifier = backbone.inClassifier
    #expect(classifier(image).map(\.values) != plain(image).map(\.values))
    let fitting = Tensor.random([1, 24, 24, 3])
    #expect(classifier(fitting)[0].shape == [1, 6, 6, 6])
    // A file of another resolution, as PyTorch resizes it.
    let coarse = try vssm("\(small), posembed: true, imgsize: 8").stateDict.merging([
      "pos_embed": StoredTensor(Tensor((0..<24).map { Float($0 % 4) }, shape: [1, 6, 2, 2]))
    ]) { $1 }
    let finer = try vssm("\(small), posembed: true, imgsize: 12", seed: 5)
    #expect(try finer.load(coarse, file: "a.pth").initialized.isEmpty)
    let found = try #require(finer.stateDict["pos_embed"]).tensor.values
    for (index, value) in found.enumerated() { #expect(abs(value - Self.resized[index % 9]) < 1e-5) }
    // Widths are not to be resampled.
    #expect(throws: CheckpointError.self) {
      try vssm("dims: 8, depths: [1, 1], ssm_d_state: 2, out_indices: [0, 1], posembed: true").load(
        backbone.stateDict, file: "a.pth")
    }
  }

  private static let resized: [Float] = [
    -0.26041681, 0.32638896, 0.91319442, 0.91319472, 1.5, 2.08680582, 2.08680582, 2.67361093, 3.26041698,
  ]

  @Test("returns all stages unless told which, however many there are", arguments: [1, 3, 5])
  func allStages(count: Int) throws {
    let depths = [Int](repeating: 1, count: count)
    let backbone = try vssm("dims: 4, depths: \(depths), ssm_d_state: 1", seed: nil)
    #expect(backbone.outputs.map(\.channels) == (0..<count).map { 4 << $0 })
  }

  @Test("a classifier's file is a start for a backbone, and for nothing else")
  func pretrained() throws {
    let backbone = try vssm(small)
    var head: [String: StoredTensor] = [:]
    for name in ["norm.weight", "norm.bias", "head.weight", "head.bias"] {
      head["classifier.\(name)"] = StoredTensor(.random([12]))
    }
    let stem = backbone.stateDict.filter { !$0.key.hasPrefix("outnorm") }
    let other = try vssm(small, seed: 9)
    let rules = LoadingRules(allowsUnused: true)
    let summary = try other.load(stem.merging(head) { $1 }, file: "a.pth", rules: rules)
    #expect(summary.unused == head.keys.sorted() && summary.initialized.count == 4)
    #expect(summary.initialized.allSatisfy { $0.hasPrefix("outnorm") })
    for name in ["patch_embed.0.weight", "layers.1.blocks.0.op.Ds"] {
      #expect(throws: CheckpointError.self) {
        try other.load(stem.filter { $0.key != name }, file: "a.pth", rules: rules)
      }
    }
  }
}

@Suite("VMamba's names")
struct VSSMNamingTests {
  @Test(
    "before its second release become today's",
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
    "linear layers that are held as 1x1 convolutions are linear layers",
    arguments: [
      ("layers.0.blocks.0.op.in_proj.weight", true), ("backbone.layers.2.blocks.11.op.out_proj.weight", true),
      ("layers.0.blocks.0.mlp.fc1.weight", true), ("module.layers.0.blocks.0.mlp.fc2.weight", true),
      ("layers.0.downsample.reduction.weight", true), ("layers.0.blocks.0.op.conv2d.weight", false),
      ("layers.0.downsample.1.weight", false), ("patch_embed.0.weight", false), ("mlp.fc1.weight", false),
      ("stages.0.blocks.0.mlp.fc1.weight", false), ("layers.0.blocks.0.mlp.fc1.bias", false),
      ("decode_head.conv_seg.weight", false), ("reduction.weight", false),
    ])
  func squares(name: String, isLinear: Bool) {
    func shape(of stored: [Int]) -> [Int]? {
      VSSMNaming().converted({ .random(stored) }, of: name, shape: (stored, nil), isOlder: false)?.shape
    }
    #expect(shape(of: [5, 3, 1, 1]) == (isLinear ? [5, 3] : nil))
    #expect(shape(of: [5, 3, 3, 3]) == nil)
  }

  @Test("a file with them is read with and without a model")
  func squareFile() throws {
    let backbone = try vssm(
      "dims: 6, depths: [1, 1], mlp_ratio: 2.0, downsample_version: v1, out_indices: [1]")
    let today = backbone.stateDict
    let squares = Dictionary(
      uniqueKeysWithValues: today.map { name, tensor in
        let isLinear = tensor.shape.count == 2 && !name.hasSuffix("A_logs") && name.hasSuffix("weight")
        let shape = isLinear ? tensor.shape + [1, 1] : tensor.shape
        return (name, StoredTensor(type: tensor.type, shape: shape, bytes: tensor.bytes))
      })
    #expect(squares.values.count { $0.shape.suffix(2) == [1, 1] } >= 9)
    let folder = try TemporaryFolder()
    try Safetensors(squares, metadata: [:]).write(to: folder.path + "/a.safetensors")
    try PyTorchWriter.write(squares, classes: nil, to: folder.path + "/a.pth")
    for name in ["a.safetensors", "a.pth"] {
      let file = "\(folder.path)/\(name)"
      let plain = try Checkpoint(file: file)
      #expect(plain.tensors == squares)
      backbone.initialize(seed: 8)
      #expect(try backbone.load(plain.tensors, file: file).initialized.isEmpty)
      #expect(backbone.stateDict == today)
      #expect(try Checkpoint(file: file, namings: [VSSMNaming()]).tensors == today)
    }
  }
}
