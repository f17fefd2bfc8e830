import Analysis
import Backbones
import Configuration
import Layers
import Modeling
import Tensors
import Testing

@Suite("the effective receptive field")
struct ReceptiveFieldTests {
  @Test(
    "an extent is the first square that holds more than the share, cut at the border",
    arguments: [
      // All in the middle: the smallest square, of 3 pixels, holds it.
      ((0..<49).map { $0 == 24 ? 1.0 : 0 }, 7, 7, [0, 0.5, 0.99], [3, 3, 3]),
      // Even: squares of 9, 25 of 49 pixels; that of 7 is none, as i ends below H / 2.
      ([Double](repeating: 2, count: 49), 7, 7, [0.1, 0.18, 0.19, 0.5, 0.6], [3, 3, 5, 5, 0]),
      // Narrower than high: columns are cut.
      ([Double](repeating: 1, count: 24), 8, 3, [0.3, 0.5, 0.7, 0.9], [3, 5, 7, 0]),
      ([Double](repeating: 0, count: 16), 4, 4, [0, 0.5], [0, 0]),
      ([1.0], 1, 1, [0, 0.5], [0, 0]),
    ] as [([Double], Int, Int, [Double], [Int])])
  func extents(map: [Double], height: Int, width: Int, shares: [Double], sides: [Int]) {
    let field = ReceptiveField(map: map, height: height, width: width)
    let extents = field.extents(.plain, shares: shares)
    #expect(extents.map(\.side) == sides)
    #expect(extents.map(\.area) == sides.map { Double($0 * $0) / Double(height * width) })
  }

  @Test("scalings are divided by the maximum")
  func scalings() {
    let field = ReceptiveField(map: [0, 9, 99, 1], height: 2, width: 2)
    #expect(field.scaled(.log)[1] == 0.5)
    #expect(field.scaled(.plain)[1] == 9.0 / 99)
    #expect(field.scaled(.power)[2] == 1 && field.scaled(.power)[0] == 0)
  }

  @Test(
    "is that of the last stage, for every backbone",
    arguments: [
      "{type: VSSM, dims: [4, 8], depths: [1, 1], d_state: 1, out_indices: [0]}",
      "{type: SwinTransformer, embed_dims: 8, depths: [1, 1], num_heads: [1, 2], window_size: 2, strides: [4, 2],"
        + " out_indices: [1]}",
      "{type: ResNet, depth: 18, base_channels: 4, out_indices: [3]}",
      "{type: VisionTransformer, img_size: 32, patch_size: 8, embed_dims: 8, num_layers: 2, num_heads: 2}",
    ])
  func backbones(config: String) throws {
    var components = Components()
    components.addBackbones()
    let backbone = try components.backbones.build(
      try ConfigurationNode.parse(config, file: "a.yaml").decode(ComponentConfiguration.self), scope: nil,
      in: ModelContext(components: components))
    backbone.initialize(seed: 1)
    var random = RandomGenerator(seed: 1, sample: 0, purpose: .dataOrder)
    let image = Tensor(
      (0..<32 * 32 * 3).map { _ in Float(random.integer(below: 100)) / 50 - 1 }, shape: [1, 32, 32, 3])
    let field = try #require(ReceptiveField(of: backbone, images: [image, image]))
    #expect(field.height == 32 && field.width == 32)
    #expect(field.map.allSatisfy { $0 >= 0 } && field.map.reduce(0, +) > 0)
    // The mean over equal images is that of one.
    let one = try #require(ReceptiveField(of: backbone, images: [image]))
    #expect(one.map == field.map)
  }
}
