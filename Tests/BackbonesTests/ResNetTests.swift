import Backbones
import Configuration
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("ResNet")
struct ResNetTests {
  private func build(_ text: String, scope: String? = "mmdet") throws -> any Backbone {
    var components = Components()
    components.addBackbones()
    let backbone = try components.backbones.build(
      ComponentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")), scope: scope,
      in: ModelContext(scope: scope, components: components))
    backbone.initialize(seed: 1)
    return backbone
  }

  private let step = ForwardMode.Step(seed: 0, step: 0, samples: [0, 1])

  @Test(
    "gives the channels and sizes that it declares, rounded up at odd sides",
    arguments: [
      ("{type: ResNet, depth: 50, base_channels: 4}", [16, 32, 64, 128], [4, 8, 16, 32]),
      ("{type: ResNet, depth: 18, base_channels: 4, out_indices: [1, 3]}", [8, 32], [8, 32]),
      ("{type: ResNetV1c, depth: 50, base_channels: 4}", [16, 32, 64, 128], [4, 8, 16, 32]),
      ("{type: ResNetV1d, depth: 34, base_channels: 4}", [4, 8, 16, 32], [4, 8, 16, 32]),
      (
        "{type: ResNet, depth: 50, base_channels: 4, strides: [1, 2, 1, 1], dilations: [1, 1, 2, 4]}",
        [16, 32, 64, 128], [4, 8, 8, 8]
      ),
      (
        "{type: ResNet, depth: 50, base_channels: 2, num_stages: 2, strides: [1, 2], dilations: [1, 1], out_indices: [0, 1], norm_cfg: {type: GN, num_groups: 2}}",
        [8, 16], [4, 8]
      ),
    ])
  func contract(text: String, channels: [Int], strides: [Int]) throws {
    let backbone = try build(text)
    #expect(backbone.outputs.map(\.channels) == channels && backbone.outputs.map(\.stride) == strides)
    for (height, width) in [(64, 96), (33, 65)] {
      let maps = ForwardMode.evaluation { backbone(.random([1, height, width, 3])) }
      #expect(
        maps.map(\.shape)
          == zip(channels, strides).map { [1, (height + $1 - 1) / $1, (width + $1 - 1) / $1, $0] })
      #expect(maps.allSatisfy { $0.values.allSatisfy(\.isFinite) })
    }
  }

  @Test(
    "has torchvision's parameters at its published widths (table of torchvision's models, less 2,049,000 of `fc`)",
    arguments: [(18, 11_689_512 - 513_000), (50, 25_557_032 - 2_049_000), (101, 44_549_160 - 2_049_000)])
  func parameters(depth: Int, count: Int) throws {
    let backbone = try build("{type: ResNet, depth: \(depth)}")
    #expect(backbone.parameters.reduce(0) { $0 + $1.parameter.value.count } == count)
  }

  @Test("names its weights as torchvision, and a classifier's `fc` beside them")
  func names() throws {
    let plain = try build("{type: ResNet, depth: 50, base_channels: 2}").tree.leaves.map(\.name)
    #expect(
      plain.prefix(7) == [
        "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
        "bn1.num_batches_tracked", "layer1.0.conv1.weight",
      ])
    #expect(
      plain.contains("layer4.0.downsample.1.running_var") && !plain.contains("layer4.1.downsample.0.weight"))
    let deep = try build("{type: ResNetV1d, depth: 18, base_channels: 2}")
    let names = deep.tree.leaves.map(\.name)
    #expect(names.contains("stem.6.weight") && names.contains("stem.7.bias"))
    #expect(names.contains("layer2.0.downsample.1.weight") && names.contains("layer2.0.downsample.2.weight"))
    let classifier = deep.classifierTree(head: Linear(2, 3).tree).leaves.map(\.name)
    #expect(classifier.suffix(2) == ["fc.weight", "fc.bias"] && classifier.count == names.count + 2)
  }

  @Test(
    "keeps statistics in training where the config says so, which mmdetection's default does",
    arguments: [
      ("norm_eval: true", "mmseg", true), ("norm_eval: false", "mmdet", false),
      ("style: pytorch", "mmdet", true),
      ("style: pytorch", "mmseg", false),
    ])
  func statistics(setting: String, scope: String, areKept: Bool) throws {
    let backbone = try build("{type: ResNet, depth: 18, base_channels: 2, \(setting)}", scope: scope)
    let x = Tensor.random([2, 32, 32, 3])
    let evaluated = ForwardMode.evaluation { backbone(x) }.map(\.values)
    let trained = ForwardMode.training(step) { backbone(x) }
    let counts = backbone.tree.buffers.filter { $0.name.hasSuffix("tracked") }.map(\.buffer.count)
    #expect(counts.allSatisfy { $0 == (areKept ? 0 : 1) })
    if areKept {
      for (a, b) in zip(evaluated, trained) {
        #expect(zip(a, b.values).allSatisfy { abs($0 - $1) < 1e-3 * max(1, abs($0)) })
      }
    }
    trained[3].sum().backward()
    #expect(backbone.parameters.allSatisfy { $0.parameter.gradient != nil })
  }

  @Test("frozen stages get no gradient and move no statistics; what follows does", arguments: [0, 2, 4])
  func frozen(stages: Int) throws {
    let backbone = try build(
      "{type: ResNet, depth: 18, base_channels: 2, norm_eval: false, frozen_stages: \(stages), with_cp: true}"
    )
    let maps = ForwardMode.training(step) { backbone(.random([2, 32, 32, 3])) }
    maps.reduce(Tensor(0)) { $0 + $1.sum() }.backward()
    func isFrozen(_ name: String) -> Bool {
      name.hasPrefix("conv1") || name.hasPrefix("bn1")
        || (1...4).contains { $0 <= stages && name.hasPrefix("layer\($0).") }
    }
    for (name, parameter) in backbone.parameters {
      #expect((parameter.gradient == nil) == isFrozen(name), "\(name)")
    }
    for (name, buffer) in backbone.tree.buffers where name.hasSuffix("tracked") {
      #expect(buffer.count == (isFrozen(name) ? 0 : 1), "\(name)")
    }
  }

  @Test("norms that are not trained get no gradient, and the convolutions do")
  func frozenNorms() throws {
    let backbone = try build(
      "{type: ResNet, depth: 50, base_channels: 2, norm_cfg: {type: BN, requires_grad: false}}")
    let maps = ForwardMode.training(step) { backbone(.random([2, 32, 32, 3])) }
    maps[3].sum().backward()
    let norms = backbone.tree.normParameterNames
    for (name, parameter) in backbone.parameters {
      #expect((parameter.gradient == nil) == norms.contains(name), "\(name)")
    }
  }

  @Test("a block begins as the identity unless the config says otherwise", arguments: [true, false])
  func identity(isIdentity: Bool) throws {
    let backbone = try build("{type: ResNet, depth: 50, base_channels: 2, zero_init_residual: \(isIdentity)}")
    let last = backbone.parameters.filter { $0.name.hasSuffix("bn3.weight") }
    #expect(
      last.count == 16
        && last.allSatisfy { $0.parameter.value.values.allSatisfy { $0 == (isIdentity ? 0 : 1) } })
  }

  @Test("a batch of one is a row of a batch of three; blocks computed twice give the same bits")
  func batches() throws {
    let text = "{type: ResNetV1d, depth: 50, base_channels: 4}"
    let backbone = try build(text)
    let x = Tensor.random([3, 35, 41, 3])
    let whole = ForwardMode.evaluation { backbone(x) }
    let one = ForwardMode.evaluation { backbone(x.sliced(axis: 0, from: 1, to: 2)) }
    for (whole, one) in zip(whole, one) {
      #expect(whole.sliced(axis: 0, from: 1, to: 2).values == one.values)
    }
    func gradients(_ setting: String) throws -> [[Float]] {
      let backbone = try build("{type: ResNet, depth: 18, base_channels: 2, norm_eval: false, \(setting)}")
      ForwardMode.training(step) { backbone(.random([2, 32, 32, 3])) }[3].sum().backward()
      return backbone.parameters.map { $0.parameter.gradient?.values ?? [] }
    }
    #expect(try gradients("with_cp: true") == gradients("with_cp: false"))
  }

  @Test(
    "wrong settings are errors with their place",
    arguments: [
      ("depth: 20", "depth: 20 is not one of 18, 34, 50, 101, 152"),
      ("depth: 50, strides: [1, 2]", "strides: [1, 2] needs one number"),
      ("depth: 50, dilations: [1, 1, 1, 0]", "dilations: [1, 1, 1, 0] needs one number"),
      ("depth: 50, out_indices: [4]", "out_indices: [4] is not an ascending list"),
      ("depth: 50, frozen_stages: 5", "frozen_stages: 5 is not in -1...4"),
      ("depth: 50, style: torch", "'torch' is not known"),
      ("depth: 50, in_channels: 4", "in_channels: 4, but pictures have three channels"),
      ("depth: 50, norm_cfg: {type: GN}", "num_groups: is missing"),
      ("depth: 50, norm_cfg: {type: GN, num_groups: 3}", "num_groups 3 does not divide the 64 channels"),
      ("depth: 50, norm_cfg: {type: BN, num_groups: 3}", "is a key of GN, not of BN"),
      ("{}", "depth"),
    ])
  func mistakes(setting: String, expected: String) {
    let text = setting == "{}" ? "{type: ResNet}" : "{type: ResNet, \(setting)}"
    let error = #expect(throws: (any Error).self) { try build(text) }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }

  @Test(
    "names of detectron2 and of Caffe2 become torchvision's",
    arguments: [
      ("backbone.res2.0.conv1.weight", "backbone.", "layer1.0.conv1.weight"),
      ("res5.2.conv3.norm.running_var", "", "layer4.2.bn3.running_var"),
      ("res3.0.shortcut.norm.bias", "", "layer2.0.downsample.1.bias"),
      ("stem.conv1.norm.weight", nil, "bn1.weight"), ("stem.conv1.weight", nil, "conv1.weight"),
      ("stem.fc.weight", nil, "fc.weight"), ("stem.0.weight", nil, "stem.0.weight"),
      ("res_conv1_bn_s", "", "bn1.weight"), ("conv1_w", nil, "conv1.weight"),
      ("res2_0_branch2a_w", "", "layer1.0.conv1.weight"), ("res5_2_branch2c_bn_b", "", "layer4.2.bn3.bias"),
      ("res4_0_branch1_bn_s", "", "layer3.0.downsample.1.weight"), ("fc1000_b", nil, "fc.bias"),
      ("res9.0.conv1.weight", nil, "res9.0.conv1.weight"),
      ("layer1.0.conv1.weight", nil, "layer1.0.conv1.weight"),
      ("res2_0_branch3_w", nil, "res2_0_branch3_w"),
    ] as [(String, String?, String)])
  func olderNames(old: String, start: String?, today: String) {
    #expect(ResNetNaming().start(ofOlder: old) == start)
    #expect(ResNetNaming().currentName(of: String(old.dropFirst(start?.count ?? 0))) == today)
  }
}
