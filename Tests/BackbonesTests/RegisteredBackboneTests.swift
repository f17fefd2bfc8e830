import Backbones
import Checkpoints
import Configuration
import Data
import Foundation
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

/// A tiny backbone: its settings, and what of it can be asked for by further ones.
struct TinyBackbone: CustomTestStringConvertible, Sendable {
  var type: String
  var settings: String
  /// A setting that recomputes blocks in the backward pass.
  var recomputing: String?
  /// A setting that freezes a part, and the beginnings of its weights' names.
  var freezing: (setting: String, names: [String])?
  /// Height and width of images that it takes; where both are multiples of the coarsest stride, maps are exact parts.
  var sizes = [(64, 96), (45, 37)]

  var testDescription: String { "\(type) \(settings)" }

  /// A line for each registered name at least.
  static let all: [TinyBackbone] = [
    TinyBackbone(
      type: "VSSM",
      settings:
        "dims: 8, depths: [1, 2], ssm_d_state: 2, forward_type: v0, mlp_ratio: 0.0, downsample_version: v1, "
        + "out_indices: [0, 1]", recomputing: "use_checkpoint: true",
      freezing: ("frozen_stages: 1", ["patch_embed.", "layers.0.", "outnorm0."])),
    TinyBackbone(
      type: "VSSM",
      settings:
        "dims: 8, depths: [1, 2], ssm_d_state: 1, ssm_ratio: 1.0, forward_type: v05_noz, ssm_conv_bias: false, "
        + "norm_layer: ln2d, mlp_ratio: 2.0, downsample_version: v3, patchembed_version: v2, out_indices: [1]",
      recomputing: "use_checkpoint: true", freezing: ("frozen_stages: 0", ["patch_embed."])),
    TinyBackbone(
      type: "VSSM",
      settings: "dims: [6, 10], depths: [2, 1], d_state: 2, norm_layer: bn, gmlp: true, mlp_ratio: 1.5, "
        + "ssm_drop_rate: 0.1, mlp_drop_rate: 0.1, drop_path_rate: 0.3, out_indices: [0, 1]",
      recomputing: "use_checkpoint: true",
      freezing: ("frozen_stages: 2", ["patch_embed.", "layers.", "outnorm"]), sizes: [(64, 96), (41, 37)]),
    TinyBackbone(
      type: "SwinTransformer", settings: "embed_dims: 6, depths: [2, 2], num_heads: [1, 2], window_size: 3",
      recomputing: "with_cp: true",
      freezing: ("frozen_stages: 1", ["patch_embed.", "stages.0.", "norm0."])),
    TinyBackbone(
      type: "mmpretrain.SwinTransformer",
      settings:
        "img_size: 32, patch_size: 2, embed_dims: 6, depths: [2, 2], num_heads: [1, 2], window_size: 4",
      recomputing: "with_cp: true", freezing: ("frozen_stages: 1", ["patch_embed.", "layers.0."])),
    TinyBackbone(
      type: "VisionTransformer",
      settings:
        "img_size: 32, patch_size: 8, embed_dims: 12, num_layers: 3, num_heads: 2, out_type: featmap, "
        + "out_indices: [0, 2]",
      recomputing: "with_cp: true",
      freezing: ("frozen_stages: 1", ["patch_embed.", "cls_token", "pos_embed", "blocks.0."])),
    TinyBackbone(
      type: "ResNet", settings: "depth: 18, base_channels: 4, norm_eval: false, zero_init_residual: false",
      recomputing: "with_cp: true", freezing: ("frozen_stages: 1", ["conv1.", "bn1.", "layer1."])),
    TinyBackbone(
      type: "ResNetV1c",
      settings: "depth: 50, base_channels: 4, num_stages: 3, strides: [1, 2, 1], dilations: [1, 1, 2], "
        + "out_indices: [1, 2], norm_eval: false, zero_init_residual: false",
      recomputing: "with_cp: true", freezing: ("frozen_stages: 0", ["stem."])),
    TinyBackbone(
      type: "ResNetV1d", settings: "depth: 18, base_channels: 4, norm_eval: false, zero_init_residual: false",
      recomputing: "with_cp: true", freezing: ("frozen_stages: 2", ["stem.", "layer1.", "layer2."])),
  ]

  func build(_ more: String? = nil) throws -> any Backbone {
    var components = Components()
    components.addBackbones()
    let text = "{type: \(type), \(settings)\(more.map { ", \($0)" } ?? "")}"
    let backbone = try components.backbones.build(
      ComponentConfiguration(ConfigurationNode.parse(text, file: "a.yaml")), scope: nil,
      in: ModelContext(components: components))
    backbone.initialize(seed: 1)
    return backbone
  }

