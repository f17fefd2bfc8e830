import Configuration
import Segmentation
import TestSupport
import Tensors
import Testing

@Suite("UPerHead on large maps")
struct UPerHeadStripTests {
  @Test("works by strips as over the whole map")
  func strips() throws {
    let node = try ConfigurationNode.parse(
      "{in_channels: [16, 16], pool_scales: [1], channels: 16, norm_cfg: {type: BN}}", file: "head.yaml")
    let head = UPerHead(try node.decode(UPerHead.Configuration.self), classes: 2, layer: 0)
    head.initialize(seed: 1)
    // 2 x 16 channels of 1000 x 2500 pixels are 320 MB: two strips.
    let maps = [
      Tensor.random([1, 20, 10, 16]).resizedBilinear(height: 1000, width: 2500, alignCorners: false),
      .random([1, 20, 10, 16], seed: 1),
    ]
    let whole = head(maps.map { $0.withGradient() })
    let byStrips = withoutGradients { head(maps) }
    #expect(byStrips.shape == whole.shape)
    let largest = zip(byStrips.values, whole.values).map { abs($0 - $1) }.max() ?? 1
    #expect(largest < 1e-5)
  }
}
