import Checkpoints
import Layers
import Modeling
import Tensors
import TestSupport
import Testing

@Suite("vision transformer")
struct ViTTests {
  static let tiny =
    "type: VisionTransformer, img_size: 32, patch_size: 8, embed_dims: 12, num_layers: 3, num_heads: 2"

  @Test(
    "images of any size give a class token or a map of patches",
    arguments: [(32, 32), (16, 40), (33, 9), (8, 8)])
  func sizes(height: Int, width: Int) throws {
    let x = Tensor.random([2, height, width, 3])
    let token = try backbone("{\(Self.tiny)}")
    #expect(token(x).map(\.shape) == [[2, 1, 1, 12]])
    let maps = try backbone("{\(Self.tiny), out_type: featmap, out_indices: [0, -1]}")
    #expect(maps.outputs == [FeatureMap(channels: 12, stride: 8), FeatureMap(channels: 12, stride: 8)])
    let shape = [2, (height + 7) / 8, (width + 7) / 8, 12]
    #expect(maps(x).map(\.shape) == [shape, shape])
    #expect(maps(x).allSatisfy { $0.values.allSatisfy { $0.isFinite } })
  }

  @Test(
    "the published numbers of parameters",
    arguments: [(384, 6, 224, 22_050_664), (768, 12, 224, 86_567_656), (768, 12, 384, 86_859_496)])
  func parameters(width: Int, heads: Int, side: Int, count: Int) throws {
    let classifier = TestClassifier(
      try backbone(
        "{type: VisionTransformer, embed_dims: \(width), num_heads: \(heads), img_size: \(side)}",
        isInitialized: false),
      classes: 1000)
    #expect(classifier.parameters.reduce(0) { $0 + $1.parameter.value.count } == count)
    #expect(classifier.tree.leaves.map(\.name).contains("blocks.11.attn.qkv.weight"))
    #expect(classifier.tree.leaves.map(\.name).contains("head.weight"))
  }

  @Test("positions of another resolution are resized when they are loaded; the class token's stay")
  func positions() throws {
    let small = try backbone("{\(Self.tiny)}")
    let large = try backbone(
      "{type: VisionTransformer, img_size: [48, 56], patch_size: 8, embed_dims: 12, num_layers: 3, num_heads: 2}"
    )
    #expect(try large.load(small.stateDict, file: "x").initialized == [])
    let (old, new) = (small.stateDict["pos_embed"], large.stateDict["pos_embed"])
    #expect(new?.shape == [1, 43, 12])
    #expect(new?.tensor.values.prefix(12) == old?.tensor.values.prefix(12))
    // Positions cannot come from a grid that is not square.
    #expect(throws: CheckpointError.self) { try small.load(large.stateDict, file: "x") }
  }

  @Test("mm's names become timm's")
  func names() throws {
    let vit = try backbone("{\(Self.tiny)}")
    let pairs = [
      ("patch_embed.proj", "patch_embed.projection"), ("mlp.fc1", "ffn.layers.0.0"),
      ("mlp.fc2", "ffn.layers.1"), (".norm1.", ".ln1."), (".norm2.", ".ln2."), ("blocks.", "layers."),
    ]
    var file: [String: StoredTensor] = [:]
    for (name, tensor) in vit.stateDict {
      var old = name
      for (ours, theirs) in pairs {
        if let range = old.firstRange(of: ours) { old.replaceSubrange(range, with: theirs) }
      }
      if old.hasPrefix("norm.") { old = "ln1." + old.dropFirst("norm.".count) }
      file[old] = tensor
    }
    #expect(file.keys.contains("layers.0.ffn.layers.0.0.weight"))
    let summary = try vit.load(file, file: "x")
    #expect(summary.initialized == [] && summary.unused == [])
  }

  @Test("blocks computed twice, and dropping, leave a step's bits as they are")
  func checkpointing() throws {
    let x = Tensor.random([2, 24, 32, 3])
    let settings = "drop_path_rate: 0.4, drop_rate: 0.1, attn_drop_rate: 0.2"
    let plain = trainingStep(try backbone("{\(Self.tiny), \(settings)}"), x)
    #expect(trainingStep(try backbone("{\(Self.tiny), \(settings), with_cp: true}"), x) == plain)
  }

  @Test("frozen blocks get no gradient")
  func frozen() throws {
    let vit = try backbone("{\(Self.tiny), frozen_stages: 2}")
    let y = vit(.random([1, 32, 32, 3]))[0]
    y.backward(from: Tensor.ones(y.shape))
    for (name, parameter) in vit.parameters {
      let isTrained = name.hasPrefix("blocks.2.") || name.hasPrefix("norm.")
      #expect(parameter.isFrozen != isTrained && (parameter.gradient != nil) == isTrained, "\(name)")
    }
  }

  @Test(
    "wrong settings are errors with their place",
    arguments: [
      ("num_heads: 5", "num_heads: 5 heads do not divide 768 channels"),
      ("out_indices: 12", "out_indices: [12] is not an ascending list"),
      ("out_indices: [-13]", "out_indices: [-13] is not an ascending list"),
      ("out_type: raw", "'raw' is not known"), ("img_size: 0", "neither a side nor height and width"),
      ("interpolate_mode: area", "'area' is not known"), ("frozen_stages: 13", "13 is not in -1...12"),
    ])
  func mistakes(setting: String, expected: String) {
    let error = #expect(throws: (any Error).self) { try backbone("{type: VisionTransformer, \(setting)}") }
    #expect(error.map { "\($0)".contains(expected) } == true, "\(error.map { "\($0)" } ?? "")")
  }
}