  /// An image of one of its sizes.
  func images(_ count: Int, size: Int = 0, seed: Int = 0) -> Tensor {
    .random([count, sizes[size].0, sizes[size].1, 3], seed: seed)
  }
}

@Suite("every registered backbone")
struct RegisteredBackboneTests {
  private func training<R>(_ count: Int, _ body: () throws -> R) rethrows -> R {
    try ForwardMode.training(.init(seed: 1, step: 2, samples: Array(3..<3 + count)), body)
  }

  /// A number that all maps go into, each element with its own weight.
  private func weighted(_ maps: [Tensor]) -> Tensor {
    maps.enumerated().map { ($1 * Tensor.random($1.shape, seed: 50 + $0)).sum() }.reduce(Tensor(0)) {
      $0 + $1
    }
  }

  @Test("is in the table of tiny ones")
  func complete() {
    var components = Components()
    components.addBackbones()
    let names = components.backbones.components.map { component in
      (component.scope.map { "\($0)." } ?? "") + component.name
    }
    #expect(Set(TinyBackbone.all.map(\.type)) == Set(names))
  }

  @Test(
    "gives maps of the channels and strides that it declares, for odd sizes too", arguments: TinyBackbone.all)
  func contract(_ tiny: TinyBackbone) throws {
    let backbone = try tiny.build()
    for size in tiny.sizes.indices {
      let images = tiny.images(2, size: size)
      let maps = backbone(images)
      #expect(maps.count == backbone.outputs.count)
      for (map, output) in zip(maps, backbone.outputs) {
        #expect(map.shape[0] == 2 && map.shape[3] == output.channels)
        for axis in [1, 2] {
          let exact = Double(images.shape[axis]) / Double(output.stride)
          #expect(
            abs(Double(map.shape[axis]) - exact) < 1, "\(map.shape) of \(images.shape) at \(output.stride)")
        }
        #expect(map.values.allSatisfy { $0.isFinite })
      }
    }
  }

  /// Sets norms so that what comes before a ReLU is above 0, where differences tell its slope.
  private func keepPositive(_ backbone: any Backbone) {
    for (name, parameter) in backbone.parameters where parameter.shape.count == 1 {
      let value: Float = name.hasSuffix("weight") ? 0.05 : 1
      parameter.replace(
        by: Tensor([Float](repeating: value, count: parameter.shape[0]), shape: parameter.shape))
    }
  }

  @Test("has the slope that differences of its results have", arguments: TinyBackbone.all)
  func slope(_ tiny: TinyBackbone) throws {
    let backbone = try tiny.build()
    if tiny.type.hasPrefix("ResNet") { keepPositive(backbone) }
    let x = tiny.images(1, size: tiny.sizes.count - 1)
    func run(_ x: Tensor) -> Tensor { weighted(backbone(x)) }
    let leaf = x.withGradient()
    run(leaf).backward()
    // Along one direction through the image and all weights.
    let weights = backbone.parameters.map { (parameter: $0.parameter, value: $0.parameter.value.detached) }
    let directions = weights.enumerated().map {
      $1.value * 0 + Tensor.random($1.value.shape, seed: $0)
        * (1 / Float(max(1, $1.value.count)).squareRoot())
    }
    let towards = Tensor.random(x.shape, seed: 77) * 0.1
    func product(_ gradient: Tensor?, _ direction: Tensor) -> Double {
      zip(gradient?.values ?? [], direction.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let gradients = weights.map(\.parameter.gradient)
    let expected = zip(gradients, directions).reduce(product(leaf.gradient, towards)) {
      $0 + product($1.0, $1.1)
    }
    func moved(_ step: Float) -> Double {
      for (weight, direction) in zip(weights, directions) {
        weight.parameter.replace(by: weight.value + direction * step)
      }
      return withoutGradients {
        let maps = backbone(x + towards * step)
        return maps.enumerated().reduce(0) { sum, map in
          let factors = Tensor.random(map.element.shape, seed: 50 + map.offset).values
          return zip(map.element.values, factors).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
        }
      }
    }
    let step: Float = 2e-3
    let difference = (moved(step) - moved(-step)) / Double(2 * step)
    #expect(abs(difference - expected) < 0.02 * max(1, abs(expected)), "\(difference), not \(expected)")
  }

  @Test(
    "gives an image the same bits in a batch of five as alone, forward and backward",
    arguments: TinyBackbone.all)
  func batches(_ tiny: TinyBackbone) throws {
    let backbone = try tiny.build()
    let images = tiny.images(5, size: tiny.sizes.count - 1)
    /// The maps of some images, and the gradients by these.
    func run(_ range: Range<Int>) -> [Tensor] {
      let leaf = images.sliced(axis: 0, from: range.lowerBound, to: range.upperBound).withGradient()
      let maps = backbone(leaf)
      let sums = maps.enumerated().map { index, map in
        (map * Tensor.random([1] + map.shape.dropFirst(), seed: 50 + index)).sum()
      }
      sums.reduce(Tensor(0)) { $0 + $1 }.backward()
      return maps + [leaf.gradient ?? leaf]
    }
    func check(_ mode: (Range<Int>) -> [Tensor], _ what: String) {
      let all = mode(0..<5)
      for image in 0..<5 {
        for (map, alone) in zip(all, mode(image..<image + 1)) {
          let own = map.sliced(axis: 0, from: image, to: image + 1).values
          #expect((own == alone.values) as Bool, "image \(image) in \(what): \(map.shape)")
        }
      }
    }
    check({ range in ForwardMode.evaluation { run(range) } }, "evaluation")
    // Norms of a batch see all of it.
    guard !tiny.type.hasPrefix("ResNet"), !tiny.settings.contains("norm_layer: bn") else { return }
    check(
      { range in ForwardMode.training(.init(seed: 1, step: 2, samples: Array(range))) { run(range) } },
      "training")
  }

  @Test("gives every weight a gradient where stochastic depth drops nearly all", arguments: TinyBackbone.all)
  func dropped(_ tiny: TinyBackbone) throws {
    guard !tiny.type.hasPrefix("ResNet"), !tiny.settings.contains("drop_path_rate") else { return }
    let backbone = try tiny.build("drop_path_rate: 0.99")
    training(2) { weighted(backbone(tiny.images(2))) }.backward()
    for (name, parameter) in backbone.parameters {
      let gradient = try #require(parameter.gradient, "\(name)")
      #expect(gradient.values.allSatisfy { $0.isFinite }, "\(name)")
    }
    #expect(backbone.parameters.contains { $0.parameter.gradient?.values.allSatisfy { $0 == 0 } ?? false })
  }

  @Test("is the same bits after saving and loading", arguments: TinyBackbone.all)
  func roundTrip(_ tiny: TinyBackbone) throws {
    let folder = try TemporaryFolder()
    let backbone = try tiny.build()
    // Running statistics of their own.
    _ = training(2) { backbone(tiny.images(2)) }
    let file = folder.path + "/a.safetensors"
    try Safetensors(backbone.stateDict, metadata: [:]).write(to: file)
    let other = try tiny.build()
    other.initialize(seed: 2)
    let x = tiny.images(1)
    #expect(other(x).map(\.values) != backbone(x).map(\.values))
    let summary = try other.load(try Checkpoint(file: file).tensors, file: file)
    #expect(summary.unused.isEmpty && summary.initialized.isEmpty)
    #expect((other(x).map(\.values) == backbone(x).map(\.values)) as Bool)
    #expect(other.stateDict == backbone.stateDict)
  }

  @Test("leaves frozen parts as they are, bit for bit, and moves the others", arguments: TinyBackbone.all)
  func freezing(_ tiny: TinyBackbone) throws {
    guard let freezing = tiny.freezing else { return }
    let backbone = try tiny.build(freezing.setting)
    let before = backbone.stateDict
    let isAllFrozen = backbone.parameters.allSatisfy { named in
      freezing.names.contains { named.name.hasPrefix($0) }
    }
    for _ in 0..<2 {
      let loss = training(2) { weighted(backbone(tiny.images(2))) }
      guard !isAllFrozen else { continue }
      loss.backward()
      for (_, parameter) in backbone.parameters {
        parameter.update { numbers, gradient in numbers = numbers - gradient * 0.1 - numbers * 0.01 }
      }
    }
    let after = backbone.stateDict
    // An index is a constant.
    for (name, tensor) in before where !name.hasSuffix("relative_position_index") {
      let isFrozen = freezing.names.contains { name.hasPrefix($0) }
      #expect((after[name] == tensor) == isFrozen, "\(name)")
    }
  }

  @Test("learns by the same bits when its blocks are recomputed", arguments: TinyBackbone.all)
  func recomputing(_ tiny: TinyBackbone) throws {
    guard let recomputing = tiny.recomputing else { return }
    func run(_ setting: String?) throws -> [[Float]] {
      let backbone = try tiny.build(setting)
      let x = tiny.images(2).withGradient()
      let maps = training(2) { backbone(x) }
      weighted(maps).backward()
      return maps.map(\.values) + [x.gradient?.values ?? []]
        + backbone.parameters.map { $0.parameter.gradient?.values ?? [] }
        + backbone.tree.buffers.map(\.buffer.value.values)
    }
    #expect(try run(recomputing) == run(nil))
  }
}
